/** Digests, the SQL of schedules and slots. Owns: digests. */
import { formatScope, type Scope, scopeFrom } from "../../../domain/scope.ts";
import { type Instant, instant, timeZone, WEEKDAYS } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Digest, DigestInterval } from "../rules.ts";
import { destinationColumn, destinationOf } from "./destinations.ts";

interface DigestRow {
  readonly digest_key: string;
  readonly destination: string;
  readonly scope: string;
  readonly every: DigestInterval;
  readonly on_weekday: string | null;
  readonly on_day: number | null;
  readonly at_local_time: string;
  readonly time_zone: string;
  readonly next_run_at: Date;
  readonly told_through: string | null;
}

const COLUMNS = `d.digest_key, d.channel as destination, d.scope, d.every, d.on_weekday, d.on_day,
            d.at_local_time, d.time_zone, d.next_run_at, d.told_through`;

/**
 * Those that are due the longest and tell of the same span, at most `countMax`, locked: another
 * replica takes the next ones. None of `except`.
 */
export async function claimDueDigests(
  sql: Sql,
  now: Instant,
  { except, countMax }: { readonly except: readonly string[]; readonly countMax: number },
): Promise<readonly Digest[]> {
  const { rows: first } = await sql.query<DigestRow>(
    `select ${COLUMNS}
       from digests d
      where d.next_run_at <= $1 and d.digest_key <> all($2::text[])
      order by d.next_run_at, d.digest_key
        for update skip locked
      limit 1`,
    [now, except],
  );
  const head = first[0];
  if (head === undefined) return [];
  const { rows: others } = await sql.query<DigestRow>(
    `select ${COLUMNS}
       from digests d
      where d.next_run_at = $1 and d.every = $2 and d.time_zone = $3 and d.digest_key > $4
        and d.digest_key <> all($5::text[])
      order by d.digest_key
        for update skip locked
      limit $6`,
    [head.next_run_at, head.every, head.time_zone, head.digest_key, except, countMax - 1],
  );
  return [head, ...others].map(digestFromRow);
}

/** The slot is decided; `toldThrough` where its span was told. */
export async function updateSlots(
  sql: Sql,
  decided: readonly {
    readonly digestKey: string;
    readonly next: Instant;
    readonly toldThrough: string | undefined;
  }[],
): Promise<void> {
  await sql.query(
    `update digests
        set next_run_at = u.next_run_at, told_through = u.told_through
       from unnest($1::text[], $2::timestamptz[], $3::date[]) as u (digest_key, next_run_at, told_through)
      where digests.digest_key = u.digest_key`,
    [
      decided.map(({ digestKey }) => digestKey),
      decided.map(({ next }) => next),
      decided.map(({ toldThrough }) => toldThrough ?? null),
    ],
  );
}

/** Those whose slot has come, locked by nobody. */
export async function listDueDigests(sql: Sql, now: Instant): Promise<readonly Digest[]> {
  const { rows } = await sql.query<DigestRow>(
    `select ${COLUMNS} from digests d where d.next_run_at <= $1 order by d.digest_key`,
    [now],
  );
  return rows.map(digestFromRow);
}

/** All of them, by key. */
export async function listDigests(sql: Sql): Promise<readonly Digest[]> {
  const { rows } = await sql.query<DigestRow>(
    `select ${COLUMNS} from digests d order by d.digest_key`,
  );
  return rows.map(digestFromRow);
}

/** All digests of a scope, locked: whoever is about to tell one is waited for. */
export async function lockDigestsOf(sql: Sql, scope: Scope): Promise<readonly Digest[]> {
  const { rows } = await sql.query<DigestRow>(
    `select ${COLUMNS} from digests d where d.scope = $1 order by d.digest_key for update`,
    [formatScope(scope)],
  );
  return rows.map(digestFromRow);
}

export async function deleteDigests(sql: Sql, keys: readonly string[]): Promise<void> {
  await sql.query(`delete from digests where digests.digest_key = any($1)`, [keys]);
}

/** Stores new ones, and the new schedule and slot of those that are there. */
export async function upsertDigests(sql: Sql, digests: readonly Digest[]): Promise<void> {
  await sql.query(
    `insert into digests
            (digest_key, channel, scope, every, on_weekday, on_day, at_local_time, time_zone,
             next_run_at, told_through)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
                          $7::text[], $8::text[], $9::timestamptz[], $10::date[])
         on conflict (digest_key) do update
        set channel = excluded.channel, scope = excluded.scope, every = excluded.every,
            on_weekday = excluded.on_weekday, on_day = excluded.on_day,
            at_local_time = excluded.at_local_time, time_zone = excluded.time_zone,
            next_run_at = excluded.next_run_at, told_through = excluded.told_through`,
    [
      digests.map(({ digestKey }) => digestKey),
      digests.map(({ destination }) => destinationColumn(destination)),
      digests.map(({ scope }) => formatScope(scope)),
      digests.map(({ every }) => every),
      digests.map(({ onWeekday }) => onWeekday ?? null),
      digests.map(({ onDay }) => onDay ?? null),
      digests.map(({ atLocalTime }) => atLocalTime),
      digests.map(({ zone }) => zone),
      digests.map(({ nextRunAt }) => nextRunAt),
      digests.map(({ toldThrough }) => toldThrough ?? null),
    ],
  );
}

function digestFromRow(row: DigestRow): Digest {
  return {
    digestKey: row.digest_key,
    destination: destinationOf(row.destination),
    scope: scopeFrom(row.scope),
    every: row.every,
    onWeekday: WEEKDAYS.find((day) => day === row.on_weekday),
    onDay: row.on_day ?? undefined,
    atLocalTime: row.at_local_time,
    zone: timeZone(row.time_zone),
    nextRunAt: instant(row.next_run_at),
    toldThrough: row.told_through ?? undefined,
  };
}
