/** One person's preferences: looked up and changed by that person alone. */
import type { Email } from "../../domain/email.ts";
import type { Clock } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { loadPreferences, savePreferences } from "../alerts/index.ts";
import {
  areSame,
  isSameDigest,
  NO_DIGEST,
  type OwnPreferences,
  type PersonPreferences,
} from "./rules.ts";
import { findGivenDigest, findOwnDigest, lockPreferences, upsertOwnDigest } from "./store.ts";

export async function loadOwnPreferences(sql: Sql, email: Email): Promise<OwnPreferences> {
  const { preferences, defaultZone } = await loadPreferences(sql, email);
  const digest =
    (await findOwnDigest(sql, email)) ?? (await findGivenDigest(sql, email)) ?? NO_DIGEST;
  return { alerts: preferences, digest, defaultZone };
}

/**
 * The last form holds, as a whole; one that changes nothing leaves no trace. Who leaves the digest as
 * it was has not chosen one: what governance gives goes on.
 */
export async function saveOwnPreferences(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  email: Email,
  next: PersonPreferences,
): Promise<void> {
  await inTransaction(database, async (sql) => {
    await lockPreferences(sql, email);
    const { defaultZone: _, ...before } = await loadOwnPreferences(sql, email);
    if (areSame(before, next)) return;
    const now = clock();
    await savePreferences({ database: sql, clock }, email, next.alerts);
    if (!isSameDigest(before.digest, next.digest)) {
      await upsertOwnDigest(sql, email, next.digest, now);
    }
    await recordAudit(sql, {
      occurredAt: now,
      actor: email,
      action: "settings.changed",
      subject: `settings:${email}`,
      before: { ...before },
      after: { ...next },
    });
  });
}
