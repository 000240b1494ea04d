/** Who and what drives the cost of a scope: the costliest people, projects, models or keys. */
import type { Email } from "../../../domain/email.ts";
import { sumUsd } from "../../../domain/money.ts";
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
import type { SpendRow } from "../rules.ts";
import { listSpend } from "../store.ts";
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
  const rowsOf = async (span: typeof period.current) =>
    await listSpend(deps.database, { ...query, period: span, groupBy: [dimension] });
  const keyOf = ({ group }: SpendRow): string | null => group[dimension] ?? null;
  // By key: two teams may have one name.
  const previous = new Map(
    (await rowsOf(period.previous)).map((row) => [keyOf(row), row.cost] as const),
  );
  const current = await rowsOf(period.current);
  const apiKeys = dimension === "api_key" ? current.flatMap((row) => keyOf(row) ?? []) : [];
  const names = await loadListedNames(deps.database, { workspaces: [], apiKeys });
  const rows = current.map((row) => {
    const key = shownKey(dimension, row, teams);
    return {
      key: key === null || dimension !== "api_key" ? key : names.apiKey(key),
      cost: row.cost,
      previousCost: previous.get(keyOf(row)),
    };
  });
  // Added up here: a second query would also count what arrived since the first.
  const total = sumUsd(rows.map(({ cost }) => cost));
  const basis = await loadBasis(deps.database, { scope, period: period.current }, question.now);
  return { kind: "top", top: { name, dimension, period, rows, total, basis } };
}

/** What somebody means who names no scope: the largest one that is theirs. */
function ownLargestScope(person: Person): string {
  if (seesEverything(person)) return "org";
  const team = person.ownedTeams[0] ?? person.memberTeams[0];
  return team === undefined ? "me" : `team:${team}`;
}
