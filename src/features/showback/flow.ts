/** Showback, the steps: who asks, what they may see, the numbers. Changes nothing. */

import type { Email } from "../../domain/email.ts";
import { AppError } from "../../domain/errors.ts";
import { ORG_SCOPE, type Scope } from "../../domain/scope.ts";
import type { Clock, Instant } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { listBudgetStatus, raiseButtonValue } from "../budgets/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayViewPeopleOf,
  type Organization,
  type Team,
} from "../organization/index.ts";
import { basisOf } from "../reconciliation/index.ts";
import { readQuestion, splitPeriod } from "./flow/question.ts";
import {
  type BudgetShare,
  type GroupKey,
  type OwnSpend,
  type ReportPeriod,
  type ReportResult,
  type SpendQuery,
  type SpendReport,
  type SpendRow,
  type SpendTotals,
  sumTotals,
  type TopRow,
} from "./rules.ts";
import { listSpend } from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/**
 * Answers "how much did `text` spend": a scope as people write it, then perhaps a period. The last
 * word is the period when it is one; month to date otherwise.
 */
export async function loadReport(
  { database, clock }: Deps,
  { asker, text }: { readonly asker: Email; readonly text: string },
): Promise<ReportResult> {
  const question = await readQuestion({ database, clock }, { asker, text });
  if (question.kind !== "asked") return question;
  const { scope, person, teams } = question;
  const mayViewPeople = scope.kind !== "user" && mayViewPeopleOf(person, scope, teams);
  return {
    kind: "report",
    report: await buildReport(database, { ...question, mayViewPeople }),
  };
}

async function buildReport(
  database: Database,
  wanted: {
    readonly scope: Scope;
    readonly period: ReportPeriod;
    readonly teams: readonly Team[];
    readonly organization: Organization;
    readonly mayViewPeople: boolean;
    readonly now: Instant;
  },
): Promise<SpendReport> {
  const { scope, period, organization } = wanted;
  const query = { scope, zone: organization.timeZone };
  const keys = breakdownKeys(scope, wanted.mayViewPeople);
  const [spend, previous, budgets, ...breakdowns] = await Promise.all([
    loadTotals(database, { ...query, period: period.current, groupBy: [] }),
    loadTotals(database, { ...query, period: period.previous, groupBy: [] }),
    loadBudgetShares(database, scope, wanted.now),
    ...keys.map(async (key) => ({
      key,
      rows: (await listSpend(database, { ...query, period: period.current, groupBy: [key] })).map(
        (row): TopRow => ({ key: shownKey(key, row, wanted.teams), cost: row.cost }),
      ),
    })),
  ]);
  return {
    scope,
    name: scopeName(scope, wanted.teams, organization),
    period,
    spend,
    previous,
    breakdowns,
    budgets,
    asOf: wanted.now,
    basis: await basisOf({ database }, { scope, period: period.current }),
  };
}

/** Teams by their names; everything else as it is. */
export function shownKey(key: GroupKey, row: SpendRow, teams: readonly Team[]): string | null {
  const value = row.group[key] ?? null;
  return value === null || key !== "team"
    ? value
    : scopeName({ kind: "team", key: value }, teams, { name: "" });
}

function breakdownKeys(scope: Scope, mayViewPeople: boolean): readonly GroupKey[] {
  const keys: GroupKey[] = ["model"];
  if (scope.kind === "org") keys.unshift("team");
  else if (scope.kind === "team" || scope.kind === "user") keys.push("project");
  if (mayViewPeople) keys.push("user");
  return keys;
}

/** How people call a scope: a team by its name, the organization by its own. */
export function scopeName(
  scope: Scope,
  teams: readonly Team[],
  organization: Pick<Organization, "name">,
): string {
  switch (scope.kind) {
    case "org":
      return organization.name;
    case "team":
      return teams.find((team) => team.key === scope.key)?.name ?? scope.key;
    case "project":
    case "user":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return scope.key;
  }
}

/** Exact totals of one query without grouping. */
export async function loadTotals(database: Database, query: SpendQuery): Promise<SpendTotals> {
  const [row] = await listSpend(database, { ...query, groupBy: [] });
  if (row === undefined) throw new AppError({ code: "internal", message: "a sum has one row" });
  return row;
}

/** What one person sees first. */
export async function loadOwnSpend({ database, clock }: Deps, email: Email): Promise<OwnSpend> {
  const now = clock();
  const [person, allTeams, organization] = await Promise.all([
    findPerson({ database }, email),
    listTeams({ database }),
    loadOrganization({ database }),
  ]);
  const { period } = splitPeriod("", now, organization);
  const totals = async (scope: Scope): Promise<SpendTotals> =>
    await loadTotals(database, {
      scope,
      zone: organization.timeZone,
      period: period.current,
      groupBy: [],
    });
  const teams = allTeams.filter(
    (team) => person.ownedTeams.includes(team.key) || person.memberTeams.includes(team.key),
  );
  const me: Scope = { kind: "user", key: email };
  const [mine, myBudgets, organizationSpend, teamSpend] = await Promise.all([
    totals(me),
    loadBudgetShares(database, me, now),
    person.isAdmin ? totals(ORG_SCOPE) : undefined,
    Promise.all(
      teams.map(async (team) => {
        const scope: Scope = { kind: "team", key: team.key };
        return {
          key: team.key,
          name: team.name,
          spend: await totals(scope),
          budgets: await loadBudgetShares(database, scope, now),
        };
      }),
    ),
  ]);
  return {
    mine,
    myBudgets,
    teams: teamSpend,
    organization:
      organizationSpend === undefined
        ? undefined
        : { name: organization.name, spend: organizationSpend },
  };
}

async function loadBudgetShares(
  database: Database,
  scope: Scope,
  now: Instant,
): Promise<BudgetShare[]> {
  const statuses = await listBudgetStatus(database, { scope, now });
  return statuses.map((status) => ({
    raiseValue: raiseButtonValue(status),
    periodKind: status.periodKind,
    limit: status.limit,
    spend: status.spend,
    percent: status.percent,
  }));
}

/** More rows than this are not read by anybody; the caller is told to ask for less. */
const SPEND_ROWS_MAX = 10_000;

/** Rows and their total for the read API. Too many rows are an error that says what to do. */
export async function querySpend(
  { database }: Pick<Deps, "database">,
  query: SpendQuery,
): Promise<{ readonly total: SpendTotals; readonly rows: readonly SpendRow[] }> {
  if (query.groupBy.length === 0) return { total: await loadTotals(database, query), rows: [] };
  const rows = await listSpend(database, query, SPEND_ROWS_MAX + 1);
  if (rows.length > SPEND_ROWS_MAX) {
    throw new AppError({
      code: "invalid",
      message: `group_by gives more than ${String(SPEND_ROWS_MAX)} rows. Ask for a shorter period, a narrower scope or fewer groups.`,
    });
  }
  // Added up here: a second query would also count what arrived since the first.
  return { total: sumTotals(rows), rows };
}
