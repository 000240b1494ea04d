/** What a person wants to be told: looked up and changed by that person alone. */
import type { Email } from "../../../domain/email.ts";
import type { Clock, TimeZone } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
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
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  email: Email,
  preferences: Preferences,
): Promise<void> {
  await inTransaction(database, async (sql) => {
    const now = clock();
    const before = (await listPreferences(sql, [email])).get(email);
    await upsertPreferences(sql, email, preferences, now);
    await recordAudit(sql, {
      occurredAt: now,
      actor: email,
      action: "settings.changed",
      subject: `settings:${email}`,
      before: before === undefined ? undefined : { ...before },
      after: { ...preferences },
    });
  });
}
