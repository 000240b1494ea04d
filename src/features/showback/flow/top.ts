/** Who and what drives the cost of a scope: the costliest people, projects, models or keys. */
import type { Email } from "../../../domain/email.ts";
import { typedScope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { loadListedNames } from "../../directory-sync/index.ts";
import {
  mayViewPeopleOf,
  type Person,
  scopeName,
  seesEverything,
} from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import { parseTop, type TopResult } from "../rules/top.ts";
import { listSpend } from "../store.ts";
import { loadTotals } from "./own-spend.ts";
import { readQuestion } from "./question.ts";
import { shownKey } from "./report.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Answers `top [users|projects|models|keys] [SCOPE] [PERIOD]`. Amounts per person need authority. */
export async function loadTop(
  deps: Deps,
  { asker, text }: { readonly asker: Email; readonly text: string },
): Promise<TopResult> {
  const { dimension: named, rest } = parseTop(text);
  const question = await readQuestion(deps, { asker, text: rest, otherwise: ownLargestScope });
  if (question.kind !== "asked") return question;
  const { scope, period, person, teams, organization, view } = question;
  const mayViewPeople = mayViewPeopleOf(person, scope, teams);
  const dimension =
    named ?? view.by ?? (mayViewPeople && scope.kind !== "user" ? "user" : "project");
  const name = scopeName(scope, teams, organization);
  const isPrivate = dimension === "user" || dimension === "api_key";
  if (isPrivate && !mayViewPeople) {
    return { kind: "people-are-private", name, typed: typedScope(scope, asker) };
  }

  const query = { scope, zone: organization.timeZone };
  const costs = async (span: typeof period.current) =>
    (await listSpend(deps.database, { ...query, period: span, groupBy: [dimension] })).map(
      (row) => ({ key: shownKey(dimension, row, teams), cost: row.cost }),
    );
  const previous = await costs(period.previous);
  const current = await costs(period.current);
  const apiKeys = dimension === "api_key" ? current.flatMap(({ key }) => key ?? []) : [];
  const names = await loadListedNames(deps.database, { workspaces: [], apiKeys });
  const rows = current.map((row) => ({
    ...row,
    key: row.key === null || dimension !== "api_key" ? row.key : names.apiKey(row.key),
    previousCost: previous.find(({ key }) => key === row.key)?.cost,
  }));
  const total = await loadTotals(deps.database, { ...query, period: period.current, groupBy: [] });
  const basis = await loadBasis(deps.database, { scope, period: period.current }, question.now);
  return { kind: "top", top: { name, dimension, period, rows, total: total.cost, basis } };
}

/** What somebody means who names no scope: the largest one that is theirs. */
function ownLargestScope(person: Person): string {
  if (seesEverything(person)) return "org";
  const team = person.ownedTeams[0] ?? person.memberTeams[0];
  return team === undefined ? "me" : `team:${team}`;
}
