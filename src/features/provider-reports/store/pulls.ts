/**
 * How far each report was read, in SQL. Whoever holds the lease of a report may save; every save
 * asks for the lease again, so that one who lost it saves nothing. Owns: provider_report_pulls.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { PullPosition, Report } from "../rules.ts";

export interface Pull extends PullPosition {
  readonly report: string;
  readonly deliveredRowId: string;
  readonly dataRefreshedAt: Instant | undefined;
  readonly leasedUntil: Instant | undefined;
  readonly lastAttemptAt: Instant | undefined;
  readonly lastSuccessAt: Instant | undefined;
  readonly nextAttemptAt: Instant;
  readonly failures: number;
  readonly lastError: string | undefined;
  readonly needsOperator: boolean;
}

interface PullRow {
  readonly report: string;
  readonly starts_at: Date;
  readonly complete_until: Date;
  readonly reread_until: Date | null;
  readonly reread_started_at: Date | null;
  readonly recent_reread_at: Date | null;
  readonly data_refreshed_at: Date | null;
  readonly delivered_row_id: string;
  readonly leased_until: Date | null;
  readonly last_attempt_at: Date | null;
  readonly last_success_at: Date | null;
  readonly next_attempt_at: Date;
  readonly failures: number;
  readonly last_error: string | null;
  readonly needs_operator: boolean;
}

const COLUMNS = `p.report, p.starts_at, p.complete_until, p.reread_until, p.reread_started_at,
  p.recent_reread_at, p.data_refreshed_at, p.delivered_row_id, p.leased_until, p.last_attempt_at,
  p.last_success_at, p.next_attempt_at, p.failures, p.last_error, p.needs_operator`;

/** Every report that was ever read. */
export async function listPulls(sql: Sql): Promise<readonly Pull[]> {
  const { rows } = await sql.query<PullRow>(
    `select ${COLUMNS} from provider_report_pulls p order by p.report`,
  );
  return rows.map(pullFromRow);
}

/** Begins a report at `startsAt` unless it has begun. All of it is new, so nothing is read again. */
export async function insertPull(
  sql: Sql,
  {
    report,
    startsAt,
    now,
  }: { readonly report: Report; readonly startsAt: Instant; readonly now: Instant },
): Promise<void> {
  await sql.query(
    `insert into provider_report_pulls
            (report, starts_at, complete_until, reread_started_at, recent_reread_at, next_attempt_at)
     values ($1, $2, $2, $3, $3, $3)
         on conflict (report) do nothing`,
    [report, startsAt, now],
  );
}

export interface Lease {
  readonly report: Report;
  readonly holder: string;
  readonly now: Instant;
  readonly until: Instant;
}

/** Takes the lease when it is free; undefined while another holds it, or when nothing is due. */
export async function claimPull(
  sql: Sql,
  { report, holder, now, until, isAsked }: Lease & { readonly isAsked: boolean },
): Promise<Pull | undefined> {
  const { rows } = await sql.query<PullRow>(
    `update provider_report_pulls p
        set leased_by = $2, leased_until = $4, last_attempt_at = $3
      where p.report = $1
        and (p.leased_until is null or p.leased_until <= $3)
        and ($5 or p.next_attempt_at <= $3)
     returning ${COLUMNS}`,
    [report, holder, now, until, isAsked],
  );
  const [row] = rows;
  return row === undefined ? undefined : pullFromRow(row);
}

/** Whether the lease was still there; if so it lasts longer, and nobody else can take it meanwhile. */
export async function renewLease(
  sql: Sql,
  { report, holder, until }: Omit<Lease, "now">,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update provider_report_pulls set leased_until = $3 where report = $1 and leased_by = $2`,
    [report, holder, until],
  );
  return rowCount === 1;
}

/** Where the reading stands after a chunk. For who renewed the lease in the same transaction. */
export async function updatePosition(
  sql: Sql,
  report: Report,
  {
    position,
    dataRefreshedAt,
  }: { readonly position: PullPosition; readonly dataRefreshedAt: Instant },
): Promise<void> {
  await sql.query(
    `update provider_report_pulls
        set starts_at = $2, complete_until = $3, reread_until = $4, reread_started_at = $5,
            recent_reread_at = $6, data_refreshed_at = $7
      where report = $1`,
    [
      report,
      position.startsAt,
      position.completeUntil,
      position.rereadUntil ?? null,
      position.rereadStartedAt ?? null,
      position.recentRereadAt ?? null,
      dataRefreshedAt,
    ],
  );
}

export async function updateDelivered(sql: Sql, report: Report, rowId: string): Promise<void> {
  await sql.query(
    `update provider_report_pulls set delivered_row_id = greatest(delivered_row_id, $2::bigint) where report = $1`,
    [report, rowId],
  );
}

/** What became of an attempt; gives the lease back. */
export async function finishPull(
  sql: Sql,
  { report, holder }: Pick<Lease, "report" | "holder">,
  outcome: {
    readonly now: Instant;
    readonly nextAttemptAt: Instant;
    readonly failures: number;
    readonly error: string | undefined;
    readonly needsOperator: boolean;
  },
): Promise<void> {
  const { now, nextAttemptAt, failures, error, needsOperator } = outcome;
  await sql.query(
    `update provider_report_pulls
        set leased_by = null, leased_until = null, next_attempt_at = $4, failures = $5,
            last_error = $6, needs_operator = $7,
            last_success_at = case when $6::text is null then $3 else last_success_at end
      where report = $1 and leased_by = $2`,
    [report, holder, now, nextAttemptAt, failures, error ?? null, needsOperator],
  );
}

/** Gives the lease back without a word: the program stops. */
export async function releaseLease(
  sql: Sql,
  { report, holder }: Pick<Lease, "report" | "holder">,
): Promise<void> {
  await sql.query(
    `update provider_report_pulls
        set leased_by = null, leased_until = null
      where report = $1 and leased_by = $2`,
    [report, holder],
  );
}

/**
 * What passes while a report does not count as usage is not counted later either: it was counted
 * otherwise. One who reads it at this moment has passed that point, or loses at most a chunk.
 */
export async function skipTo(sql: Sql, report: Report, until: Instant): Promise<void> {
  await sql.query(
    `update provider_report_pulls
        set starts_at = $2, complete_until = $2, reread_until = null, recent_reread_at = null
      where report = $1 and complete_until < $2`,
    [report, until],
  );
}

function pullFromRow(row: PullRow): Pull {
  return {
    report: row.report,
    startsAt: instant(row.starts_at),
    completeUntil: instant(row.complete_until),
    rereadUntil: optionalInstant(row.reread_until),
    rereadStartedAt: optionalInstant(row.reread_started_at),
    recentRereadAt: optionalInstant(row.recent_reread_at),
    dataRefreshedAt: optionalInstant(row.data_refreshed_at),
    deliveredRowId: row.delivered_row_id,
    leasedUntil: optionalInstant(row.leased_until),
    lastAttemptAt: optionalInstant(row.last_attempt_at),
    lastSuccessAt: optionalInstant(row.last_success_at),
    nextAttemptAt: instant(row.next_attempt_at),
    failures: row.failures,
    lastError: row.last_error ?? undefined,
    needsOperator: row.needs_operator,
  };
}

function optionalInstant(at: Date | null): Instant | undefined {
  return at === null ? undefined : instant(at);
}
