/** Sources of usage events, the decisions: names, which secret counts when. Pure. */
import { addMs, HOUR_MS, type Instant } from "../../domain/time.ts";

export interface Source {
  readonly name: string;
  /** Whether what its events say about team and project counts. */
  readonly isTrusted: boolean;
}

export interface SourceSecret {
  /** Undefined: until further notice. */
  readonly validUntil: Instant | undefined;
}

/** The built-in source of INGEST_SECRET: whoever has the operator's own secret is believed. */
export const DEFAULT_SOURCE: Source = { name: "default", isTrusted: true };

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export type NameProblem = "not-a-name" | "built-in";

/** Why a source can't be called so; undefined when it can. */
export function problemOfName(name: string): NameProblem | undefined {
  if (name === DEFAULT_SOURCE.name) return "built-in";
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
