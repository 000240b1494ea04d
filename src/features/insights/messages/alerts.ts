/** What people read of each kind of finding: plain words, escaped where they are shown. Pure. */
import type { AlertContent, AlertWords } from "../../../domain/alert.ts";
import { momentText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant, TimeZone } from "../../../domain/time.ts";
import type { Loop } from "../rules/loop.ts";
import type { Spike, SpikeSpan } from "../rules/spike.ts";
import { FALSE_ALARM_DAYS } from "../rules.ts";

/** Amounts of a whole hour are told a few minutes into the next one, too. */
export type ToldSpan = SpikeSpan | "hour-before";

const DURING: Readonly<Record<ToldSpan, string>> = {
  hour: "this hour",
  "hour-before": "in the hour before this one",
  day: "today so far",
  session: "in one session",
};

const COMPARED: Readonly<Record<ToldSpan, string>> = {
  hour: "the same hours of the last four weeks",
  "hour-before": "the same hours of the last four weeks",
  day: "the same part of comparable days of the last four weeks",
  session: "earlier sessions",
};

export function spikeContent(of: {
  /** Who hears of a person's spend is that person. */
  readonly scope: Scope;
  readonly name: string;
  readonly span: ToldSpan;
  readonly spike: Spike;
  readonly bar: bigint;
}): AlertContent {
  const { name, scope, span, spike, bar } = of;
  const { amount, norm, excess } = spike;
  return {
    happened: [
      whoWords(scope, name),
      " spent ",
      { strong: formatUsd(amount) },
      norm.normal === 0n
        ? ` ${DURING[span]}: all of it above what is normal.`
        : ` ${DURING[span]}: ${formatUsd(excess)} above what is normal${timesText(amount, norm.normal)}.`,
    ],
    brief: `${formatUsd(amount)} ${DURING[span]}, normally ${formatUsd(norm.normal)}`,
    details: [
      `Normal is ${formatUsd(norm.normal)}, usually at most ${formatUsd(norm.usualMax)}: by ${COMPARED[span]} (${String(norm.sampleCount)} compared).`,
      ...barLines(bar),
    ],
  };
}

/** ", 12 times as much"; nothing where normal is nothing. */
function timesText(amount: Usd, normal: Usd): string {
  if (normal <= 0n) return "";
  const times = amount / normal;
  return times >= 2n ? `, ${String(times)} times as much` : "";
}

function barLines(bar: bigint): string[] {
  return bar === 1n
    ? []
    : [
        `After false alarms of the last ${String(FALSE_ALARM_DAYS)} days this is told at ${String(bar)} times the usual bar only.`,
      ];
}

export function spikeOverText(amount: Usd): string {
  return `spend is normal again. At its highest it was ${formatUsd(amount)} above that.`;
}

/** Enough to find it by, on one line of a phone. */
const KEY_SHOWN_CHARS = 24;

export function loopContent(of: {
  readonly loop: Loop;
  readonly name: string;
  readonly minutes: number;
  /** All that was wasted since it began. */
  readonly amount: Usd;
  readonly bar: bigint;
}): AlertContent {
  const { loop, name, minutes, amount, bar } = of;
  const { repeated, wasted } = loop;
  const { requests, cutOff, requestsBefore, scope, key } = repeated;
  const span = `in ${String(minutes)} minutes`;
  const happened = {
    duplicates: ` sent the same prompt ${String(requests)} times ${span}: `,
    retries: ` tried one operation ${String(requests)} times ${span}, ${String(cutOff)} answers were cut off: `,
    loop: ` made ${String(requests)} requests in one ${repeated.kind} ${span}: `,
  }[loop.what];
  const perHour = usd((wasted * 60n) / BigInt(minutes));
  return {
    happened: [whoWords(scope, name), happened, { strong: formatUsd(amount) }, " wasted so far."],
    brief: `${String(requests)} times ${span}, ${formatUsd(amount)} wasted`,
    follows: `Going on like this wastes ${formatUsd(perHour)} an hour, until what sends it is stopped.`,
    details: [
      `The ${repeated.kind} is ${key.length > KEY_SHOWN_CHARS ? `${key.slice(0, KEY_SHOWN_CHARS)}…` : key}`,
      requestsBefore === 0
        ? "It did not occur at this time a day or a week before."
        : `At this time a day or a week before: ${String(requestsBefore)} times.`,
      ...barLines(bar),
    ],
  };
}

export function loopOverText(amount: Usd): string {
  return `it has stopped. About ${formatUsd(amount)} was wasted.`;
}

export function unknownModelContent(of: {
  readonly modelId: string;
  readonly amount: Usd;
}): AlertContent {
  const { modelId, amount } = of;
  return {
    happened: [
      "No price is known for the model ",
      { strong: modelId },
      ". What it was used for counts at an assumed price: ",
      { strong: formatUsd(amount) },
      " so far.",
    ],
    brief: `${modelId}: ${formatUsd(amount)} at an assumed price`,
    follows:
      "Record its price with `claude-spend prices`; `claude-spend reprice` then corrects what was counted.",
  };
}

export function unknownModelOverText(modelId: string): string {
  return `a price of ${modelId} is known.`;
}

export function silenceContent(of: {
  readonly source: string;
  readonly since: Instant;
  readonly hours: number;
  readonly zone: TimeZone;
}): AlertContent {
  const { source, since, hours, zone } = of;
  return {
    happened: [
      "The source ",
      { strong: source },
      ` has reported nothing since ${clockText(since, zone)}, though it normally does at these hours.`,
    ],
    brief: `${source} is silent since ${clockText(since, zone)}`,
    follows:
      "Until it reports again, totals and budgets miss its usage. Its own log says more, and so does `claude-spend doctor`.",
    details: [
      `Silent for ${String(hours)} comparable hours: by chance that happens less than once in a thousand times.`,
    ],
  };
}

export function silenceOverText(source: string, { isBack }: { readonly isBack: boolean }): string {
  return isBack ? `${source} reports again.` : `${source} is not expected to report any more.`;
}

function clockText(at: Instant, zone: TimeZone): string {
  return `${momentText(at, zone)} (${zone})`;
}

/** A person reads of "you"; what is not theirs to read alone names them. */
function whoWords(scope: Scope, name: string): AlertWords {
  return scope.kind === "user" && name === scope.key ? "You" : { strong: name };
}

/** What people call whoever is behind it; a person, who hears of it alone, by the address. */
export function ownerName(
  { kind, key }: Scope,
  known: {
    readonly teams: readonly { readonly key: string; readonly name: string }[];
    readonly serviceAccounts: readonly { readonly address: string }[];
    readonly apiKey: (id: string) => string;
  },
): string {
  if (kind === "team") return known.teams.find((team) => team.key === key)?.name ?? key;
  if (kind === "api_key") return `Key ${known.apiKey(key)}`;
  if (kind === "org") return "The organization";
  const isProgram = known.serviceAccounts.some(({ address }) => address === key);
  return isProgram ? `Service account ${key}` : key;
}
