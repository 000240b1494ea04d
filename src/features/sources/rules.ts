/**
 * Sources of usage events, the decisions: names, which secret counts when, and which source counts
 * where several report the same. Pure.
 */
import { addMs, HOUR_MS, type Instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";

export interface Source {
  readonly name: string;
  /** Whether what its events say about team and project counts. */
  readonly isTrusted: boolean;
  /** Whether what its events say about people counts. Absent: it does. */
  readonly isTrustedForPeople?: boolean;
}

export interface SourceSecret {
  /** Undefined: until further notice. */
  readonly validUntil: Instant | undefined;
}

/** The built-in source of INGEST_SECRET: whoever has the operator's own secret is believed. */
export const DEFAULT_SOURCE: Source = { name: "default", isTrusted: true };

/** Under `anthropic` count what Anthropic's own reports say that no other source has told. */
const BUILT_IN_NAMES: ReadonlySet<string> = new Set([DEFAULT_SOURCE.name, "anthropic"]);

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export type NameProblem = "not-a-name" | "built-in";

/** Why a source can't be called so; undefined when it can. */
export function problemOfName(name: string): NameProblem | undefined {
  if (BUILT_IN_NAMES.has(name)) return "built-in";
  return NAME.test(name) ? undefined : "not-a-name";
}

export function isValidAt({ validUntil }: SourceSecret, at: Instant): boolean {
  return validUntil === undefined || at < validUntil;
}

/** While senders are changed over, the secret before counts as well. */
export const ROTATION_GRACE_HOURS = 24;

/** When the secrets that are valid now stop counting, after a rotation at `now`. */
export function graceEnd(now: Instant, hours: number): Instant {
  return addMs(now, hours * HOUR_MS);
}

/** What a designation is for: all usage of a workspace, or of a key. */
export type MeteringMatch = { readonly workspaceId: string } | { readonly apiKeyId: string };

/** The one source that counts for a workspace or key, for usage of that time. */
export interface MeteringDesignation {
  readonly match: MeteringMatch;
  readonly source: string;
  readonly validFrom: Instant;
  /** Undefined: until further notice. */
  readonly validUntil: Instant | undefined;
}

/**
 * Whether another source than the event's own was designated for it when it was used. What is said
 * of its key comes before what is said of its workspace. The time of the usage decides, not the
 * time of the delivery, so that it makes no difference how late or how often an event comes.
 */
export function isMeteredElsewhere(
  event: Pick<UsageEvent, "source" | "occurredAt" | "apiKeyId" | "workspaceId">,
  designations: readonly MeteringDesignation[],
): boolean {
  if (designations.length === 0) return false;
  const inForce = designations.filter(
    ({ validFrom, validUntil }) =>
      validFrom <= event.occurredAt && (validUntil === undefined || event.occurredAt < validUntil),
  );
  const designated =
    inForce.find(({ match }) => "apiKeyId" in match && match.apiKeyId === event.apiKeyId) ??
    inForce.find(({ match }) => "workspaceId" in match && match.workspaceId === event.workspaceId);
  return designated !== undefined && designated.source !== event.source;
}

export function isSameMatch(left: MeteringMatch, right: MeteringMatch): boolean {
  return matchText(left) === matchText(right);
}

/** "workspace:wrkspc_01", as a scope is written. */
export function matchText(match: MeteringMatch): string {
  return "apiKeyId" in match ? `api_key:${match.apiKeyId}` : `workspace:${match.workspaceId}`;
}

export function isSourceName(name: string): boolean {
  return NAME.test(name);
}
