/**
 * What other products list (workspaces, API keys, members, groups), and when it is read. Pure.
 */
import type { Email } from "../../domain/email.ts";
import { addMs, HOUR_MS, type Instant, MINUTE_MS } from "../../domain/time.ts";

export type DirectoryList = "workspaces" | "api_keys" | "users" | "groups";

export interface SyncedWorkspace {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly archivedAt: Instant | undefined;
}

export interface SyncedApiKey {
  readonly id: string;
  readonly name: string;
  readonly workspaceId: string | undefined;
  readonly status: string;
  /** "user:user_01", "service_account:svac_01". */
  readonly createdBy: string | undefined;
}

export interface SyncedUser {
  readonly id: string;
  readonly email: Email;
  readonly name: string;
}

export interface SyncedGroup {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly memberIds: readonly string[];
}

/** Names change a few times a year; a new key should have a name on the day it is made. */
const INTERVAL_MS = HOUR_MS;
const BACK_OFF_MAX_MS = HOUR_MS;
/** What a person must mend is looked at again now and then, without filling the log. */
const NEEDS_OPERATOR_MS = 6 * HOUR_MS;

/** When a list is read again. */
export function nextSync(
  now: Instant,
  { failures, needsOperator }: { readonly failures: number; readonly needsOperator: boolean },
): Instant {
  if (failures === 0) return addMs(now, INTERVAL_MS);
  if (needsOperator) return addMs(now, NEEDS_OPERATOR_MS);
  return addMs(now, Math.min(MINUTE_MS * 2 ** Math.min(failures - 1, 10), BACK_OFF_MAX_MS));
}
