/**
 * Chargeback, the steps: what a month's statement says, and closing it. A closed month's statement
 * is read as it was stored; every other is derived anew from what is recorded now.
 */
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { type Month, monthsBetween } from "../../domain/month.ts";
import type { Clock, Instant } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { listTeams, loadOrganization } from "../organization/index.ts";
import { loadTeamUnits } from "../unit-costs/index.ts";
import { adjustmentsOf } from "./rules/adjustments.ts";
import {
  adjustedMonth,
  type Calendar,
  type CloseRefusal,
  isSettled,
  monthAt,
  periodOfMonth,
  refuseToClose,
} from "./rules/calendar.ts";
import { linesOf } from "./rules/charges.ts";
import { sharedLines } from "./rules/shared-costs.ts";
import { type Statement, statementOf } from "./rules/statement.ts";
import type { Line, SharedCostRule, StatementTeam } from "./rules.ts";
import { type GovernedCosts, loadGovernedCosts } from "./store/governed-costs.ts";
import * as store from "./store.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** The statement of a month, closed or as it would be if it were closed now. */
export async function loadStatement({ database, clock }: Deps, month: Month): Promise<Statement> {
  return await inTransaction(database, async (sql) => {
    await store.beginOnePicture(sql);
    const calendar = await loadCalendar(sql);
    const period = periodOfMonth(month, calendar);
    const closed = calendar.closed.find((one) => one.month === month);
    if (closed !== undefined) {
      const lines = await store.listStatedLines(sql, month);
      return statementOf(
        { month, period, closed },
        lines,
        await store.listStatementTeams(sql, month),
      );
    }
    const { lines, teams } = await openStatement(sql, { month, calendar, now: clock() });
    return statementOf({ month, period, closed }, lines, teams);
  });
}

export type CloseResult = { readonly kind: "closed"; readonly statement: Statement } | CloseRefusal;

/**
 * Closes a month for ever. 1. Waits for whoever else is closing one. 2. Refuses what is not over or
 * not next. 3. Stores what its statement says now, adjustments of closed months and shared cost
 * included. 4. Leaves an audit entry. Done twice it finds the month closed.
 */
export async function closeMonth(
  { database, clock }: Deps,
  { month, actor }: { readonly month: Month; readonly actor: string },
): Promise<CloseResult> {
  return await inTransaction(database, async (sql): Promise<CloseResult> => {
    await store.allowTime(sql);
    await store.lockClosing(sql);
    const now = clock();
    const calendar = await loadCalendar(sql);
    const earliest = await findEarliest(sql, calendar, await loadGovernedCosts(sql));
    const refusal = refuseToClose(month, calendar, { now, earliest });
    if (refusal !== undefined) return refusal;

    const period = periodOfMonth(month, calendar);
    const closed = { month, period, closedAt: now, closedBy: actor };
    const { lines, teams } = await openStatement(sql, { month, calendar, now });
    await store.insertClosedMonth(sql, closed, { lines, teams });
    const statement = statementOf({ month, period, closed }, lines, teams);
    const { billed, effective } = statement.total.total;
    await recordAudit(sql, {
      occurredAt: now,
      actor,
      action: "month.closed",
      subject: `month:${month}`,
      after: {
        from: period.start,
        until: period.end,
        lines: lines.length,
        billed_cost: usdToDecimal(billed),
        effective_cost: usdToDecimal(effective),
      },
    });
    return { kind: "closed", statement };
  });
}

export async function loadCalendar(sql: Sql): Promise<Calendar> {
  const { timeZone } = await loadOrganization({ database: sql });
  return { zone: timeZone, closed: await store.listClosedMonths(sql) };
}

/**
 * The lines of a month that is not closed. The first open month after the closed ones has their
 * adjustments; a month before the first closed one has nothing of its own: what comes late for it
 * is an adjustment too.
 */
async function openStatement(
  sql: Sql,
  { month, calendar, now }: { month: Month; calendar: Calendar; now: Instant },
): Promise<{ readonly lines: readonly Line[]; readonly teams: readonly StatementTeam[] }> {
  const governed = await loadGovernedCosts(sql);
  const current = await loadLines(sql, { calendar, governed, through: month, now });
  const own = isSettled(month, calendar)
    ? []
    : current.filter(({ originMonth }) => originMonth === month);
  const adjustments =
    adjustedMonth(calendar) === month
      ? adjustmentsOf(
          current.filter(({ originMonth }) => isSettled(originMonth, calendar)),
          await store.listStatedLines(sql),
        )
      : [];
  const lines = [...own, ...adjustments];
  const shared = sharedLines(lines, governed.sharedCosts, {
    month,
    unitsOf: await unitsIn(sql, governed.sharedCosts, { month, calendar }),
  });
  const teams = (await listTeams({ database: sql })).map(({ key, name, costCenter }) => ({
    teamKey: key,
    name,
    costCenter,
  }));
  return { lines: [...lines, ...shared], teams };
}

/** What all months through one come to now. */
export async function loadLines(
  sql: Sql,
  asked: {
    readonly calendar: Calendar;
    readonly governed: GovernedCosts;
    readonly through: Month;
    readonly now: Instant;
  },
): Promise<readonly Line[]> {
  const { calendar, governed, through, now } = asked;
  const first = (await findEarliest(sql, calendar, governed)) ?? through;
  const months = monthsBetween(first, through).map((month) => ({
    month,
    period: periodOfMonth(month, calendar),
  }));
  return linesOf({
    usage: await store.sumMonths(sql, months),
    commitments: governed.commitments,
    credits: governed.credits,
    through,
    isOver: (month) => periodOfMonth(month, calendar).end <= now,
  });
}

/** The first month that has charges of any kind. */
async function findEarliest(
  sql: Sql,
  calendar: Calendar,
  { commitments, credits }: GovernedCosts,
): Promise<Month | undefined> {
  const firstCharge = await store.findFirstCharge(sql);
  return [
    ...(firstCharge === undefined ? [] : [monthAt(firstCharge, calendar)]),
    ...commitments.map(({ firstMonth }) => firstMonth),
    ...credits.map(({ month }) => month),
  ].toSorted()[0];
}

async function unitsIn(
  sql: Sql,
  rules: readonly SharedCostRule[],
  { month, calendar }: { readonly month: Month; readonly calendar: Calendar },
): Promise<(metric: string, teamKey: string) => bigint> {
  const metrics = new Set(
    rules.flatMap(({ split }) => (split.kind === "metric" ? [split.metric] : [])),
  );
  const period = periodOfMonth(month, calendar);
  const units = new Map<string, ReadonlyMap<string, bigint>>();
  for (const metric of metrics) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other on one connection
    units.set(metric, await loadTeamUnits(sql, { metric, period }));
  }
  return (metric, teamKey) => units.get(metric)?.get(teamKey) ?? 0n;
}

/** The part of a statement that is one team's; "unallocated" is nobody's. Refuses unknown teams. */
export function onlyTeam(statement: Statement, teamKey: string): Statement {
  const team = statement.teams.find((one) => (one.teamKey ?? UNALLOCATED) === teamKey);
  if (team !== undefined) return { ...statement, teams: [team], total: team };
  const known = statement.teams.map((one) => one.teamKey ?? UNALLOCATED);
  throw new AppError({
    code: "invalid",
    message: `team: expected one of ${known.join(", ")}, got ${teamKey}`,
  });
}

const UNALLOCATED = "unallocated";
