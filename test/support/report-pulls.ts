/** The state of a report's reading, as rows of the database. */
import { addMs, HOUR_MS, type Instant } from "../../src/domain/time.ts";
import type { Report } from "../../src/features/provider-reports/index.ts";
import type { Sql } from "../../src/store/database.ts";

/** A report that was read five minutes before `now` and is complete up to an hour before it. */
export async function aPull(
  sql: Sql,
  report: Report,
  now: Instant,
  parts: {
    readonly completeUntil?: Instant;
    readonly lastSuccessAt?: Instant | null;
    readonly failures?: number;
    readonly lastError?: string;
    readonly needsOperator?: boolean;
  } = {},
): Promise<void> {
  const lastSuccessAt =
    parts.lastSuccessAt === undefined ? addMs(now, -300_000) : parts.lastSuccessAt;
  await sql.query(
    `insert into provider_report_pulls
            (report, starts_at, complete_until, last_success_at, next_attempt_at, failures,
             last_error, needs_operator)
     values ($1, '2026-10-01', $2, $3, $4, $5, $6, $7)`,
    [
      report,
      parts.completeUntil ?? addMs(now, -HOUR_MS),
      lastSuccessAt,
      now,
      parts.failures ?? 0,
      parts.lastError ?? null,
      parts.needsOperator ?? false,
    ],
  );
}
