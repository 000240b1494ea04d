/** Budgets, the SQL of the last forecast of each member's budget. Owns: budget_forecasts. */
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Forecast } from "../rules/outlook.ts";
import type { Budget, BudgetRef } from "../rules.ts";

/** A forecast as it was made then, for the period that began with `periodStart`. */
export interface StoredForecast extends Forecast, BudgetRef {
  readonly generation: number;
  readonly periodStart: Instant;
  readonly asOf: Instant;
  readonly daysAhead: number;
}

export async function upsertForecasts(
  sql: Sql,
  forecasts: readonly StoredForecast[],
): Promise<void> {
  if (forecasts.length === 0) return;
  await sql.query(
    `insert into budget_forecasts
            (budget_id, member_key, generation, period_start, as_of, expected_usd, low_usd,
             high_usd, accuracy_percent, accuracy_periods, days_ahead)
     select * from unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[],
                          $5::timestamptz[], $6::numeric[], $7::numeric[], $8::numeric[],
                          $9::integer[], $10::integer[], $11::double precision[])
         on conflict (budget_id, member_key) do update
        set generation = excluded.generation,
            period_start = excluded.period_start,
            as_of = excluded.as_of,
            expected_usd = excluded.expected_usd,
            low_usd = excluded.low_usd,
            high_usd = excluded.high_usd,
            accuracy_percent = excluded.accuracy_percent,
            accuracy_periods = excluded.accuracy_periods,
            days_ahead = excluded.days_ahead`,
    [
      forecasts.map(({ budgetId }) => budgetId),
      forecasts.map(({ memberKey }) => memberKey),
      forecasts.map(({ generation }) => generation),
      forecasts.map(({ periodStart }) => periodStart),
      forecasts.map(({ asOf }) => asOf),
      forecasts.map(({ expected }) => usdToDecimal(expected)),
      forecasts.map(({ low }) => usdToDecimal(low)),
      forecasts.map(({ high }) => usdToDecimal(high)),
      forecasts.map(({ accuracy }) => accuracy?.withinPercent ?? null),
      forecasts.map(({ accuracy }) => accuracy?.periods ?? 0),
      forecasts.map(({ daysAhead }) => daysAhead),
    ],
  );
}

/** By member (of all, or of these), of a budget's period; none where the last forecast was for another one. */
export async function listForecasts(
  sql: Sql,
  { budgetId, generation }: Pick<Budget, "budgetId" | "generation">,
  of: { readonly periodStart: Instant; readonly memberKeys?: readonly string[] },
): Promise<ReadonlyMap<string, StoredForecast>> {
  const { periodStart, memberKeys } = of;
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly as_of: Date;
    readonly expected: string;
    readonly low: string;
    readonly high: string;
    readonly accuracy_percent: number | null;
    readonly accuracy_periods: number;
    readonly days_ahead: number;
  }>(
    `select f.member_key, f.as_of, f.expected_usd::text as expected, f.low_usd::text as low,
            f.high_usd::text as high, f.accuracy_percent, f.accuracy_periods,
            f.days_ahead
       from budget_forecasts f
      where f.budget_id = $1 and f.generation = $2 and f.period_start = $3
        and ($4::text[] is null or f.member_key = any($4))`,
    [budgetId, generation, periodStart, memberKeys ?? null],
  );
  return new Map(
    rows.map((row) => [
      row.member_key,
      {
        budgetId,
        memberKey: row.member_key,
        generation,
        periodStart,
        asOf: instant(row.as_of),
        daysAhead: row.days_ahead,
        expected: usdFromDecimal(row.expected),
        low: usdFromDecimal(row.low),
        high: usdFromDecimal(row.high),
        accuracy:
          row.accuracy_percent === null
            ? undefined
            : { withinPercent: row.accuracy_percent, periods: row.accuracy_periods },
      },
    ]),
  );
}
