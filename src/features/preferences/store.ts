/** Preferences, the SQL of people's own digests. Owns: person_digest_preferences. */
import type { Email } from "../../domain/email.ts";
import type { Instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import { DIGEST_INTERVALS, NO_DIGEST, type OwnDigest } from "./rules.ts";

/** Undefined: this person never chose. */
export async function findOwnDigest(sql: Sql, email: Email): Promise<OwnDigest | undefined> {
  const { rows } = await sql.query<{ readonly every: string; readonly at_local_time: string }>(
    `select d.every, d.at_local_time from person_digest_preferences d where d.email = $1`,
    [email],
  );
  return digestFromRow(rows[0]);
}

function digestFromRow(
  row: { readonly every: string; readonly at_local_time: string } | undefined,
): OwnDigest | undefined {
  if (row === undefined) return undefined;
  const every = DIGEST_INTERVALS.find((one) => one === row.every) ?? NO_DIGEST.every;
  return { every, atLocalTime: row.at_local_time };
}

/** The digest that governance gives to each person, as it is planned for this one; undefined: none. */
export async function findGivenDigest(sql: Sql, email: Email): Promise<OwnDigest | undefined> {
  const { rows } = await sql.query<{ readonly every: string; readonly at_local_time: string }>(
    `select d.every, d.at_local_time
       from digests d
      where d.channel = 'email:' || $1 and d.scope = 'user:' || $1`,
    [email],
  );
  return digestFromRow(rows[0]);
}

export async function upsertOwnDigest(
  sql: Sql,
  email: Email,
  { every, atLocalTime }: OwnDigest,
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into person_digest_preferences (email, every, at_local_time, changed_at)
     values ($1, $2, $3, $4)
         on conflict (email) do update
        set every = excluded.every, at_local_time = excluded.at_local_time,
            changed_at = excluded.changed_at`,
    [email, every, atLocalTime, now],
  );
}

/** One person's form at a time: two that are sent together are saved one after the other. */
export async function lockPreferences(sql: Sql, email: Email): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtextextended('preferences:' || $1, 0))`, [
    email,
  ]);
}
