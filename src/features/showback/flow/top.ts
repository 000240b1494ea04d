/** Who and what drives the cost of a scope: the costliest people, projects, models or keys. */
import type { Email } from "../../../domain/email.ts";
import { sumUsd } from "../../../domain/money.ts";
import { typedScope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import { type Database, onOneConnection, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { loadListedNames } from "../../directory-sync/index.ts";
import {
  mayViewPeopleOf,
  type Person,
  scopeName,
  seesEverything,
} from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import { parseTop, TOP_SHOWN_MAX, type TopResult } from "../rules/top.ts";
import { type Dimension, topRows } from "../rules.ts";
import { listCosts, listCostsOf } from "../store/breakdowns.ts";
import { type Question, readQuestion } from "./question.ts";
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
  const { dimension: named, rest: words } = parseTop(text);
  const question = await readQuestion(deps, { asker, text: words, otherwise: ownLargestScope });
  if (question.kind !== "asked") return question;
  const { scope, period, person, teams, organization, view } = question;
  const mayViewPeople = mayViewPeopleOf(person, scope, teams, period.previous.start);
  const dimension =
    named ?? view.by ?? (mayViewPeople && scope.kind !== "user" ? "user" : "project");
  const name = scopeName(scope, teams, organization);
  const isPrivate = dimension === "user" || dimension === "api_key";
  if (isPrivate && !mayViewPeople) {
    return { kind: "people-are-private", name, typed: typedScope(scope, asker) };
  }

  const { current, before, names, basis } = await onOneConnection(
    deps.database,
    async (sql) => await loadNumbers(sql, question, dimension),
  );
  // By key: two teams may have one name.
  const previous = new Map(before.map(({ key, cost }) => [key, cost] as const));
  const rows = current.rows.map(({ key: value, cost }) => {
    const key = shownKey(dimension, value, teams);
    return {
      key: key === null || dimension !== "api_key" ? key : names.apiKey(key),
      cost,
      previousCost: previous.get(value),
    };
  });
  // Added up here: a second query would also count what arrived since the first.
  const { rest } = current;
  const total = sumUsd([...rows.map(({ cost }) => cost), rest.cost]);
  return { kind: "top", top: { name, dimension, period, rows, rest, total, basis } };
}

async function loadNumbers(
  sql: Sql,
  { scope, period, organization, now }: Question,
  dimension: Dimension,
) {
  const of = { scope, zone: organization.timeZone } as const;
  const [current, basis] = await together([
    listCosts(sql, { ...of, period: period.current }, dimension),
    loadBasis(sql, { scope, period: period.current }, now),
  ]);
  // Of thousands of people only those who are shown are compared with what they spent before.
  const costs = current.rows.filter(({ cost }) => cost !== 0n);
  const least = topRows(costs, TOP_SHOWN_MAX).top.at(-1)?.cost;
  const only = costs.flatMap(({ key, cost }) =>
    least !== undefined && cost >= least ? [key] : [],
  );
  const [before, names] = await together([
    listCostsOf(sql, { ...of, period: period.previous }, { key: dimension, only }),
    loadListedNames(sql, {
      workspaces: [],
      apiKeys: dimension === "api_key" ? only.filter((key) => key !== null) : [],
    }),
  ]);
  return { current, before, names, basis };
}

/** What somebody means who names no scope: the largest one that is theirs. */
function ownLargestScope(person: Person): string {
  if (seesEverything(person)) return "org";
  const team = person.ownedTeams[0] ?? person.memberTeams[0];
  return team === undefined ? "me" : `team:${team}`;
}
