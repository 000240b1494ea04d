/** Insights, the SQL of spend by series. Reads spend_rollups, spend_dimensions, charges. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import { instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Series, SeriesKind } from "../rules/incidents.ts";

/** What one combination of owners and model cost in a span. */
export interface TouchedSpend {
  /** The series that it counts towards. */
  readonly series: readonly Series[];
  readonly cost: Usd;
}

const COLUMN: Readonly<Record<SeriesKind, string>> = {
  team: "d.team_key",
  user: "d.user_email",
  api_key: "d.api_key_id",
  model: "d.model_id",
};

/** What was spent in a span, by what it counts towards: as many rows as were touched in it. */
export async function listTouched(sql: Sql, span: Period): Promise<TouchedSpend[]> {
  const { rows } = await sql.query<{
    readonly team_key: string | null;
    readonly user_email: string | null;
    readonly api_key_id: string | null;
    readonly model_id: string;
    readonly cost: string;
  }>(
    `select d.team_key, d.user_email, d.api_key_id, d.model_id, sum(t.cost)::text as cost
       from (select r.spend_dimension_id, sum(r.billed_cost_usd) as cost
               from spend_rollups r
              where r.bucket_start >= $1 and r.bucket_start < $2
              group by r.spend_dimension_id) t
       join spend_dimensions d on d.spend_dimension_id = t.spend_dimension_id
      group by d.team_key, d.user_email, d.api_key_id, d.model_id`,
    [span.start, span.end],
  );
  return rows.map((row) => ({
    cost: usdFromDecimal(row.cost),
    series: [
      series("user", row.user_email),
      series("api_key", row.api_key_id),
      series("team", row.team_key),
      series("model", row.model_id),
    ].flat(),
  }));
}

function series(kind: SeriesKind, key: string | null): Series[] {
  return key === null || key === "" ? [] : [{ kind, key }];
}

/** Spend by local hour of some series of one kind, by scope. */
export async function listHours(
  sql: Sql,
  of: { readonly kind: SeriesKind; readonly keys: readonly string[]; readonly zone: string },
  span: Period,
): Promise<ReadonlyMap<string, ReadonlyMap<number, Usd>>> {
  const column = COLUMN[of.kind];
  const { rows } = await sql.query<{
    readonly key: string;
    readonly hour_start: Date;
    readonly cost: string;
  }>(
    `select ${column} as key, date_trunc('hour', r.bucket_start, $4) as hour_start,
            sum(r.billed_cost_usd)::text as cost
       from spend_dimensions d
       join spend_rollups r
         on r.spend_dimension_id = d.spend_dimension_id
        and r.bucket_start >= $2 and r.bucket_start < $3
      where ${column} = any ($1)
      group by 1, 2`,
    [of.keys, span.start, span.end, of.zone],
  );
  const hours = new Map<string, Map<number, Usd>>(
    of.keys.map((key) => [formatScope({ kind: of.kind, key }), new Map()]),
  );
  for (const row of rows) {
    hours
      .get(formatScope({ kind: of.kind, key: row.key }))
      ?.set(instant(row.hour_start).getTime(), usdFromDecimal(row.cost));
  }
  return hours;
}

/** The largest parts of a series in a span, by another dimension: what drives it. */
export async function listDrivers(
  sql: Sql,
  of: { readonly series: Series; readonly by: SeriesKind | "project"; readonly driversMax: number },
  span: Period,
): Promise<readonly { readonly name: string; readonly cost: Usd }[]> {
  const by = of.by === "project" ? "d.project_key" : COLUMN[of.by];
  const { rows } = await sql.query<{ readonly name: string; readonly cost: string }>(
    `select ${by} as name, sum(r.billed_cost_usd)::text as cost
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where r.bucket_start >= $1 and r.bucket_start < $2
        and ${COLUMN[of.series.kind]} = $3 and ${by} is not null
      group by ${by}
     having sum(r.billed_cost_usd) > 0
      order by sum(r.billed_cost_usd) desc, ${by}
      limit $4`,
    [span.start, span.end, of.series.key, of.driversMax],
  );
  return rows.map((row) => ({ name: row.name, cost: usdFromDecimal(row.cost) }));
}

/**
 * All that a model ever cost, and whether its price had to be assumed: sources that report costs
 * themselves need no price. Looks at its first and its latest usage.
 */
export async function loadModelSpend(
  sql: Sql,
  modelId: string,
): Promise<{ readonly cost: Usd; readonly isAssumed: boolean }> {
  const { rows } = await sql.query<{ readonly cost: string; readonly is_assumed: boolean }>(
    `with buckets as (
       select r.spend_dimension_id, r.bucket_start, r.billed_cost_usd
         from spend_dimensions d
         join spend_rollups r on r.spend_dimension_id = d.spend_dimension_id
        where d.model_id = $1
     )
     select coalesce(sum(b.billed_cost_usd), 0)::text as cost,
            exists (
              select from (select min(f.bucket_start) as at from buckets f
                            union
                           select max(l.bucket_start) from buckets l) ends
                join charges c
                  on c.charge_period_start >= ends.at
                 and c.charge_period_start < ends.at + interval '15 minutes'
                join spend_dimensions x on x.spend_dimension_id = c.spend_dimension_id
               where x.model_id = $1 and c.pricing_basis = 'estimated'
                 and c.charge_class is null) as is_assumed
       from buckets b`,
    [modelId],
  );
  return { cost: usdFromDecimal(rows[0]?.cost ?? "0"), isAssumed: rows[0]?.is_assumed === true };
}

/** Every model that was ever used: one step through the index for each. */
export async function listModelsSeen(sql: Sql): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly model_id: string }>(
    `with recursive models as (
       (select d.model_id from spend_dimensions d order by d.model_id limit 1)
       union all
       select (select d.model_id
                 from spend_dimensions d
                where d.model_id > m.model_id
                order by d.model_id
                limit 1)
         from models m
        where m.model_id is not null
     )
     select m.model_id from models m where m.model_id is not null`,
  );
  return rows.map((row) => row.model_id);
}
