/** Alerts, the SQL of what people want to be told, and when. Owns: alert_preferences. */
import { ALERT_TOPICS } from "../../../domain/alert.ts";
import { type Email, emailFrom } from "../../../domain/email.ts";
import { type Instant, parseTimeZone, type TimeZone } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Preferences } from "../rules/preferences.ts";

interface PreferencesRow {
  readonly email: string;
  readonly wants_own: boolean;
  readonly wants_teams: boolean;
  readonly muted: readonly string[];
  readonly quiet_from: string | null;
  readonly quiet_until: string | null;
  readonly time_zone: string | null;
}

/** Of those among `people` who chose something. */
export async function listPreferences(
  sql: Sql,
  people: readonly Email[],
): Promise<ReadonlyMap<Email, Preferences>> {
  if (people.length === 0) return new Map();
  const { rows } = await sql.query<PreferencesRow>(
    `select p.email, p.wants_own, p.wants_teams, p.muted, p.quiet_from, p.quiet_until, p.time_zone
       from alert_preferences p
      where p.email = any($1)`,
    [people],
  );
  return new Map(rows.map((row) => [emailFrom(row.email), preferencesFromRow(row)]));
}

export async function upsertPreferences(
  sql: Sql,
  email: Email,
  preferences: Preferences,
  now: Instant,
): Promise<void> {
  const { wantsOwn, wantsTeams, muted, quietHours, timeZone } = preferences;
  await sql.query(
    `insert into alert_preferences
            (email, wants_own, wants_teams, muted, quiet_from, quiet_until, time_zone, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (email) do update
        set wants_own = excluded.wants_own, wants_teams = excluded.wants_teams, muted = excluded.muted,
            quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
            time_zone = excluded.time_zone, changed_at = excluded.changed_at`,
    [
      email,
      wantsOwn,
      wantsTeams,
      muted,
      quietHours?.from ?? null,
      quietHours?.until ?? null,
      timeZone ?? null,
      now,
    ],
  );
}

/** The zones of people as Slack knows them. */
export async function listSlackTimeZones(
  sql: Sql,
  people: readonly Email[],
): Promise<ReadonlyMap<Email, TimeZone>> {
  if (people.length === 0) return new Map();
  const { rows } = await sql.query<{ readonly email: string; readonly time_zone: string }>(
    `select distinct on (u.email) u.email, u.time_zone
       from slack_users u
      where u.email = any($1) and u.time_zone is not null
      order by u.email, u.seen_at desc`,
    [people],
  );
  return new Map(
    rows.flatMap((row) => {
      const zone = parseTimeZone(row.time_zone);
      return zone === undefined ? [] : [[emailFrom(row.email), zone] as const];
    }),
  );
}

function preferencesFromRow(row: PreferencesRow): Preferences {
  const { quiet_from: from, quiet_until: until } = row;
  return {
    wantsOwn: row.wants_own,
    wantsTeams: row.wants_teams,
    muted: ALERT_TOPICS.filter((topic) => row.muted.includes(topic)),
    quietHours: from === null || until === null ? undefined : { from, until },
    timeZone: row.time_zone === null ? undefined : parseTimeZone(row.time_zone),
  };
}
