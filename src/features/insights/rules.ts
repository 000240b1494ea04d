/**
 * Insights, the shared decisions: what an episode is, when it is told again, when it is over, and
 * what false alarms change. Pure. What is unusual is decided in rules/, a file for each kind.
 */
import type { AlertFact } from "../../domain/alert.ts";
import type { Usd } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../domain/time.ts";

export type EpisodeKind = "spike" | "loop" | "duplicates" | "unknown_model" | "silence";

/** One time that something was unusual, from when it was noticed until it was normal again. */
export interface Episode {
  readonly episodeId: string;
  readonly kind: EpisodeKind;
  /** What it is about; an open episode is the only one of its kind and subject. */
  readonly subject: string;
  readonly scope: Scope;
  readonly threadKey: string;
  readonly openedAt: Instant;
  /** The last time that it was the case. */
  readonly seenAt: Instant;
  readonly amount: Usd;
  readonly countedUntil: Instant;
  /** The amount when it was last told; undefined: nobody was told. */
  readonly told: Usd | undefined;
  /** What people said of it last. */
  readonly feedback: "real" | "false" | "planned" | undefined;
}

/** What a look found out of the ordinary, in plain words; everything else is decided here. */
export interface Finding {
  readonly kind: EpisodeKind;
  readonly subject: string;
  readonly scope: Scope;
  readonly severity: AlertFact["severity"];
  /** Above normal, or wasted, so far. */
  readonly amount: Usd;
  readonly countedUntil: Instant;
  readonly content: AlertFact["content"];
  /** Of what else it is a part, which is told instead. */
  readonly partOf?: string | undefined;
  /** Set: planned events mute it up to that. */
  readonly excess?: Usd;
}

/** A message again in the same thread only when it has become so many times as much. */
const NEWS_TIMES = 4n;

export type Telling =
  | { readonly kind: "nothing" }
  | { readonly kind: "first" }
  | { readonly kind: "again" };

/** Whether people hear of a finding, when `episode` is what is open of it. */
export function tellingOf(episode: Episode | undefined, finding: Finding): Telling {
  if (finding.partOf !== undefined) return { kind: "nothing" };
  if (episode?.told === undefined) return { kind: "first" };
  if (episode.feedback === "false" || episode.feedback === "planned") return { kind: "nothing" };
  return episode.told > 0n && finding.amount >= episode.told * NEWS_TIMES
    ? { kind: "again" }
    : { kind: "nothing" };
}

/** How long something must be normal before an episode is over: no alarm for every burst. */
const QUIET_MS: Readonly<Record<EpisodeKind, number>> = {
  spike: HOUR_MS,
  loop: 20 * MINUTE_MS,
  duplicates: 20 * MINUTE_MS,
  unknown_model: 0,
  silence: 0,
};

/** Whether an episode that this look did not find is over. */
export function isOver(episode: Pick<Episode, "kind" | "seenAt">, now: Instant): boolean {
  return addMs(episode.seenAt, QUIET_MS[episode.kind]) <= now;
}

/** How long a false alarm counts. */
export const FALSE_ALARM_DAYS = 30;
/** Beyond this nothing would ever be told again. */
const FALSE_ALARMS_MAX = 3;

export function falseAlarmsSince(now: Instant): Instant {
  return addMs(now, -FALSE_ALARM_DAYS * DAY_MS);
}

/**
 * What everything must be exceeded by, after what people said of a subject's episodes, the latest
 * first: each false alarm doubles it, up to eight times; one that was real takes them back.
 */
export function barAfter(feedback: readonly ("real" | "false" | "planned")[]): bigint {
  const lastReal = feedback.indexOf("real");
  const since = lastReal === -1 ? feedback : feedback.slice(0, lastReal);
  const falseAlarms = since.filter((what) => what === "false").length;
  return 2n ** BigInt(Math.min(falseAlarms, FALSE_ALARMS_MAX));
}
