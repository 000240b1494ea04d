/** Looks for spend that is unusual for a person, key, team or model, at this hour and today. */
import { addUsd, type Usd, usd, ZERO_USD } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import {
  addMs,
  HOUR_MS,
  type Instant,
  instant,
  MINUTE_MS,
  type Period,
  type TimeZone,
} from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { ownerName, spikeContent, spikeOverText } from "../messages/alerts.ts";
import {
  isOfSession,
  partOf,
  SERIES_KINDS,
  type Series,
  type SeriesKind,
  type UnusualSeries,
} from "../rules/incidents.ts";
import {
  historyStart,
  normsOf,
  type SeriesNorms,
  startOfLocalHour,
  startOfToday,
} from "../rules/rhythm.ts";
import { evaluateSpike, isWorthComparing, type Spike } from "../rules/spike.ts";
import { barAfter, type Episode, type Finding, falseAlarmsSince } from "../rules.ts";
import { listFeedback, listOpenEpisodes } from "../store/episodes.ts";
import { listNorms, upsertNorms } from "../store/norms.ts";
import { findDoneUntil, saveDoneUntil } from "../store/progress.ts";
import { listDrivers, listHours, listTouched, type TouchedSpend } from "../store/series.ts";
import { recordFindings } from "./episodes.ts";
import { type LookDeps, type LookResult, NOTHING_FOUND } from "./look.ts";
import { loadNames, type Names } from "./names.ts";

/** Bounds one look; what is left over is smaller, and looked at a minute later. */
const SERIES_MAX = 300;
const NEW_NORMS_MAX = 60;
const DRIVERS_MAX = 3;
/** Days change slowly: they are added up again at most every quarter of an hour. */
const DAY_STEP_MS = 15 * MINUTE_MS;
const DAYS_LOOK = "spikes of days";

interface Amounts {
  readonly series: Series;
  hour: Usd;
  hourBefore: Usd;
  day: Usd;
}

interface Unusual extends UnusualSeries {
  readonly span: SpikePeriod["span"];
  readonly period: Period;
  readonly spike: Spike;
  readonly bar: bigint;
}

/** The spans that a look compares, with their bounds: what drives a spike is of the same time. */
interface SpikePeriod {
  readonly span: "hour" | "hour-before" | "day";
  readonly period: Period;
}

/**
 * 1. What was spent this hour and the one before, and every quarter of an hour what was spent today;
 * 2. for series with enough of it, what is normal; 3. those that are unusual, the narrowest first;
 * 4. their episodes. As much work as series were touched, whatever series exist.
 */
export async function lookForSpikes(sql: Sql, { clock }: LookDeps): Promise<LookResult> {
  const now = clock();
  const { timeZone: zone } = await loadOrganization({ database: sql });
  const open = await listOpenEpisodes(sql, ["spike", "loop", "duplicates"]);
  const spikes = open.filter(({ kind, subject }) => kind === "spike" && !isOfSession(subject));
  const touched = await listTouchedSpans(sql, now, zone);
  const amounts = largestOf(touched);
  if (amounts.length === 0 && spikes.length === 0) return NOTHING_FOUND;

  const norms = await loadNorms(sql, amounts, { now, zone });
  const subjects = amounts.map(({ series }) => formatScope(series));
  const feedback = await listFeedback(sql, subjects, falseAlarmsSince(now));
  const unusual = amounts.flatMap((of): Unusual[] => {
    const norm = norms.get(formatScope(of.series));
    const bar = barAfter(feedback.get(formatScope(of.series)) ?? []);
    return norm === undefined ? [] : unusualOf(of, norm, { bar, now, zone });
  });
  const periods = new Map(unusual.map(({ series, period }) => [formatScope(series), period]));
  const names = await loadNames(
    sql,
    unusual.map(({ series }) => series),
  );
  const findings = findingsOf({ unusual, open, touched, names, now });
  await recordFindings(
    sql,
    { clock },
    {
      now,
      open: spikes,
      findings,
      driversOf: async (finding) => await driversOf(sql, finding, periods.get(finding.subject)),
      endOf: (episode) => spikeOverText(episode.amount),
    },
  );
  return { examined: amounts.length, found: findings.length };
}

interface TouchedSpans {
  readonly hour: readonly TouchedSpend[];
  readonly hourBefore: readonly TouchedSpend[];
  readonly day: readonly TouchedSpend[];
}

async function listTouchedSpans(sql: Sql, now: Instant, zone: TimeZone): Promise<TouchedSpans> {
  const hourStart = startOfLocalHour(now, zone);
  const end = addMs(hourStart, HOUR_MS);
  const hour = await listTouched(sql, { start: hourStart, end });
  const hourBefore = await listTouched(sql, { start: addMs(hourStart, -HOUR_MS), end: hourStart });
  const quarter = instant(Math.floor(now.getTime() / DAY_STEP_MS) * DAY_STEP_MS);
  const doneUntil = await findDoneUntil(sql, DAYS_LOOK);
  if (doneUntil !== undefined && doneUntil >= quarter) return { hour, hourBefore, day: [] };
  await saveDoneUntil(sql, DAYS_LOOK, quarter);
  return { hour, hourBefore, day: await listTouched(sql, { start: startOfToday(now, zone), end }) };
}

/** By series, the largest first; only where something could be unusual. */
function largestOf(touched: TouchedSpans): Amounts[] {
  const all = new Map<string, Amounts>();
  for (const span of ["hour", "hourBefore", "day"] as const) {
    for (const { series: ofRow, cost } of touched[span]) {
      for (const series of ofRow) {
        const key = formatScope(series);
        const known = all.get(key) ?? {
          series,
          hour: ZERO_USD,
          hourBefore: ZERO_USD,
          day: ZERO_USD,
        };
        known[span] = addUsd(known[span], cost);
        all.set(key, known);
      }
    }
  }
  return [...all.values()]
    .filter(
      ({ hour, hourBefore, day }) =>
        isWorthComparing(hour, "hour") ||
        isWorthComparing(hourBefore, "hour") ||
        isWorthComparing(day, "day"),
    )
    .toSorted((left, right) => (most(left) > most(right) ? -1 : 1))
    .slice(0, SERIES_MAX);
}

