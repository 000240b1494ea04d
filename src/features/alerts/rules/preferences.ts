/** What one person chose to be told by direct message, and when not. Pure. */
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { TimeZone } from "../../../domain/time.ts";
import type { QuietHours } from "./quiet-hours.ts";

export interface Preferences {
  /** Alerts about their own spend. */
  readonly wantsOwn: boolean;
  /** Also by direct message what the channels of their teams read; for owners. */
  readonly wantsTeams: boolean;
  readonly quietHours: QuietHours | undefined;
  /** Undefined: as in Slack. */
  readonly timeZone: TimeZone | undefined;
}

/** What holds for somebody who never chose. */
export const DEFAULT_PREFERENCES: Preferences = {
  wantsOwn: true,
  wantsTeams: false,
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
