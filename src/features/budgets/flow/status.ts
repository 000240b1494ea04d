/** Where budgets stand now. Changes nothing. */

import type { FigureBasis } from "../../../domain/basis.ts";
import type { Email } from "../../../domain/email.ts";
import { percentOf } from "../../../domain/money.ts";
import {
  formatScope,
  ORG_SCOPE,
  type Scope,
  type ScopeRefusal,
  typedScope,
} from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { type Database, onOneConnection, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { findScope, listTeams, type Person, seesEverything } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import type { NamedScope } from "../messages/budgets.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { type Budget, type BudgetStatus, currentPeriod, memberScope } from "../rules.ts";
import { listBudgets } from "../store/budgets.ts";
import { listForecasts } from "../store/forecasts.ts";
import { loadAsking } from "./scopes.ts";
import { loadStandings } from "./standings.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

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

export type BudgetListResult =
  | ScopeRefusal
  | {
      readonly kind: "list";
      readonly statuses: readonly NamedStatus[];
      readonly about: NamedScope | undefined;
      readonly basis: FigureBasis | undefined;
      readonly now: Instant;
    };

/** Budgets for a person to read: of the scope called `scopeText`, or all that concern them. */
export async function listBudgetsFor(
  { database, clock }: Deps,
  email: Email,
  scopeText: string,
): Promise<BudgetListResult> {
  const now = clock();
  const asking = await loadAsking(database, email);
  const { person, nameOf } = asking;
  if (scopeText === "") {
    const statuses = await loadBudgetStatus(database, { person, now });
    const basis = await basisFor(database, statuses, now);
    return { kind: "list", statuses: statuses.map(named(nameOf)), about: undefined, basis, now };
  }
  const resolved = findScope(scopeText, asking);
  if (resolved.kind !== "found") return resolved;
  const { scope } = resolved;
  const statuses = await loadBudgetStatus(database, { scope, now });
  return {
    kind: "list",
    statuses: statuses.map(named(nameOf)),
    about: { name: nameOf(scope), typed: typedScope(scope, email) },
    basis: await basisFor(database, statuses, now),
    now,
  };
}

/** The same on a connection of its own: a long list must not take all that there are. */
export async function loadBudgetStatus(
  database: Database,
  query: StatusQuery,
): Promise<BudgetStatus[]> {
  return await onOneConnection(database, async (sql) => await listBudgetStatus(sql, query));
}

/** Today is a part of every budget's period: what holds for the nearest holds for all. */
async function basisFor(
  database: Database,
  [nearest]: readonly BudgetStatus[],
  now: Instant,
): Promise<FigureBasis | undefined> {
  return nearest === undefined ? undefined : await loadBasis(database, nearest, now);
}

export function named(nameOf: (scope: Scope) => string): (status: BudgetStatus) => NamedStatus {
  return (status) => ({ status, name: nameOf(status.scope) });
}

/** By code unit, so that the order does not depend on the machine's language. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
