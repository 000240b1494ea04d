/** Showback, the SQL of how spend went: by day or hour; and up to when usage has come in. Reads only. */
import { usdFromDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import { type Instant, instant, parseLocalDate } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Course, SpendQuery } from "../rules.ts";
import { listSpend } from "../store.ts";
import {
  isPersonal,
  isWholeQuarters,
  isWide,
  quartersCondition,
  scopeCondition,
  scopeParameter,
} from "./spend-sql.ts";

type Point = Course["points"][number];

/** Cost of every day or hour with spend, the earliest first. */
export async function listCourse(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  step: Course["step"],
): Promise<readonly Point[]> {
  const { scope, period } = query;
  if (isWide(scope) && isWholeQuarters(period)) return await listOfQuarters(sql, query, step);
  const isNarrow = scope.kind !== "tag" && !isWide(scope);
  if (isNarrow && step === "day") return await listDays(sql, query);
  const rows = await listSpend(sql, { ...query, groupBy: [step] });
  return rows.flatMap(({ group, cost }) =>
    pointsOf(group[step] ?? "", cost, { step, zone: query.zone }),
  );
}

/** Of many people: the quarters of an hour by model are few, however many people there are. */
async function listOfQuarters(
  sql: Sql,
  { scope, period, zone }: Omit<SpendQuery, "groupBy">,
  step: Course["step"],
): Promise<readonly Point[]> {
  const at =
    step === "day"
      ? "(q.bucket_start at time zone $3)::date"
      : "date_trunc('hour', q.bucket_start, $3)";
  const { rows } = await sql.query<{ readonly at: string; readonly cost: string }>(
    `select to_json(p.at) #>> '{}' as at, p.cost::text
       from (select ${at} as at, sum(q.cost) as cost
               from (select s.bucket_start, sum(s.billed_cost_usd) as cost
                       from model_spend_quarters s
                      where s.bucket_start >= $1 and s.bucket_start < $2
                            ${quartersCondition(scope, "$4")}
                      group by 1) q
              group by 1) p
      where p.cost <> 0
      order by p.at`,
    [period.start, period.end, zone, ...(scope.kind === "org" ? [] : [scopeParameter(scope)])],
  );
  return rows.flatMap((row) => pointsOf(row.at, usdFromDecimal(row.cost), { step, zone }));
}

/** None where the text is no date, which is never. */
function pointsOf(
  text: string,
  cost: Point["cost"],
  { step, zone }: { readonly step: Course["step"]; readonly zone: SpendQuery["zone"] },
): readonly Point[] {
  const at = step === "hour" ? instant(text) : parseLocalDate(text, zone);
  return at === undefined ? [] : [{ at, cost }];
}

/**
 * Spend by local day of few people: the sums of UTC days, the quarters of an hour around midnight
 * that belong to the day before or after, and those before and after the period.
 */
async function listDays(
  sql: Sql,
  { scope, period, zone }: Omit<SpendQuery, "groupBy">,
): Promise<readonly Point[]> {
  const { rows } = await sql.query<{ readonly day: string; readonly cost: string }>({
    name: `days ${scope.kind}`,
    text: `with midnights as materialized (
       -- Around a change of clocks a quarter is as far ahead as half a day before, or after, it.
       select m.at - greatest(z.most, interval '0') as since,
              m.at + greatest(-z.least, interval '0') as until
         from generate_series(date_trunc('day', $1::timestamptz, 'UTC'),
                              date_trunc('day', $2::timestamptz, 'UTC') + interval '1 day',
                              interval '24 hours') as m (at)
        cross join lateral (
          select max(n.at at time zone $3 at time zone 'UTC' - n.at) as most,
                 min(n.at at time zone $3 at time zone 'UTC' - n.at) as least
            from (values (m.at - interval '14 hours'), (m.at), (m.at + interval '12 hours')) n (at)
        ) z
     ), around as (
       select r.bucket_start, sum(r.billed_cost_usd) as cost
         from ${quartersBetween("midnights", scope)}
        group by 1
     ), moved as materialized (
       select a.day, a.utc_day, a.cost
         from (select (b.bucket_start at time zone $3)::date as day,
                      (b.bucket_start at time zone 'UTC')::date as utc_day, b.cost
                 from around b) a
        where a.day <> a.utc_day
     ), beside (since, until) as (
       -- Of its first and last day what is not of the period: such as what is dated ahead of now.
       values (date_trunc('day', $1::timestamptz, $3), $1::timestamptz),
              ($2::timestamptz,
               ((($2::timestamptz - interval '1 microsecond') at time zone $3)::date + 1)::timestamp
                 at time zone $3)
     ), outside as (
       select (r.bucket_start at time zone $3)::date as day, sum(r.billed_cost_usd) as cost
         from ${quartersBetween("beside", scope)}
        group by 1
     ), parts as (
       select (s.day_start at time zone 'UTC')::date as day, sum(s.billed_cost_usd) as cost
         from spend_dimensions d
        cross join lateral (select t.day_start, t.billed_cost_usd
                              from ${isPersonal(scope) ? "spend_days" : "team_spend_days"} t
                             where t.spend_dimension_id = d.spend_dimension_id
                               and t.day_start >= date_trunc('day', $1::timestamptz, 'UTC') - interval '1 day'
                               and t.day_start < $2::timestamptz + interval '1 day'
                            offset 0) s
        where true ${scopeCondition(scope, "$4")}
        group by 1
       union all
       select v.day, v.cost from moved v
       union all
       select v.utc_day, -v.cost from moved v
       union all
       select o.day, -o.cost from outside o
     )
     select p.day::text, sum(p.cost)::text as cost
       from parts p
      where p.day >= ($1::timestamptz at time zone $3)::date
        and p.day <= (($2::timestamptz - interval '1 microsecond') at time zone $3)::date
      group by p.day
     having sum(p.cost) <> 0
      order by p.day`,
    values: [period.start, period.end, zone, scopeParameter(scope)],
  });
  return rows.flatMap(({ day, cost }) =>
    pointsOf(day, usdFromDecimal(cost), { step: "day", zone }),
  );
}

/** Quarters of an hour, as `r`, between the times in rows of `bounds`. */
function quartersBetween(bounds: "midnights" | "beside", scope: Scope): string {
  return `spend_dimensions d
        cross join ${bounds} b
              -- One dimension after the other, which Postgres would not think of by itself.
        cross join lateral (select q.bucket_start, q.billed_cost_usd
                              from spend_rollups q
                             where q.spend_dimension_id = d.spend_dimension_id
                               and q.bucket_start >= b.since and q.bucket_start < b.until
                            offset 0) r
        where true ${scopeCondition(scope, "$4")}`;
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
