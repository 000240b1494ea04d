/**
 * Drift as an alert: one fact for each cause and stretch of days, all of a month in one thread, with
 * where it comes from and what to do. Pure.
 */
import type { AlertFact } from "../../../domain/alert.ts";
import { dayText as shortDay } from "../../../domain/date-text.ts";
import { formatUsd, usd } from "../../../domain/money.ts";
import { ORG_SCOPE } from "../../../domain/scope.ts";
import { addMs, DAY_MS, type Instant, instant, timeZone } from "../../../domain/time.ts";
import {
  type CauseTotal,
  isCounted,
  type JudgedDay,
  percentText,
  type Standing,
} from "../rules.ts";
import { type Cause, causeText } from "./causes.ts";
import { dayPeriod, dayText } from "./days.ts";
import { absolute, groupBy } from "./lines.ts";

export function driftThreadKey(month: string): string {
  return `reconciliation:${month}`;
}

const UTC = timeZone("UTC");
/** A cause counts for a day's alert when at least this part of the day's drift is of it. */
const PART_MIN = 5n;

/** The facts of a month ("2026-11"). The same state gives the same facts, whenever it is looked at. */
export function driftFacts(
  month: string,
  days: readonly JudgedDay[],
  standing: Standing,
): readonly AlertFact[] {
  const drifting = new Set(standing.driftingDays);
  const counted = standing.totals.filter((total) => drifting.has(total.day) && isCounted(total));
  const byDay = groupBy(counted, ({ day }) => day);
  const large = counted.filter(({ day, cause }) => {
    const ofDay = byDay.get(day) ?? [];
    const whole = sizeOf(ofDay);
    return sizeOf(ofDay.filter((total) => total.cause === cause)) * PART_MIN >= whole;
  });
  const billed = new Map(days.map((day) => [day.day, day]));
  return [...groupBy(large, ({ cause }) => cause).values()].flatMap((alike) =>
    stretches(alike).flatMap((stretch) => {
      const [first] = stretch;
      return first === undefined ? [] : [factOf(month, first.cause, { stretch, billed })];
    }),
  );
}

/** Days that follow each other are one stretch: what goes on is said once. */
function stretches(totals: readonly CauseTotal[]): readonly (readonly CauseTotal[])[] {
  const found: CauseTotal[][] = [];
  const inOrder = totals.toSorted((left, right) => (left.day < right.day ? -1 : 1));
  for (const total of inOrder) {
    const last = found.at(-1);
    const before = last?.at(-1)?.day;
    const isNext =
      before !== undefined &&
      (before === total.day || dayText(addMs(dayPeriod(before).start, DAY_MS)) === total.day);
    if (isNext) last?.push(total);
    else found.push([total]);
  }
  return found;
}

function factOf(
  month: string,
  cause: Cause,
  {
    stretch,
    billed,
  }: {
    readonly stretch: readonly CauseTotal[];
    readonly billed: ReadonlyMap<string, JudgedDay>;
  },
): AlertFact {
  const days = [...new Set(stretch.map(({ day }) => day))];
  const [firstDay = ""] = days;
  const lastDay = days.at(-1) ?? firstDay;
  const amount = usd(stretch.reduce((sum, total) => sum + total.amount, 0n));
  const whole = usd(days.reduce((sum, day) => sum + (billed.get(day)?.anthropicBilled ?? 0n), 0n));
  const asOf = Math.min(...days.flatMap((day) => billed.get(day)?.dataRefreshedAt.getTime() ?? []));
  const shown = (day: string): string => shortDay(noonOf(day), UTC, instant(asOf));
  const when =
    firstDay === lastDay ? `On ${shown(firstDay)}` : `From ${shown(firstDay)} to ${shown(lastDay)}`;
  const { title, advice } = causeText(cause);
  // A shift nets to nothing over its days; what it moves is what counts.
  const size = absolute(amount) * 10n < sizeOf(stretch) ? usd(sizeOf(stretch)) : amount;
  const share = `${percentText(usd(absolute(size)), whole)}%`;
  const names = (values: readonly string[]): string => [...new Set(values)].toSorted().join(", ");
  const workspaces = names(
    stretch.map(({ workspaceId }) => workspaceId ?? "the default workspace"),
  );
  const evidence = names(stretch.flatMap((total) => total.evidence));
  const models = names(stretch.flatMap((total) => total.models));
  const direction =
    size !== amount ? "is off by" : amount > 0n ? "is above it by" : "is below it by";
  return {
    kind: "drift",
    factKey: `${driftThreadKey(month)}:${cause}:${firstDay}`,
    threadKey: driftThreadKey(month),
    scope: ORG_SCOPE,
    severity: cause === "unexplained" ? "critical" : "warning",
    content: {
      happened: [
        `${when} (UTC) Anthropic billed ${formatUsd(whole)}; our total ${direction} `,
        { strong: `${formatUsd(usd(absolute(size)))} (${share})` },
        ": ",
        { strong: title },
        evidence === "" ? "." : `, ${evidence}.`,
      ],
      brief: `${title}: ${formatUsd(usd(absolute(size)))} (${share}) of ${firstDay === lastDay ? shown(firstDay) : `${shown(firstDay)} to ${shown(lastDay)}`}`,
      details: [`Workspaces: ${workspaces}`, ...(models === "" ? [] : [`Models: ${models}`])],
      follows: `${advice} \`claude-spend reconcile --month ${month}\` shows all of it.`,
      basis: { kind: "billed", asOf: instant(asOf).toISOString() },
    },
  };
}

/** A day of the bill has no hours: it is named by its noon. */
function noonOf(day: string): Instant {
  return instant(`${day}T12:00:00Z`);
}

function sizeOf(totals: readonly CauseTotal[]): bigint {
  return totals.reduce((sum, { amount }) => sum + absolute(amount), 0n);
}
