/** Ingest, the SQL of the events themselves. Owns: usage_events, partitioned by month. */
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal } from "../../../domain/money.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { NotCountedBecause, UsageEvent } from "../../../domain/usage.ts";
import {
  arrayColumn,
  type Cell,
  numericCell,
  optionalColumn,
  timesColumn,
} from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";

/** An event under the id that it has if it is new. */
export interface NewUsageEvent {
  readonly usageEventId: string;
  readonly contentSha256: string;
  readonly event: UsageEvent;
}

export interface EventToInsert {
  readonly row: NewUsageEvent;
  readonly event: UsageEvent;
  readonly notCounted: NotCountedBecause | undefined;
}

/** Columns of an event to be inserted, as arrays of the parameters after the first, and in relations. */
export const EVENT_ARRAYS = `$2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
                   $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                   $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[], $19::text[],
                   $20::numeric[], $21::text[], $22::boolean[], $23::text[], $24::text[], $25::text[]`;
export const EVENT_COLUMNS = `usage_event_id, source, event_id, occurred_at, provider, model, usage, request_id,
               message_id, user_email, claimed_team, claimed_project, workspace_id, api_key_id,
               session_id, operation_id, tags, prompt_hash, reported_cost_usd, cost_basis,
               is_incomplete, corrects, voids, not_counted_because`;

/** Inserts the events of `from`, a relation `n` of `EVENT_COLUMNS`, received at the first parameter. */
export const insertEventsFrom = (from: string): string => `insert into usage_events
            (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage,
             request_id, message_id, user_email, claimed_team, claimed_project, workspace_id,
             api_key_id, session_id, operation_id, tags, prompt_hash, reported_cost_usd, cost_basis,
             is_incomplete, corrects, voids, not_counted_because)
     select n.usage_event_id, n.source, n.event_id, n.occurred_at, $1, n.provider, n.model, n.usage,
            n.request_id, n.message_id, n.user_email, n.claimed_team, n.claimed_project,
            n.workspace_id, n.api_key_id, n.session_id, n.operation_id, n.tags, n.prompt_hash,
            n.reported_cost_usd, n.cost_basis, n.is_incomplete, n.corrects, n.voids,
            n.not_counted_because
       from ${from}`;

/** The values of the first parameter and `EVENT_ARRAYS`. */
export function eventValues(
  rows: readonly EventToInsert[],
  receivedAt: Instant,
): readonly string[] {
  const column = (read: (row: EventToInsert) => Cell): string => arrayColumn(rows, read);
  const optional = (read: (row: EventToInsert) => Cell): string => optionalColumn(rows, read);
  return [
    receivedAt.toISOString(),
    column(({ row }) => row.usageEventId),
    column(({ event }) => event.source),
    column(({ event }) => event.eventId),
    timesColumn(rows, ({ event }) => event.occurredAt),
    column(({ event }) => event.provider),
    column(({ event }) => event.model),
    column(({ event }) => JSON.stringify(event.usage)),
    optional(({ event }) => event.requestId ?? null),
    optional(({ event }) => event.messageId ?? null),
    optional(({ event }) => event.userEmail ?? null),
    optional(({ event }) => event.claimedTeam ?? null),
    optional(({ event }) => event.claimedProject ?? null),
    optional(({ event }) => event.workspaceId ?? null),
    optional(({ event }) => event.apiKeyId ?? null),
    optional(({ event }) => event.sessionId ?? null),
    optional(({ event }) => event.operationId ?? null),
    optional(({ event }) => (hasTags(event) ? JSON.stringify(event.tags) : null)),
    optional(({ event }) => event.promptHash ?? null),
    optional(({ event }) =>
      event.reportedCost === undefined ? null : numericCell(event.reportedCost),
    ),
    column(({ event }) => event.costBasis),
    column(({ event }) => event.isIncomplete),
    optional(({ event }) => event.corrects ?? null),
    optional(({ event }) => event.voids ?? null),
    optional(({ notCounted }) => notCounted ?? null),
  ];
}

const INSERT_EVENTS = insertEventsFrom(`unnest(${EVENT_ARRAYS})
         as n (${EVENT_COLUMNS})`);

/** Inserts events whose identity this transaction has claimed. */
export async function insertUsageEvents(
  sql: Sql,
  rows: readonly EventToInsert[],
  receivedAt: Instant,
): Promise<void> {
  await sql.query({
    name: "insert usage events",
    text: INSERT_EVENTS,
    values: [...eventValues(rows, receivedAt)],
  });
}

export function hasTags(event: UsageEvent): boolean {
  return Object.keys(event.tags).length > 0;
}

/** Where a walk through stored events stands: after this one. */
export interface EventPlace {
  readonly occurredAt: Instant;
  readonly usageEventId: string;
}

export interface StoredUsageEvent {
  readonly usageEventId: string;
  readonly event: UsageEvent;
}

const COLUMNS = `e.usage_event_id, e.occurred_at, e.source, e.event_id, e.provider, e.model, e.usage,
            e.request_id, e.message_id, e.user_email, e.claimed_team, e.claimed_project,
            e.workspace_id, e.api_key_id, e.session_id, e.operation_id, e.tags, e.prompt_hash,
            e.reported_cost_usd::text, e.cost_basis, e.is_incomplete`;

