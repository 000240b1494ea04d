/** Showback, the SQL of how spend went: by day or hour; and up to when usage has come in. Reads only. */
import { usdFromDecimal } from "../../../domain/money.ts";
import {
  type Instant,
  instant,
  type Period,
  parseLocalDate,
  type TimeZone,
} from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Course, SpendQuery } from "../rules.ts";
import { listSpend } from "../store.ts";

type Point = Course["points"][number];

/** Cost of every day or hour with spend, the earliest first. */
export async function listCourse(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  step: Course["step"],
): Promise<readonly Point[]> {
  if (query.scope.kind === "org" && step === "day") return await listDaysOfAll(sql, query);
  const rows = await listSpend(sql, { ...query, groupBy: [step] });
  return rows.flatMap(({ group, cost }) => {
    const text = group[step] ?? "";
    const at = step === "hour" ? instant(text) : parseLocalDate(text, query.zone);
    return at === undefined ? [] : [{ at, cost }];
  });
}

/**
 * Everybody's spend by local day: the sums of UTC days, and the quarters of an hour around midnight
 * that belong to the day before or after. Reading every quarter would take a second with a year of
 * them.
 */
async function listDaysOfAll(
  sql: Sql,
  { period, zone }: { readonly period: Period; readonly zone: TimeZone },
): Promise<readonly Point[]> {
  const { rows } = await sql.query<{ readonly day: string; readonly cost: string }>(
    `with midnights as materialized (
       select m.at, (m.at at time zone $3 at time zone 'UTC') - m.at as ahead
         from generate_series(date_trunc('day', $1::timestamptz, 'UTC'),
                              date_trunc('day', $2::timestamptz, 'UTC') + interval '1 day',
                              interval '24 hours') as m (at)
     ), moved as (
       select r.bucket_start, r.billed_cost_usd
         from midnights m
         join spend_rollups r
           on r.bucket_start >= m.at - greatest(m.ahead, interval '0') - interval '2 hours'
          and r.bucket_start < m.at + greatest(-m.ahead, interval '0') + interval '2 hours'
        where date_trunc('day', r.bucket_start, 'UTC') at time zone 'UTC'
              <> date_trunc('day', r.bucket_start, $3) at time zone $3
     ), parts as (
       select (d.day_start at time zone 'UTC')::date as day, sum(d.billed_cost_usd) as cost
         from spend_days d
        where d.day_start >= date_trunc('day', $1::timestamptz, 'UTC') - interval '1 day'
          and d.day_start < $2::timestamptz + interval '1 day'
        group by 1
       union all
       select (v.bucket_start at time zone $3)::date, v.billed_cost_usd from moved v
       union all
       select (v.bucket_start at time zone 'UTC')::date, -v.billed_cost_usd from moved v
     )
     select p.day::text, sum(p.cost)::text as cost
       from parts p
      where p.day >= ($1::timestamptz at time zone $3)::date
        and p.day <= (($2::timestamptz - interval '1 microsecond') at time zone $3)::date
      group by p.day
     having sum(p.cost) <> 0
      order by p.day`,
    [period.start, period.end, zone],
  );
  return rows.flatMap(({ day, cost }) => {
    const at = parseLocalDate(day, zone);
    return at === undefined ? [] : [{ at, cost: usdFromDecimal(cost) }];
  });
}

/** The end of the last quarter of an hour in which anything was used; undefined without usage. */
export async function loadDataUntil(sql: Sql, now: Instant): Promise<Instant | undefined> {
  const { rows } = await sql.query<{ readonly until: Date | null }>(
    `select max(r.bucket_start) + interval '15 minutes' as until
       from spend_rollups r
      where r.bucket_start <= $1`,
    [now],
  );
  const until = rows[0]?.until ?? undefined;
  if (until === undefined) return undefined;
  return until > now ? now : instant(until);
}
