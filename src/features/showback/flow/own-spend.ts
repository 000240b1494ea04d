/** What one person sees first: their own month, their teams. Changes nothing. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { ORG_SCOPE, type Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { listBudgetStatus, raiseButtonValue } from "../../budgets/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  seesEverything,
} from "../../organization/index.ts";
import type { BudgetShare, OwnSpend, SpendQuery, SpendTotals } from "../rules.ts";
import { listSpend } from "../store.ts";
import { monthToDate } from "./question.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
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
  const period = monthToDate(now, organization);
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
    seesEverything(person) ? totals(ORG_SCOPE) : undefined,
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
    asOf: now,
  };
}

/** The budgets of a scope with their last forecasts, the nearest to its limit first. */
export async function loadBudgetShares(
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
    ...(status.forecast === undefined
      ? {}
      : { forecast: { expected: status.forecast.expected, end: status.period.end } }),
  }));
}