interface UsageEventRow {
  readonly usage_event_id: string;
  readonly occurred_at: Date;
  readonly source: string;
  readonly event_id: string;
  readonly provider: string;
  readonly model: string;
  readonly usage: UsageEvent["usage"];
  readonly request_id: string | null;
  readonly message_id: string | null;
  readonly user_email: string | null;
  readonly claimed_team: string | null;
  readonly claimed_project: string | null;
  readonly workspace_id: string | null;
  readonly api_key_id: string | null;
  readonly session_id: string | null;
  readonly operation_id: string | null;
  readonly tags: Record<string, string> | null;
  readonly prompt_hash: string | null;
  readonly reported_cost_usd: string | null;
  readonly cost_basis: UsageEvent["costBasis"];
  readonly is_incomplete: boolean;
}

/**
 * The next events of a period after a place, in the order of their time; only those that have had
 * charges. `onlyEstimated`: only those some of whose charges rest on an assumption.
 */
export async function listEventsAfter(
  sql: Sql,
  walk: {
    readonly period: Period;
    readonly place: EventPlace | undefined;
    readonly onlyEstimated: boolean;
    readonly eventsMax: number;
  },
): Promise<readonly StoredUsageEvent[]> {
  const { rows } = await sql.query<UsageEventRow>(
    `select ${COLUMNS}
       from usage_events e
      where e.occurred_at >= $1 and e.occurred_at < $2
        and (e.occurred_at, e.usage_event_id) > ($3, $4)
        and (e.not_counted_because is null or ${HAS_CHARGES}) and e.voids is null
        ${walk.onlyEstimated ? ESTIMATED : ""}
      order by e.occurred_at, e.usage_event_id
      limit $5`,
    [
      walk.place?.occurredAt ?? walk.period.start,
      walk.period.end,
      walk.place?.occurredAt ?? walk.period.start,
      walk.place?.usageEventId ?? "00000000-0000-0000-0000-000000000000",
      walk.eventsMax,
    ],
  );
  return rows.map((row) => ({ usageEventId: row.usage_event_id, event: usageEventFromRow(row) }));
}

/** It was not counted on arrival, and was counted later. */
const HAS_CHARGES = `exists (
              select from charges c
               where c.charge_period_start = e.occurred_at and c.usage_event_id = e.usage_event_id)`;

/** Of stored events, those that are not counted because another source is. */
export async function listNotCountedElsewhere(
  sql: Sql,
  places: readonly EventPlace[],
): Promise<readonly StoredUsageEvent[]> {
  const { rows } = await sql.query<UsageEventRow>(
    `select ${COLUMNS}
       from unnest($1::uuid[], $2::timestamptz[]) as n (usage_event_id, occurred_at)
       join usage_events e
         on e.usage_event_id = n.usage_event_id and e.occurred_at = n.occurred_at
      where e.occurred_at between $3 and $4
        and e.not_counted_because = 'metered_elsewhere' and not ${HAS_CHARGES}
      order by e.occurred_at, e.usage_event_id`,
    [
      places.map(({ usageEventId }) => usageEventId),
      places.map(({ occurredAt }) => occurredAt.toISOString()),
      ...spanOf(places),
    ],
  );
  return rows.map((row) => ({ usageEventId: row.usage_event_id, event: usageEventFromRow(row) }));
}

const ESTIMATED = `and exists (
              select from charges c
               where c.charge_period_start = e.occurred_at
                 and c.charge_period_start >= $1 and c.charge_period_start < $2
                 and c.usage_event_id = e.usage_event_id
                 and c.pricing_basis = 'estimated')`;

function usageEventFromRow(row: UsageEventRow): UsageEvent {
  return {
    source: row.source,
    eventId: row.event_id,
    occurredAt: instant(row.occurred_at),
    provider: row.provider,
    model: row.model,
    // JSON knows no undefined: what was undefined is absent, which reads the same.
    usage: row.usage,
    requestId: row.request_id ?? undefined,
    messageId: row.message_id ?? undefined,
    userEmail: row.user_email === null ? undefined : emailFrom(row.user_email),
    claimedTeam: row.claimed_team ?? undefined,
    claimedProject: row.claimed_project ?? undefined,
    workspaceId: row.workspace_id ?? undefined,
    apiKeyId: row.api_key_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    operationId: row.operation_id ?? undefined,
    tags: row.tags ?? {},
    promptHash: row.prompt_hash ?? undefined,
    reportedCost:
      row.reported_cost_usd === null ? undefined : usdFromDecimal(row.reported_cost_usd),
    costBasis: row.cost_basis,
    isIncomplete: row.is_incomplete,
  };
}

/** Of stored events, the ids of those that retention has not dropped. */
export async function findKeptEvents(
  sql: Sql,
  events: readonly { readonly usageEventId: string; readonly occurredAt: Instant }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query<{ usage_event_id: string }>(
    `select u.usage_event_id
       from unnest($1::uuid[], $2::timestamptz[]) as n (usage_event_id, occurred_at)
       join usage_events u
         on u.usage_event_id = n.usage_event_id and u.occurred_at = n.occurred_at
      where u.occurred_at between $3 and $4`,
    [
      events.map(({ usageEventId }) => usageEventId),
      events.map(({ occurredAt }) => occurredAt.toISOString()),
      ...spanOf(events),
    ],
  );
  return new Set(rows.map((row) => row.usage_event_id));
}

/** The times of the first and of the last of some events: what a query is held to. */
export function spanOf(
  events: readonly { readonly occurredAt: Instant }[],
): readonly [Instant | null, Instant | null] {
  const sorted = events
    .map(({ occurredAt }) => occurredAt)
    .toSorted((left, right) => left.getTime() - right.getTime());
  return [sorted[0] ?? null, sorted.at(-1) ?? null];
}
