/** Judging days: both sides are read, each difference gets its cause, and drift becomes an alert. */
import {
  addMs,
  type Clock,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  type Period,
} from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { raiseAlerts, resolveThread } from "../../alerts/index.ts";
import {
  listPrices,
  loadPriceList,
  normaliseModelId,
  type PriceList,
} from "../../pricing/index.ts";
import { judgeDays } from "../rules/attribute.ts";
import { dayPeriod, monthPeriod, startOfDay } from "../rules/days.ts";
import { driftFacts, driftThreadKey } from "../rules/drift-alert.ts";
import { type ChargedLine, type Component, groupBy } from "../rules/lines.ts";
import type { CacheWritePricesOf } from "../rules/prices.ts";
import { daysToJudge, NIGHTLY_DAYS, standingOf } from "../rules.ts";
import { listAcceptances } from "../store/acceptances.ts";
import {
  claimRun,
  listJudgedDates,
  listJudgedDays,
  lockReconciliation,
  saveJudgements,
} from "../store/judgements.ts";
import { loadDriftShare } from "../store/settings.ts";
import {
  type ChargedRow,
  findUsageSpan,
  listBills,
  listCharged,
  listSourceSeries,
} from "../store/sides.ts";
import { loadTheirs } from "./billed-lines.ts";

export interface ReconcileDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface ReconcileOutcome {
  /** UTC days that could be judged. */
  readonly judged: readonly string[];
  /** Those of them about which something new was found. */
  readonly changed: readonly string[];
}

/**
 * Judges the days of a window that are final.
 *
 * 1. Waits for whoever else is at it. 2. Reads Anthropic's bill and our charges. 3. Gives each
 * difference its cause. 4. Stores what is new. 5. Raises or resolves the alert of each month.
 * Run again, or by another replica, it changes nothing.
 */
export async function reconcile(
  { database, clock }: ReconcileDeps,
  window: Period,
): Promise<ReconcileOutcome> {
  return await inTransaction(database, async (sql) => {
    await lockReconciliation(sql);
    return await judge(sql, clock, await planDays(sql, clock, window));
  });
}

/** The hour (UTC) after which a night's run is due, when the day before has usually been refreshed. */
const NIGHT_STARTS_AT_MS = 4 * HOUR_MS;

/**
 * Looks back over all that Anthropic may still revise: as soon as another day can be judged, once a
 * night, and every hour while something drifts, since what comes late may have settled it. One
 * replica does it; one that dies leaves it to the next minute.
 */
export async function reconcileWhenDue({
  database,
  clock,
}: ReconcileDeps): Promise<ReconcileOutcome | undefined> {
  const end = startOfDay(clock());
  const window = { start: addMs(end, -NIGHTLY_DAYS * DAY_MS), end };
  return await inTransaction(database, async (sql) => {
    await lockReconciliation(sql);
    const plan = await planDays(sql, clock, window);
    if (plan.length === 0) return undefined;
    return (await isDue(sql, clock, { window, plan })) ? await judge(sql, clock, plan) : undefined;
  });
}

async function isDue(
  sql: Sql,
  clock: Clock,
  { window, plan }: { readonly window: Period; readonly plan: readonly PlannedDay[] },
): Promise<boolean> {
  const now = clock();
  const night = addMs(now, -NIGHT_STARTS_AT_MS).toISOString().slice(0, 10);
  const isNight = await claimRun(sql, `night:${night}`, now);
  const isNextHour = await claimRun(sql, `hour:${now.toISOString().slice(0, 13)}`, now);
  if (isNight) return true;
  const known = new Set(await listJudgedDates(sql, window));
  if (plan.some(({ day }) => !known.has(day))) return true;
  if (!isNextHour) return false;
  const { driftingDays } = standingOf(
    await listJudgedDays(sql, window),
    await listAcceptances(sql, window),
    await loadDriftShare(sql),
  );
  return driftingDays.length > 0;
}

type PlannedDay = ReturnType<typeof daysToJudge>[number];

async function planDays(sql: Sql, clock: Clock, window: Period): Promise<readonly PlannedDay[]> {
  return daysToJudge(window, {
    bills: await listBills(sql),
    usage: await findUsageSpan(sql),
    now: clock(),
  });
}

