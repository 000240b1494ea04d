/** Where budgets stand now. Changes nothing. */

import { percentOf } from "../../../domain/money.ts";
import { formatScope, ORG_SCOPE, type Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import { type Database, onOneConnection, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { listTeams, type Person, seesEverything } from "../../organization/index.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { type Budget, type BudgetStatus, currentPeriod, memberScope } from "../rules.ts";
import { listBudgets } from "../store/budgets.ts";
import { listForecasts } from "../store/forecasts.ts";
import { loadStandings } from "./standings.ts";

export interface StatusQuery {
  /** Budgets of just this scope, those of `each:…` included. */
  readonly scope?: Scope;
  /** Budgets of just these scopes, in one go. */
  readonly scopes?: readonly Scope[];
  /** Budgets that concern this person: their own, their teams' and projects', all for who sees everything. */
  readonly person?: Person;
  readonly now: Instant;
}

/** Asked for in one go. More would wait for each other until they seem to be lost. */
const TOGETHER_MAX = 20;

/** Budgets in force, the nearest to its limit first. Checks no authority: the caller does. */
export async function listBudgetStatus(sql: Sql, query: StatusQuery): Promise<BudgetStatus[]> {
  const scopes = await scopesOf(sql, query);
  const coverages = scopes?.flatMap((scope) => [formatScope(scope), `each:${scope.kind}`]);
  const isEverything =
    query.scope === undefined && query.person !== undefined && seesEverything(query.person);
  const budgets = await listBudgets(sql, isEverything ? undefined : coverages);
  const statuses: BudgetStatus[] = [];
  for (let first = 0; first < budgets.length; first += TOGETHER_MAX) {
    const some = budgets.slice(first, first + TOGETHER_MAX);
    // oxlint-disable-next-line no-await-in-loop -- some at a time
    const theirs = await together(
      some.map((budget) => loadStatuses(sql, budget, memberKeysOf(budget, scopes), query.now)),
    );
    statuses.push(...theirs.flat());
  }
  return statuses.toSorted(
    (left, right) =>
      right.percent - left.percent ||
      compareText(left.budgetId, right.budgetId) ||
      compareText(left.memberKey, right.memberKey),
  );
}

/** Undefined: everything there is. */
async function scopesOf(
  sql: Sql,
  { scope, scopes, person }: StatusQuery,
): Promise<readonly Scope[] | undefined> {
  if (scopes !== undefined) return scopes;
  if (scope !== undefined) return [scope];
  if (person === undefined) return undefined;
  const theirs = [...person.ownedTeams, ...person.memberTeams];
  const teams = (await listTeams({ database: sql })).filter(
    (team) => seesEverything(person) || theirs.includes(team.key),
  );
  return [
    { kind: "user", key: person.email },
    ...teams.map((team): Scope => ({ kind: "team", key: team.key })),
    ...teams.flatMap((team) =>
      team.projects.map((project): Scope => ({ kind: "project", key: project })),
    ),
    ...(seesEverything(person) ? [ORG_SCOPE] : []),
  ];
}

/** Whose parts of a budget are wanted; undefined: of everybody who spent something. */
function memberKeysOf(
  { coverage }: Budget,
  scopes: readonly Scope[] | undefined,
): readonly string[] | undefined {
  if (coverage.kind === "one") return [""];
  return scopes?.filter((scope) => scope.kind === coverage.of).map((scope) => scope.key);
}

async function loadStatuses(
  sql: Sql,
  budget: Budget,
  memberKeys: readonly string[] | undefined,
  now: Instant,
): Promise<BudgetStatus[]> {
  const { budgetId, coverage } = budget;
  const { start: periodStart } = currentPeriod(budget, now);
  const [standings, forecasts] = await together([
    loadStandings(sql, { budget, memberKeys }, now),
    listForecasts(sql, budget, { periodStart }),
  ]);
  return standings.map((standing) => ({
    memberKey: standing.memberKey,
    period: standing.period,
    baseLimit: standing.baseLimit,
    grants: standing.grants,
    carriedOver: standing.carriedOver,
    limit: standing.limit,
    spend: standing.spend,
    forecast: forecasts.get(standing.memberKey),
    budgetId,
    scope: memberScope(coverage, standing.memberKey),
    periodKind: budget.periodKind,
    timeZone: budget.timeZone,
    weekStartsOn: budget.weekStartsOn,
    percent: percentOf(standing.spend, standing.limit),
    thresholdPercents: budget.thresholdPercents,
    managedBy: budget.managedBy,
  }));
}

/** The same on a connection of its own: a long list must not take all that there are. */
export async function loadBudgetStatus(
  database: Database,
  query: StatusQuery,
): Promise<BudgetStatus[]> {
  return await onOneConnection(database, async (sql) => await listBudgetStatus(sql, query));
}

export function named(nameOf: (scope: Scope) => string): (status: BudgetStatus) => NamedStatus {
  return (status) => ({ status, name: nameOf(status.scope) });
}

/** By code unit, so that the order does not depend on the machine's language. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
