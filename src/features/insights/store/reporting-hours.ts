/**
 * Insights, the SQL of the hours in which sources reported usage as it happened. Owns:
 * insight_reporting_hours.
 */
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Reporting } from "../rules/silence.ts";

/** Whoever was looking. */
const OBSERVER = "";

/**
 * Notes which sources have usage in an hour, and that somebody looked. With `onlyIfObserved`
 * nothing is noted of an hour in which nobody did.
 */
export async function noteReporting(
  sql: Sql,
  hour: Period,
  { onlyIfObserved }: { readonly onlyIfObserved: boolean },
): Promise<void> {
  await sql.query(
    `insert into insight_reporting_hours (source, hour_start)
     select t.source, $1
       from (select distinct d.source
               from spend_rollups r
               join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
              where r.bucket_start >= $1 and r.bucket_start < $2 and r.request_count > 0
              union
             select $3) t
      where not $4
         or exists (select from insight_reporting_hours o
                     where o.source = $3 and o.hour_start = $1)
         on conflict (source, hour_start) do nothing`,
    [hour.start, hour.end, OBSERVER, onlyIfObserved],
  );
}

/** Notes every hour of a period of whole hours as one in which somebody looked. */
export async function notePast(sql: Sql, hours: Period): Promise<void> {
  await sql.query(
    `insert into insight_reporting_hours (source, hour_start)
     select distinct d.source, date_bin('1 hour', r.bucket_start, $1)
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where r.bucket_start >= $1 and r.bucket_start < $2 and r.request_count > 0
      union
     select $3, h from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', '1 hour') h
         on conflict (source, hour_start) do nothing`,
    [hours.start, hours.end, OBSERVER],
  );
}

/** By source; sources that were removed are silent on purpose. */
export async function listReporting(
  sql: Sql,
  since: Instant,
): Promise<ReadonlyMap<string, Reporting>> {
  const { rows } = await sql.query<{ readonly source: string; readonly hours: Date[] }>(
    `select h.source, array_agg(h.hour_start) as hours
       from insight_reporting_hours h
      where h.hour_start >= $1
        and not exists (select from sources s
                         where s.source = h.source and s.removed_at is not null)
      group by h.source
      order by h.source`,
    [since],
  );
  const hoursOf = new Map(
    rows.map(({ source, hours }) => [
      source,
      new Set(hours.map((hour) => instant(hour).getTime())),
    ]),
  );
  const observed = hoursOf.get(OBSERVER) ?? new Set<number>();
  hoursOf.delete(OBSERVER);
  return new Map([...hoursOf].map(([source, reported]) => [source, { reported, observed }]));
}

export async function deleteOldReporting(sql: Sql, before: Instant): Promise<void> {
  await sql.query(`delete from insight_reporting_hours where hour_start < $1`, [before]);
}
