/** What approvers are shown about a raise: forecast, who and what drives the spend, what was before. */
import type { Usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { listEarlierApprovals } from "../../approvals/index.ts";
import type { EarlierRaise, RaiseFacts } from "../messages/raise-card.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { DRIVER_KIND, type DriverKind } from "../rules/recipients.ts";
import { type Budget, type BudgetStatus, currentPeriod } from "../rules.ts";
import { findBudget } from "../store/budgets.ts";
import { listTopDrivers, loadSpendByMember } from "../store/spend.ts";
import { namedDrivers } from "./announce.ts";
import { loadOutlooks } from "./outlook.ts";
import type { Asking } from "./scopes.ts";
import { loadStandings } from "./standings.ts";

const EARLIER_MAX = 3;
const DRIVERS_MAX = 3;
/** A daily budget raised for a year; more is not asked for. */
const PERIODS_MAX = 400;

export async function loadRaiseFacts(
  sql: Sql,
  {
    named,
    amount,
    endsAt,
    asking,
    now,
  }: {
    readonly named: NamedStatus;
    readonly amount: Usd;
    readonly endsAt: Instant;
    readonly asking: Asking;
    readonly now: Instant;
  },
): Promise<RaiseFacts> {
  const { status } = named;
  const budget = await findBudget(sql, status.budgetId);
  return {
    named,
    amount,
    now,
    forecast: budget === undefined ? NO_FORECAST : await loadForecast(sql, budget, status, now),
    drivers: await loadDrivers(sql, status, asking),
    periods: budget === undefined ? 1 : countPeriods(budget, now, endsAt),
    earlier: budget === undefined ? [] : await loadEarlier(sql, budget, status),
  };
}

const NO_FORECAST: RaiseFacts["forecast"] = { expected: undefined, missingDays: 0 };

async function loadForecast(
  sql: Sql,
  budget: Budget,
  { memberKey }: BudgetStatus,
  now: Instant,
): Promise<RaiseFacts["forecast"]> {
  const standings = await loadStandings(sql, { budget, memberKeys: [memberKey] }, now);
  const outlook = (await loadOutlooks(sql, { budget, standings }, now)).get(memberKey);
  if (outlook === undefined) return NO_FORECAST;
  return { expected: outlook.forecast?.expected, missingDays: outlook.missingDays };
}

/**
 * What drives the spend, and who: whoever is to decide about it is told, in their own direct
 * messages (ADR 0021). Of a person's own budget there is only the what.
 */
async function loadDrivers(
  sql: Sql,
  { scope, period }: BudgetStatus,
  { organization, teams }: Asking,
): Promise<RaiseFacts["drivers"]> {
  const what = DRIVER_KIND[scope.kind];
  const kinds: readonly DriverKind[] =
    scope.kind === "user" || what === "user" ? [what] : [what, "user"];
  const directory = { organizationName: organization.name, teams, admins: organization.admins };
  const found: (readonly RaiseFacts["drivers"][number][number][])[] = [];
  for (const by of kinds) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const drivers = await listTopDrivers(sql, { scope, by, driversMax: DRIVERS_MAX }, period);
    found.push(namedDrivers(drivers, by, directory));
  }
  return found;
}

function countPeriods(budget: Budget, from: Instant, endsAt: Instant): number {
  let count = 1;
  let { end } = currentPeriod(budget, from);
  while (end < endsAt && count < PERIODS_MAX) {
    count += 1;
    ({ end } = currentPeriod(budget, end));
  }
  return count;
}

async function loadEarlier(
  sql: Sql,
  budget: Budget,
  { budgetId, memberKey }: BudgetStatus,
): Promise<EarlierRaise[]> {
  const subject = { budget_id: budgetId, member_key: memberKey };
  const about = { kind: "budget_raise", subject, limit: EARLIER_MAX } as const;
  const requests = await listEarlierApprovals(sql, about);
  const earlier: EarlierRaise[] = [];
  for (const request of requests) {
    const { status, decidedAt, revocation, approvedAmount, requestedAmount } = request;
    if (status === "requested") continue;
    const members = {
      coverage: budget.coverage,
      memberKeys: memberKey === "" ? undefined : [memberKey],
    };
    const spends =
      status === "applied" && decidedAt !== undefined
        ? // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
          await loadSpendByMember(sql, members, currentPeriod(budget, decidedAt))
        : undefined;
    earlier.push({
      requestedAt: request.requestedAt,
      amount: approvedAmount ?? requestedAmount,
      outcome: revocation === undefined ? status : "revoked",
      by: request.isAutomatic ? "the policy" : request.decidedBy,
      spent: spends?.get(memberKey),
    });
  }
  return earlier;
}
