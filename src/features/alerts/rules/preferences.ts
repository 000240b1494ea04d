/** What one person chose to be told by direct message, and when not. Pure. */
import type { AlertKind, AlertTopic } from "../../../domain/alert.ts";
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { TimeZone } from "../../../domain/time.ts";
import type { QuietHours } from "./quiet-hours.ts";

export interface Preferences {
  /** Alerts about their own spend. */
  readonly wantsOwn: boolean;
  /** Also by direct message what the channels of their teams read; for owners. */
  readonly wantsTeams: boolean;
  /** Of what they are told by direct message, these kinds not. */
  readonly muted: readonly AlertTopic[];
  readonly quietHours: QuietHours | undefined;
  /** Undefined: as in Slack. */
  readonly timeZone: TimeZone | undefined;
}

/** What holds for somebody who never chose. */
export const DEFAULT_PREFERENCES: Preferences = {
  wantsOwn: true,
  wantsTeams: false,
  muted: [],
  quietHours: undefined,
  timeZone: undefined,
};

/**
 * Whether a direct message is wanted. What reaches an admin because there is no channel for it is
 * nobody's choice: somebody must hear of it.
 */
export function wantsDirectMessage(
  preferences: Preferences,
  { scope, person }: { readonly scope: Scope; readonly person: Email },
): boolean {
  return scope.kind !== "user" || scope.key !== person || preferences.wantsOwn;
}

/** Whether everything there is to say is of kinds that were muted. */
export function areMuted(muted: readonly AlertTopic[], kinds: readonly AlertKind[]): boolean {
  return kinds.every((kind) => muted.some((topic) => TOPIC_KINDS[topic].includes(kind)));
}

/** What is in none of them can't be muted: it is about the bot itself, or asks somebody to act. */
const TOPIC_KINDS: Readonly<Record<AlertTopic, readonly AlertKind[]>> = {
  budgets: ["threshold", "reset", "recovery"],
  forecasts: ["forecast", "pace"],
  unusual: ["spike", "loop", "duplicates"],
};
