/** Digests, the SQL. Owns: digests. */
import { formatScope, scopeFrom } from "../../domain/scope.ts";
import { type Instant, instant, timeZone, WEEKDAYS } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { Digest, DigestInterval } from "./rules.ts";

interface DigestRow {
  readonly digest_key: string;
  readonly channel: string;
  readonly scope: string;
  readonly every: DigestInterval;
  readonly on_weekday: string | null;
  readonly at_local_time: string;
  readonly time_zone: string;
  readonly next_run_at: Date;
}

const COLUMNS = `d.digest_key, d.channel, d.scope, d.every, d.on_weekday, d.at_local_time,
            d.time_zone, d.next_run_at`;

/** The one that is due the longest, locked: another replica takes the next one. None of `except`. */
export async function claimDueDigest(
  sql: Sql,
  now: Instant,
  except: readonly string[],
): Promise<Digest | undefined> {
  const { rows } = await sql.query<DigestRow>(
    `select ${COLUMNS}
       from digests d
      where d.next_run_at <= $1 and d.digest_key <> all($2::text[])
      order by d.next_run_at, d.digest_key
        for update skip locked
      limit 1`,
    [now, except],
  );
  return rows[0] === undefined ? undefined : digestFromRow(rows[0]);
}

export async function updateNextRun(sql: Sql, digestKey: string, next: Instant): Promise<void> {
  await sql.query(`update digests set next_run_at = $2 where digest_key = $1`, [digestKey, next]);
}

/** Keeps the slot of a digest that stays: applying governance must not lose or repeat one. */
export async function replaceDigests(sql: Sql, digests: readonly Digest[]): Promise<void> {
  await sql.query(`delete from digests where digest_key <> all($1::text[])`, [
    digests.map((digest) => digest.digestKey),
  ]);
  for (const digest of digests) {
    // oxlint-disable-next-line no-await-in-loop -- a handful of rows, in one transaction
    await sql.query(
      `insert into digests
              (digest_key, channel, scope, every, on_weekday, at_local_time, time_zone, next_run_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (digest_key) do nothing`,
      [
        digest.digestKey,
        digest.channel,
        formatScope(digest.scope),
        digest.every,
        digest.onWeekday ?? null,
        digest.atLocalTime,
        digest.zone,
        digest.nextRunAt,
      ],
    );
  }
}

/** Events that could not be recorded in a span, by reason. */
export async function countRejectedEvents(
  sql: Sql,
  span: { readonly start: Instant; readonly end: Instant },
): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count
       from rejected_events r
      where r.received_at >= $1 and r.received_at < $2`,
    [span.start, span.end],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Messages of a span that were given up: their channel or person is not to be found in Slack. */
export async function countUndelivered(
  sql: Sql,
  span: { readonly start: Instant; readonly end: Instant },
): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count
       from outbox_messages o
      where o.status = 'failed' and o.created_at >= $1 and o.created_at < $2`,
    [span.start, span.end],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Requests that wait for somebody's decision, oldest first. */
export async function listOpenRequestTitles(
  sql: Sql,
  scope: string | undefined,
): Promise<string[]> {
  const { rows } = await sql.query<{ title: string }>(
    `select a.title
       from approval_requests a
      where a.status = 'requested' and ($1::text is null or a.scope = $1)
      order by a.requested_at
      limit 5`,
    [scope ?? null],
  );
  return rows.map((row) => row.title);
}

function digestFromRow(row: DigestRow): Digest {
  return {
    digestKey: row.digest_key,
    channel: row.channel,
    scope: scopeFrom(row.scope),
    every: row.every,
    onWeekday: WEEKDAYS.find((day) => day === row.on_weekday),
    atLocalTime: row.at_local_time,
    zone: timeZone(row.time_zone),
    nextRunAt: instant(row.next_run_at),
  };
}
