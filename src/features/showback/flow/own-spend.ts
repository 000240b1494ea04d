/** What one person sees first: their own month, their teams. Changes nothing. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { monthToDate, monthWord } from "../../../domain/month-to-date.ts";
import { ORG_SCOPE, type Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { type Database, onOneConnection, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { listBudgetStatus, raiseButtonValue } from "../../budgets/index.ts";
import { loadAsker, seesEverything } from "../../organization/index.ts";
import type { BudgetShare, OwnSpend, SpendQuery, SpendTotals } from "../rules.ts";
import { listSpend } from "../store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Exact totals of one query without grouping. */
export async function loadTotals(sql: Sql, query: SpendQuery): Promise<SpendTotals> {
  const [row] = await listSpend(sql, { ...query, groupBy: [] });
  if (row === undefined) throw new AppError({ code: "internal", message: "a sum has one row" });
  return row;
}

/** What one person sees first. */
export async function loadOwnSpend({ database, clock }: Deps, email: Email): Promise<OwnSpend> {
  const now = clock();
  const { person, teams: allTeams, organization } = await loadAsker({ database }, email);
  const period = monthToDate(now, organization);
  const totalsOf = async (sql: Sql, scope: Scope): Promise<SpendTotals> =>
    await loadTotals(sql, {
      scope,
      zone: organization.timeZone,
      period: period.current,
      groupBy: [],
    });
  const teams = allTeams.filter(
    (team) => person.ownedTeams.includes(team.key) || person.memberTeams.includes(team.key),
  );
  const me: Scope = { kind: "user", key: email };
  const [mine, myBudgets, organizationSpend, teamSpend] = await onOneConnection(
    database,
    async (sql) =>
      await together([
        totalsOf(sql, me),
        loadBudgetShares(sql, me, now),
        seesEverything(person) ? totalsOf(sql, ORG_SCOPE) : undefined,
        together(
          teams.map(async ({ key, name }) => {
            const scope: Scope = { kind: "team", key };
            const [spend, budgets] = await together([
              totalsOf(sql, scope),
              loadBudgetShares(sql, scope, now),
            ]);
            return { key, name, spend, budgets };
          }),
        ),
      ]),
  );
  return {
    month: monthWord(organization),
    mine,
    myBudgets,
    teams: teamSpend,
    organization:
      organizationSpend === undefined
        ? undefined
        : { name: organization.name, spend: organizationSpend },
    asOf: now,
  };
}

/**
 * The budgets of a scope with their last forecasts, the nearest to its limit first; only those whose
 * period may be seen from when it began.
 */
export async function loadBudgetShares(
  sql: Sql,
  scope: Scope,
  now: Instant,
  maySee: (since: Instant) => boolean = () => true,
): Promise<BudgetShare[]> {
  const statuses = await listBudgetStatus(sql, { scope, now });
  return statuses
    .filter(({ period }) => maySee(period.start))
    .map((status) => ({
      raiseValue: raiseButtonValue(status),
      periodKind: status.periodKind,
      limit: status.limit,
      spend: status.spend,
      percent: status.percent,
      ...(status.forecast === undefined
        ? {}
        : { forecast: { expected: status.forecast.expected, end: status.period.end } }),
    }));
}
