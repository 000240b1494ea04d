/**
 * Ingest, the SQL of what could not be recorded. Owns: rejected_events. A row is what a source sent
 * and why it was refused; the same again adds to its counter.
 */
import { v7 as uuid } from "uuid";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { RejectedEvent, RejectedFilter } from "../rules/rejected-events.ts";
import type { RejectionCode } from "../rules.ts";

export interface NewRejectedEvent {
  readonly source: string;
  readonly eventId: string | undefined;
  readonly code: RejectionCode;
  readonly message: string;
  /** Says what was sent: a source has a row for each once. */
  readonly contentSha256: string;
  /** What is needed to try again, as JSON. */
  readonly event: object | undefined;
  readonly readableFields: object | undefined;
  readonly timesReceived: number;
}

/** Keeps what was refused; no two of one call may have the same source, code and content. */
export async function insertRejectedEvents(
  sql: Sql,
  rejected: readonly NewRejectedEvent[],
  receivedAt: Instant,
): Promise<void> {
  // In one order, so that two batches with the same mistakes do not wait for each other in a circle.
  const sorted = rejected
    .map((one) => ({ ...one, id: uuid() })) // Before they are sorted: ids tell what came first.
    .toSorted((left, right) => (left.contentSha256 < right.contentSha256 ? -1 : 1));
  const column = <T>(read: (one: (typeof sorted)[number]) => T): T[] => sorted.map(read);
  await sql.query(
    `insert into rejected_events as r
            (rejected_event_id, source, event_id, code, message, received_at, last_received_at,
             content_sha256, event, readable_fields, times_received)
     select n.id, n.source, n.event_id, n.code, n.message, $10, $10,
            decode(n.content_sha256, 'hex'), n.event, n.readable_fields, n.times_received
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                   $7::jsonb[], $8::jsonb[], $9::bigint[])
         as n (id, source, event_id, code, message, content_sha256, event, readable_fields,
               times_received)
         on conflict (source, code, content_sha256) do update
        set last_received_at = excluded.last_received_at, message = excluded.message,
            times_received = r.times_received + excluded.times_received`,
    [
      column(({ id }) => id),
      column(({ source }) => source),
      column(({ eventId }) => eventId ?? null),
      column(({ code }) => code),
      column(({ message }) => message),
      column(({ contentSha256 }) => contentSha256),
      column(({ event }) => (event === undefined ? null : JSON.stringify(event))),
      column(({ readableFields }) =>
        readableFields === undefined ? null : JSON.stringify(readableFields),
      ),
      column(({ timesReceived }) => timesReceived),
      receivedAt,
    ],
  );
}

const COLUMNS = `r.rejected_event_id, r.source, r.event_id, r.code, r.message, r.received_at,
            r.last_received_at, r.times_received, encode(r.content_sha256, 'hex') as content_sha256,
            r.event, r.readable_fields, r.status, r.resolved_at, r.resolved_by`;

interface RejectedRow {
  readonly rejected_event_id: string;
  readonly source: string;
  readonly event_id: string | null;
  readonly code: RejectionCode;
  readonly message: string;
  readonly received_at: Date;
  readonly last_received_at: Date;
  readonly times_received: string;
  readonly content_sha256: string | null;
  readonly event: unknown;
  readonly readable_fields: unknown;
  readonly status: RejectedEvent["status"];
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
}

/** The first received first; at most `rowsMax`, those that come after the row `after`. */
export async function listRejectedEvents(
  sql: Sql,
  filter: RejectedFilter,
  page: { readonly rowsMax: number; readonly after?: string },
): Promise<RejectedEvent[]> {
  const { rows } = await sql.query<RejectedRow>(
    `select ${COLUMNS}
       from rejected_events r
      where ${CONDITIONS} and ($7::uuid is null or r.rejected_event_id > $7)
      order by r.rejected_event_id
      limit $8`,
    [...conditionValues(filter), page.after ?? null, page.rowsMax],
  );
  return rows.map(rejectedFromRow);
}

const CONDITIONS = `($1::text is null or r.source = $1) and ($2::text is null or r.code = $2)
        and ($3::text is null or r.event_id = $3) and ($4::text is null or r.status = $4)
        and ($5::timestamptz is null or r.last_received_at >= $5)
        and ($6::uuid[] is null or r.rejected_event_id = any ($6))`;

