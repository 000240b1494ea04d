/** Re-rating, the SQL of its runs. Owns: rerates. */
import { type Usd, usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Rerate, RerateRange } from "../rules/rerate.ts";
import type { EventPlace } from "./usage-events.ts";

interface RerateRow {
  readonly rerate_id: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly only_estimated: boolean;
  readonly includes_allocation: boolean;
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly place_occurred_at: Date | null;
  readonly place_usage_event_id: string | null;
  readonly events_examined: string;
  readonly events_changed: string;
  readonly difference_usd: string;
  readonly finished_at: Date | null;
}

const COLUMNS = `r.rerate_id, r.starts_at, r.ends_at, r.only_estimated, r.includes_allocation,
            r.requested_by, r.requested_at, r.place_occurred_at, r.place_usage_event_id,
            r.events_examined::text, r.events_changed::text, r.difference_usd::text, r.finished_at`;

export async function insertRerate(
  sql: Sql,
  {
    rerateId,
    range,
    requestedBy,
    requestedAt,
  }: {
    readonly rerateId: string;
    readonly range: RerateRange;
    readonly requestedBy: string;
    readonly requestedAt: Instant;
  },
): Promise<void> {
  await sql.query(
    `insert into rerates
            (rerate_id, starts_at, ends_at, only_estimated, includes_allocation, requested_by,
             requested_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      rerateId,
      range.period.start,
      range.period.end,
      range.onlyEstimated,
      range.includesAllocation,
      requestedBy,
      requestedAt,
    ],
  );
}

/**
 * The oldest run that is not at its end, of those asked for until then; nobody else works on it until
 * the transaction ends.
 */
export async function claimUnfinishedRerate(
  sql: Sql,
  requestedUntil: Instant | undefined,
): Promise<Rerate | undefined> {
  const { rows } = await sql.query<RerateRow>(
    `select ${COLUMNS}
       from rerates r
      where r.finished_at is null and r.requested_at <= coalesce($1, 'infinity'::timestamptz)
      order by r.requested_at, r.rerate_id
      limit 1
        for update skip locked`,
    [requestedUntil ?? null],
  );
  return rows[0] === undefined ? undefined : rerateFromRow(rows[0]);
}

export async function loadRerate(sql: Sql, rerateId: string): Promise<Rerate | undefined> {
  const { rows } = await sql.query<RerateRow>(
    `select ${COLUMNS} from rerates r where r.rerate_id = $1`,
    [rerateId],
  );
  return rows[0] === undefined ? undefined : rerateFromRow(rows[0]);
}

/** Moves a run on. Without a place it is at its end. */
export async function updateRerate(
  sql: Sql,
  rerateId: string,
  step: {
    readonly place: EventPlace | undefined;
    readonly examined: number;
    readonly changed: number;
    readonly difference: Usd;
    readonly now: Instant;
  },
): Promise<void> {
  await sql.query(
    `update rerates
        set place_occurred_at = coalesce($2, rerates.place_occurred_at),
            place_usage_event_id = coalesce($3, rerates.place_usage_event_id),
            events_examined = rerates.events_examined + $4,
            events_changed = rerates.events_changed + $5,
            difference_usd = rerates.difference_usd + $6,
            finished_at = $7
      where rerates.rerate_id = $1`,
    [
      rerateId,
      step.place?.occurredAt ?? null,
      step.place?.usageEventId ?? null,
      step.examined,
      step.changed,
      usdToDecimal(step.difference),
      step.place === undefined ? step.now : null,
    ],
  );
}

function rerateFromRow(row: RerateRow): Rerate {
  return {
    rerateId: row.rerate_id,
    range: {
      period: { start: instant(row.starts_at), end: instant(row.ends_at) },
      onlyEstimated: row.only_estimated,
      includesAllocation: row.includes_allocation,
    },
    requestedBy: row.requested_by,
    requestedAt: instant(row.requested_at),
    place:
      row.place_occurred_at === null || row.place_usage_event_id === null
        ? undefined
        : {
            occurredAt: instant(row.place_occurred_at),
            usageEventId: row.place_usage_event_id,
          },
    eventsExamined: Number(row.events_examined),
    eventsChanged: Number(row.events_changed),
    difference: usdFromDecimal(row.difference_usd),
    isFinished: row.finished_at !== null,
  };
}
