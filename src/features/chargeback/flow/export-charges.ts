/** Chargeback, the step of exporting charges as FOCUS rows, in one picture of the database. */
import { sumUsd, type Usd, usd, usdFromDecimal, ZERO_USD } from "../../../domain/money.ts";
import { ORG_SCOPE } from "../../../domain/scope.ts";
import { addMs, type Clock, contains, instant, type Period } from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { listTeams, loadOrganization } from "../../organization/index.ts";
import { listSpend } from "../../showback/index.ts";
import { loadCalendar, loadLines } from "../flow.ts";
import { type Calendar, monthAt, periodOfMonth } from "../rules/calendar.ts";
import { type ExportTotals, type FocusRow, lineRow, usageRow } from "../rules/focus.ts";
import { eachPortionOfCharges } from "../store/charges.ts";
import { loadGovernedCosts } from "../store/governed-costs.ts";
import { beginOnePicture } from "../store.ts";

export interface Exported extends ExportTotals {
  /** What `GET /v1/spend` says of the period. Less was exported where old charges were dropped. */
  readonly spend: Usd;
}

/**
 * Hands the rows of a period to `write`, portion by portion and no faster than it takes them: each
 * charge, then commitments and credits of the months that begin in the period.
 */
export async function exportCharges(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  period: Period,
  write: (rows: readonly FocusRow[]) => Promise<void>,
): Promise<Exported> {
  return await inTransaction(database, async (sql) => {
    await beginOnePicture(sql);
    const calendar = await loadCalendar(sql);
    const context = await loadContext(sql);
    const billingPeriodOf = createBillingPeriods(calendar);
    let totals = { rows: 0, usage: ZERO_USD };
    await eachPortionOfCharges(sql, period, async (charges) => {
      totals = {
        rows: totals.rows + charges.length,
        usage: usd(
          totals.usage + sumUsd(charges.map(({ billedCost }) => usdFromDecimal(billedCost))),
        ),
      };
      await write(
        charges.map((charge) =>
          usageRow(charge, billingPeriodOf(charge.chargePeriodStart), context),
        ),
      );
    });
    const others = await loadOtherRows(sql, { period, calendar, context, now: clock() });
    await write(others.rows);
    const [spend] = await listSpend(sql, {
      scope: ORG_SCOPE,
      period,
      zone: calendar.zone,
      groupBy: [],
    });
    return {
      rows: totals.rows + others.rows.length,
      usage: totals.usage,
      billed: usd(totals.usage + others.billed),
      effective: usd(totals.usage + others.effective),
      spend: spend?.cost ?? ZERO_USD,
    };
  });
}

type Context = Awaited<ReturnType<typeof loadContext>>;

async function loadContext(sql: Sql) {
  const { name } = await loadOrganization({ database: sql });
  const teams = await listTeams({ database: sql });
  const costCenters = new Map(teams.map(({ key, costCenter }) => [key, costCenter ?? null]));
  const governed = await loadGovernedCosts(sql);
  return {
    organizationName: name,
    costCenterOf: (teamKey: string | null): string | null => costCenters.get(teamKey ?? "") ?? null,
    governed,
  };
}

async function loadOtherRows(
  sql: Sql,
  asked: {
    readonly period: Period;
    readonly calendar: Calendar;
    readonly context: Context;
    readonly now: ReturnType<Clock>;
  },
): Promise<{ readonly rows: readonly FocusRow[]; readonly billed: Usd; readonly effective: Usd }> {
  const { period, calendar, context, now } = asked;
  const { governed } = context;
  const through = monthAt(addMs(period.end, -1), calendar);
  const lines = (await loadLines(sql, { calendar, governed, through, now })).filter(
    ({ kind, originMonth }) =>
      kind !== "usage" && contains(period, periodOfMonth(originMonth, calendar).start),
  );
  return {
    rows: lines.map((line) =>
      lineRow(line, periodOfMonth(line.originMonth, calendar), { ...context, ...governed }),
    ),
    billed: sumUsd(lines.map(({ costs }) => costs.billed)),
    effective: sumUsd(lines.map(({ costs }) => costs.effective)),
  };
}

/** Charges come by their time, so that almost always the month of the last one is asked for again. */
function createBillingPeriods(calendar: Calendar): (at: Date) => Period {
  let known: Period | undefined;
  return (at) => {
    const when = instant(at);
    if (known === undefined || !contains(known, when)) {
      known = periodOfMonth(monthAt(when, calendar), calendar);
    }
    return known;
  };
}