function conditionValues(filter: RejectedFilter): unknown[] {
  return [
    filter.source ?? null,
    filter.code ?? null,
    filter.eventId ?? null,
    filter.status ?? null,
    filter.since?.toISOString() ?? null,
    filter.ids ?? null,
  ];
}

/** Ends open ones; how many there were. */
export async function resolveRejectedEvents(
  sql: Sql,
  ids: readonly string[],
  resolution: {
    readonly status: "recorded" | "dismissed";
    readonly at: Instant;
    readonly by: string;
  },
): Promise<number> {
  const { rowCount } = await sql.query(
    `update rejected_events
        set status = $2, resolved_at = $3, resolved_by = $4
      where rejected_events.rejected_event_id = any ($1::uuid[]) and rejected_events.status = 'open'`,
    [ids, resolution.status, resolution.at, resolution.by],
  );
  return rowCount ?? 0;
}

/** What is open of one source for one reason. */
export interface RejectedGroup {
  readonly source: string;
  readonly code: RejectionCode;
  readonly count: number;
  readonly firstReceivedAt: Instant;
  readonly lastReceivedAt: Instant;
  /** Of one of them. */
  readonly message: string;
}

/** Open ones that came since, the most first. What was recorded since under its id is not among them. */
export async function listRejectedGroups(
  sql: Sql,
  { since }: { readonly since: Instant },
): Promise<RejectedGroup[]> {
  const { rows } = await sql.query<{
    readonly source: string;
    readonly code: RejectionCode;
    readonly count: string;
    readonly first_received_at: Date;
    readonly last_received_at: Date;
    readonly message: string;
  }>(
    `select r.source, r.code, count(*)::text as count, min(r.received_at) as first_received_at,
            max(r.last_received_at) as last_received_at,
            (array_agg(r.message order by r.last_received_at desc))[1] as message
       from rejected_events r
      where r.status = 'open' and r.last_received_at >= $1
        and (r.code = 'conflict' or r.event_id is null or not exists (
              select from usage_identities i
               where i.source = r.source and i.event_id = r.event_id
                 and i.content_sha256 is not null))
      group by r.source, r.code
      order by count(*) desc, r.source, r.code`,
    [since],
  );
  return rows.map((row) => ({
    source: row.source,
    code: row.code,
    count: Number(row.count),
    firstReceivedAt: instant(row.first_received_at),
    lastReceivedAt: instant(row.last_received_at),
    message: row.message,
  }));
}

/**
 * Deletes rows that nothing has added to since `before`, and, of a source that has more than
 * `rowsMax`, those that were added to the longest ago. At most `deletedMax` each; how many.
 */
export async function deleteOldRejectedEvents(
  sql: Sql,
  limits: { readonly before: Instant; readonly rowsMax: number; readonly deletedMax: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `delete from rejected_events
      where rejected_events.rejected_event_id in (
              (select r.rejected_event_id
                 from rejected_events r
                where r.last_received_at < $1
                limit $3)
               union all
              (select ranked.rejected_event_id
                 from (select r.rejected_event_id,
                              row_number() over (partition by r.source
                                                 order by r.last_received_at desc,
                                                          r.rejected_event_id desc) as place
                         from rejected_events r) ranked
                where ranked.place > $2
                limit $3))`,
    [limits.before, limits.rowsMax, limits.deletedMax],
  );
  return rowCount ?? 0;
}

function rejectedFromRow(row: RejectedRow): RejectedEvent {
  return {
    id: row.rejected_event_id,
    source: row.source,
    eventId: row.event_id ?? undefined,
    code: row.code,
    message: row.message,
    receivedAt: instant(row.received_at),
    lastReceivedAt: instant(row.last_received_at),
    timesReceived: Number(row.times_received),
    contentSha256: row.content_sha256 ?? undefined,
    event: row.event ?? undefined,
    readableFields: row.readable_fields ?? undefined,
    status: row.status,
    resolvedAt: row.resolved_at === null ? undefined : instant(row.resolved_at),
    resolvedBy: row.resolved_by ?? undefined,
  };
}