async function judge(
  sql: Sql,
  clock: Clock,
  plan: readonly PlannedDay[],
): Promise<ReconcileOutcome> {
  const billOf = new Map(plan.map(({ day, bill }) => [day, bill]));
  const judged = [...billOf.keys()];
  const [firstDay] = judged;
  const lastDay = judged.at(-1);
  if (firstDay === undefined || lastDay === undefined) return { judged: [], changed: [] };

  const whole = { start: dayPeriod(firstDay).start, end: dayPeriod(lastDay).end };
  const prices = await loadPriceList(sql);
  const { theirs, otherBill } = await loadTheirs(sql, whole, { billOf, prices });
  const ours = (await listCharged(sql, whole)).filter(({ day }) => billOf.has(day));
  const judgements = judgeDays({
    days: judged,
    theirs,
    otherBill,
    ours: ours.map((row) => chargedLine(row, prices)),
    series: await listSourceSeries(sql, {
      start: addMs(whole.start, -SERIES_MARGIN_MS),
      end: addMs(whole.end, SERIES_MARGIN_MS),
    }),
    cacheWritePricesOf: cacheWritePrices(prices),
  });
  const changed = await saveJudgements(
    sql,
    judgements.flatMap((judgement) => {
      const bill = billOf.get(judgement.day);
      if (bill === undefined) return [];
      return [{ ...judgement, report: bill.report, dataRefreshedAt: bill.dataRefreshedAt }];
    }),
    clock(),
  );
  await announceDrift(sql, clock, judged);
  return { judged, changed };
}

/** What is usual shows from two weeks before and after. */
const SERIES_MARGIN_MS = 14 * DAY_MS;

const SKU_COMPONENTS: Readonly<Partial<Record<string, Component>>> = {
  uncached_input: "uncached_input",
  cache_write_5m: "cache_write_5m",
  cache_write_1h: "cache_write_1h",
  cache_read: "cache_read",
  output: "output",
  web_search: "web_search",
};

function chargedLine(row: ChargedRow, prices: PriceList): ChargedLine {
  const { sku, provider, spelledModel, ...rest } = row;
  const [kind = "", ...qualifiers] = sku.split("/");
  const isCloud = normaliseModelId(spelledModel, prices).cloud !== undefined;
  return {
    ...rest,
    // A cost without tokens is charged under its own kind in place of a model.
    component:
      row.modelId === "code_execution" || row.modelId === "session_usage"
        ? row.modelId
        : (SKU_COMPONENTS[kind] ?? "other"),
    isElsewhere: isCloud || provider.toLowerCase() !== "anthropic",
    isBatchPrice: qualifiers.includes("batch"),
  };
}

function cacheWritePrices(prices: PriceList): CacheWritePricesOf {
  const byModel = groupBy(listPrices(prices), ({ modelId }) => modelId);
  return (modelId, day) => {
    const at: Instant = instant(`${day}T00:00:00Z`);
    const price = byModel
      .get(modelId)
      ?.find(
        ({ validFrom, validUntil }) =>
          (validFrom === undefined || validFrom <= at) &&
          (validUntil === undefined || at < validUntil),
      );
    const [tier] = price?.tiers ?? [];
    if (tier === undefined) return undefined;
    const { cache_write_5m: write5m, cache_write_1h: write1h } = tier.unitPrices;
    return { write5m, write1h };
  };
}

/** The alerts of every month that the days lie in, from all that is known of it. */
export async function announceDrift(
  sql: Sql,
  clock: Clock,
  days: readonly string[],
): Promise<void> {
  const share = await loadDriftShare(sql);
  const months = [...new Set(days.map((day) => day.slice(0, 7)))];
  for (const month of months) {
    const period = monthPeriod(month);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const judged = await listJudgedDays(sql, period);
    // oxlint-disable-next-line no-await-in-loop -- see above
    const standing = standingOf(judged, await listAcceptances(sql, period), share);
    const facts = driftFacts(month, judged, standing);
    // oxlint-disable-next-line no-await-in-loop -- see above
    await raiseAlerts(sql, { clock }, facts);
    if (facts.length > 0) continue;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await resolveThread(
      sql,
      { clock },
      {
        threadKey: driftThreadKey(month),
        because: `Every judged day of ${month} agrees with Anthropic's bill again, or its differences are accepted.`,
      },
    );
  }
}
