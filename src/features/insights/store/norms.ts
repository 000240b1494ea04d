/** Insights, the SQL of what is normal for a series this hour. Owns: insight_norms. */
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { SeriesNorms } from "../rules/rhythm.ts";
import type { Norm } from "../rules/spike.ts";

/** By scope; only those of this hour. */
export async function listNorms(
  sql: Sql,
  scopes: readonly string[],
  hourStart: Instant,
): Promise<ReadonlyMap<string, SeriesNorms>> {
  const { rows } = await sql.query<{
    readonly scope: string;
    readonly span: "hour" | "day";
    readonly sample_count: number;
    readonly normal_usd: string;
    readonly usual_max_usd: string;
    readonly spread_usd: string;
  }>(
    `select n.scope, n.span, n.sample_count, n.normal_usd::text, n.usual_max_usd::text,
            n.spread_usd::text
       from insight_norms n
      where n.scope = any ($1) and n.hour_start = $2`,
    [scopes, hourStart],
  );
  const bySpan = { hour: new Map<string, Norm>(), day: new Map<string, Norm>() };
  for (const row of rows) {
    bySpan[row.span].set(row.scope, {
      sampleCount: row.sample_count,
      normal: usdFromDecimal(row.normal_usd),
      usualMax: usdFromDecimal(row.usual_max_usd),
      spread: usdFromDecimal(row.spread_usd),
    });
  }
  const norms = new Map<string, SeriesNorms>();
  for (const [scope, hour] of bySpan.hour) {
    const day = bySpan.day.get(scope);
    if (day !== undefined) norms.set(scope, { hour, day });
  }
  return norms;
}

export async function upsertNorms(
  sql: Sql,
  norms: ReadonlyMap<string, SeriesNorms>,
  hourStart: Instant,
): Promise<void> {
  const rows = [...norms].flatMap(([scope, { hour, day }]) => [
    { scope, span: "hour", norm: hour },
    { scope, span: "day", norm: day },
  ]);
  if (rows.length === 0) return;
  await sql.query(
    `insert into insight_norms
            (scope, span, hour_start, sample_count, normal_usd, usual_max_usd, spread_usd)
     select n.scope, n.span, $7, n.sample_count, n.normal_usd, n.usual_max_usd, n.spread_usd
       from unnest($1::text[], $2::text[], $3::integer[], $4::numeric[], $5::numeric[],
                   $6::numeric[])
         as n (scope, span, sample_count, normal_usd, usual_max_usd, spread_usd)
         on conflict (scope, span) do update
        set hour_start = excluded.hour_start, sample_count = excluded.sample_count,
            normal_usd = excluded.normal_usd, usual_max_usd = excluded.usual_max_usd,
            spread_usd = excluded.spread_usd`,
    [
      rows.map(({ scope }) => scope),
      rows.map(({ span }) => span),
      rows.map(({ norm }) => norm.sampleCount),
      rows.map(({ norm }) => usdToDecimal(norm.normal)),
      rows.map(({ norm }) => usdToDecimal(norm.usualMax)),
      rows.map(({ norm }) => usdToDecimal(norm.spread)),
      hourStart,
    ],
  );
}
