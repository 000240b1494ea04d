/** What a person wants to be told of alerts: looked up and changed for the form of preferences. */
import type { Email } from "../../../domain/email.ts";
import type { Clock, TimeZone } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { DEFAULT_PREFERENCES, type Preferences } from "../rules/preferences.ts";
import { listPreferences, listSlackTimeZones, upsertPreferences } from "../store/preferences.ts";

export interface OwnPreferences {
  readonly preferences: Preferences;
  /** The zone that holds while none is chosen. */
  readonly defaultZone: TimeZone;
}

export async function loadPreferences(sql: Sql, email: Email): Promise<OwnPreferences> {
  const chosen = (await listPreferences(sql, [email])).get(email);
  const zone = (await listSlackTimeZones(sql, [email])).get(email);
  return {
    preferences: chosen ?? DEFAULT_PREFERENCES,
    defaultZone: zone ?? (await loadOrganization({ database: sql })).timeZone,
  };
}

/** The last choice holds; what is held back already is looked at again when its time comes. */
export async function savePreferences(
  { database, clock }: { readonly database: Sql; readonly clock: Clock },
  email: Email,
  preferences: Preferences,
): Promise<void> {
  await upsertPreferences(database, email, preferences, clock());
}