function most({ hour, hourBefore, day }: Amounts): Usd {
  const hours = hour > hourBefore ? hour : hourBefore;
  return hours > day ? hours : day;
}

/** What is normal at this hour: made once an hour for whom it is asked. */
async function loadNorms(
  sql: Sql,
  amounts: readonly Amounts[],
  { now, zone }: { readonly now: Instant; readonly zone: TimeZone },
): Promise<ReadonlyMap<string, SeriesNorms>> {
  const hourStart = startOfLocalHour(now, zone);
  const scopes = amounts.map(({ series }) => formatScope(series));
  const known = await listNorms(sql, scopes, hourStart);
  const missing = amounts
    .map(({ series }) => series)
    .filter((series) => !known.has(formatScope(series)))
    .slice(0, NEW_NORMS_MAX);
  const made = new Map<string, SeriesNorms>();
  for (const kind of SERIES_KINDS) {
    const keys = missing.filter((series) => series.kind === kind).map(({ key }) => key);
    if (keys.length === 0) continue;
    const past = { start: historyStart(now, zone), end: hourStart };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    for (const [scope, hours] of await listHours(sql, { kind, keys, zone }, past)) {
      made.set(scope, normsOf(hours, now, zone));
    }
  }
  await upsertNorms(sql, made, hourStart);
  return new Map([...known, ...made]);
}

/** The span in which it is the most above normal. */
function unusualOf(
  of: Amounts,
  norms: SeriesNorms,
  { bar, now, zone }: { readonly bar: bigint; readonly now: Instant; readonly zone: TimeZone },
): Unusual[] {
  const start = startOfLocalHour(now, zone);
  const end = addMs(start, HOUR_MS);
  const before = { start: addMs(start, -HOUR_MS), end: start };
  const looks = [
    { span: "hour", norm: "hour", period: { start, end }, amount: of.hour },
    { span: "hour-before", norm: "hour", period: before, amount: of.hourBefore },
    { span: "day", norm: "day", period: { start: startOfToday(now, zone), end }, amount: of.day },
  ] as const;
  const found = looks.flatMap(({ span, norm, period, amount }): Unusual[] => {
    const spike = evaluateSpike(amount, { span: norm, norm: norms[norm], bar });
    return spike === undefined
      ? []
      : [{ series: of.series, excess: spike.excess, span, period, spike, bar }];
  });
  return found.toSorted((left, right) => (left.excess > right.excess ? -1 : 1)).slice(0, 1);
}

function findingsOf(of: {
  readonly unusual: readonly Unusual[];
  readonly open: readonly Episode[];
  readonly touched: TouchedSpans;
  readonly names: Names;
  readonly now: Instant;
}): Finding[] {
  const { unusual, open, now } = of;
  const subjects = new Set(unusual.map(({ series }) => formatScope(series)));
  const toldElsewhere = open.flatMap((episode): UnusualSeries[] => {
    const series = seriesFrom(episode.scope);
    const isOwn = episode.kind === "spike" && subjects.has(episode.subject);
    return series === undefined || episode.told === undefined || isOwn
      ? []
      : [{ series, excess: episode.amount }];
  });
  const parts = partOf(unusual, sharedSpend(of.touched), toldElsewhere);
  const before = new Map(open.map((episode) => [episode.subject, episode.amount]));
  return unusual.map(({ series, span, spike, bar }): Finding => {
    const subject = formatScope(series);
    const highest = before.get(subject) ?? ZERO_USD;
    return {
      kind: "spike",
      subject,
      scope: series,
      severity: spike.severity,
      amount: spike.excess > highest ? spike.excess : highest,
      countedUntil: now,
      excess: spike.excess,
      partOf: parts.get(subject),
      content: spikeContent({ scope: series, name: ownerName(series, of.names), span, spike, bar }),
    };
  });
}

function seriesFrom(scope: Episode["scope"]): Series | undefined {
  const kind = SERIES_KINDS.find((known) => known === scope.kind);
  return kind === undefined ? undefined : { kind, key: scope.key };
}

/** How much two series have in common, in the widest span that was looked at. */
function sharedSpend({
  hour,
  hourBefore,
  day,
}: TouchedSpans): (left: Series, right: Series) => Usd {
  const rows = day.length > 0 ? [...day, ...hourBefore] : [...hour, ...hourBefore];
  const has = (row: TouchedSpend, one: Series): boolean =>
    row.series.some(({ kind, key }) => kind === one.kind && key === one.key);
  return (left, right) =>
    usd(rows.reduce((sum, row) => (has(row, left) && has(row, right) ? sum + row.cost : sum), 0n));
}

/** Never people: what a team's channel reads names none of them. */
const DRIVEN_BY: Readonly<Record<SeriesKind, "project" | "model" | "team">> = {
  user: "model",
  api_key: "model",
  team: "project",
  model: "team",
};

async function driversOf(
  sql: Sql,
  { scope }: Finding,
  span: Period | undefined,
): Promise<Finding["content"]["drivers"]> {
  const series = seriesFrom(scope);
  if (series === undefined || span === undefined) return undefined;
  const by = DRIVEN_BY[series.kind];
  const top = await listDrivers(sql, { series, by, driversMax: DRIVERS_MAX }, span);
  return top.length === 0 ? undefined : { by, top };
}
