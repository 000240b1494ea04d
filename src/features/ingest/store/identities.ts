/**
 * Ingest, the SQL of what makes an event unique for ever: its id at its source, its request, its
 * message, and what it corrects. Owns: usage_identities, which outlives the events that retention
 * drops.
 */
import { type Instant, instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import {
  arrayColumn,
  type Cell,
  optionalColumn,
  timesColumn,
} from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";

/** An event by the name that its source gave it. */
export type EventName = Pick<UsageEvent, "source" | "eventId">;

/** What a new event claims for ever. */
export interface IdentityClaim extends EventName {
  readonly usageEventId: string;
  readonly contentSha256: string;
  readonly occurredAt: Instant;
  readonly requestId: string | undefined;
  readonly messageId: string | undefined;
  readonly correctedEventId: string | undefined;
}

/** A name that is expected: a correction of it has come first. */
type Expected = EventName & {
  readonly [K in Exclude<keyof IdentityClaim, keyof EventName>]?: undefined;
};

/**
 * Claims the identities in `from`, a relation `n` in the order of their names, that nobody has; tells
 * the ids of these events.
 */
export const claimFrom = (from: string): string => `insert into usage_identities
            (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at,
             corrected_event_id)
     select n.source, n.event_id, decode(n.content_sha256, 'hex'), n.request_id, n.message_id,
            n.usage_event_id, n.occurred_at, n.corrected_event_id
       from ${from}
         on conflict do nothing
     returning usage_event_id`;

const CLAIM =
  claimFrom(`unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                   $7::timestamptz[], $8::text[])
         as n (source, event_id, content_sha256, request_id, message_id, usage_event_id, occurred_at,
               corrected_event_id)`);

/** Sorts by source and event id. */
export function inOrderOfNames<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => EventName,
): readonly Item[] {
  return items.toSorted((leftItem, rightItem) => {
    const [left, right] = [nameOf(leftItem), nameOf(rightItem)];
    return compareText(left.source, right.source) || compareText(left.eventId, right.eventId);
  });
}

/**
 * Claims the identities that nobody has; the ids of the events that are new. Sorted, so that
 * overlapping batches wait for each other in one order. Until the transaction ends, whoever brings
 * the same event waits.
 */
export async function claimIdentities(
  sql: Sql,
  claims: readonly (IdentityClaim | Expected)[],
): Promise<ReadonlySet<string>> {
  if (claims.length === 0) return new Set();
  const sorted = inOrderOfNames(claims, (claim) => claim);
  const column = (read: (claim: IdentityClaim | Expected) => Cell): string =>
    arrayColumn(sorted, read);
  const optional = (read: (claim: IdentityClaim | Expected) => Cell): string =>
    optionalColumn(sorted, read);
  const { rows } = await sql.query<{ usage_event_id: string | null }>({
    name: "claim usage identities",
    text: CLAIM,
    values: [
      column((claim) => claim.source),
      column((claim) => claim.eventId),
      optional((claim) => claim.contentSha256 ?? null),
      optional((claim) => claim.requestId ?? null),
      optional((claim) => claim.messageId ?? null),
      optional((claim) => claim.usageEventId ?? null),
      timesColumn(sorted, (claim) => claim.occurredAt),
      optional((claim) => claim.correctedEventId ?? null),
    ],
  });
  return new Set(rows.flatMap((row) => row.usage_event_id ?? []));
}

/** Names an event among all sources. */
export function eventKey({ source, eventId }: EventName): string {
  return JSON.stringify([source, eventId]);
}

/** A name that is taken: by an event, or, without `event`, by the expectation of one. */
export interface Identity {
  readonly event:
    | {
        readonly contentSha256: string;
        readonly usageEventId: string;
        readonly occurredAt: Instant;
        /** Whether it has claimed its request or message: nobody else can count that any more. */
        readonly hasCall: boolean;
      }
    | undefined;
}

/** By `eventKey`, those of the names that are taken. */
export async function findIdentities(
  sql: Sql,
  names: readonly EventName[],
): Promise<ReadonlyMap<string, Identity>> {
  if (names.length === 0) return new Map();
  const { rows } = await sql.query<IdentityRow>(
    `select ${IDENTITY}
       from unnest($1::text[], $2::text[]) as n (source, event_id)
       join usage_identities i on i.source = n.source and i.event_id = n.event_id`,
    namesColumns(names),
  );
  return identitiesFrom(rows);
}

/**
 * As `findIdentities`, and until the transaction ends nobody else corrects these events: those that
 * want to wait here, in one order.
 */
export async function lockIdentities(
  sql: Sql,
  names: readonly EventName[],
): Promise<ReadonlyMap<string, Identity>> {
  const { rows } = await sql.query<IdentityRow>(
    `select ${IDENTITY}
       from usage_identities i
      where (i.source, i.event_id) in (select * from unnest($1::text[], $2::text[]))
      order by i.source, i.event_id
        for update`,
    namesColumns(names),
  );
  return identitiesFrom(rows);
}

/** By `eventKey` of what is corrected: the id of the event that corrects it. */
export async function findCorrectors(
  sql: Sql,
  corrected: readonly EventName[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{ source: string; corrected: string; event_id: string }>(
    `select i.source, i.corrected_event_id as corrected, i.event_id
       from unnest($1::text[], $2::text[]) as n (source, event_id)
       join usage_identities i on i.source = n.source and i.corrected_event_id = n.event_id`,
    namesColumns(corrected),
  );
  return new Map(
    rows.map((row) => [eventKey({ source: row.source, eventId: row.corrected }), row.event_id]),
  );
}

/** Of these requests and messages, those that an event of the same source has claimed. */
export async function findClaimedAtSource(
  sql: Sql,
  calls: readonly Pick<UsageEvent, "source" | "requestId" | "messageId">[],
): Promise<{ readonly has: (source: string, id: string | undefined) => boolean }> {
  const ids = [
    calls.map(({ source }) => source),
    calls.map(({ requestId }) => requestId ?? null),
    calls.map(({ messageId }) => messageId ?? null),
  ];
  const { rows } = await sql.query<{ source: string; id: string }>(
    `select i.source, i.request_id as id
       from unnest($1::text[], $2::text[], $3::text[]) as n (source, request_id, message_id)
       join usage_identities i on i.request_id = n.request_id and i.source = n.source
      union
     select i.source, i.message_id
       from unnest($1::text[], $2::text[], $3::text[]) as n (source, request_id, message_id)
       join usage_identities i on i.message_id = n.message_id and i.source = n.source`,
    ids,
  );
  const found = new Set(rows.map(({ source, id }) => eventKey({ source, eventId: id })));
  return {
    has: (source, id) => id !== undefined && found.has(eventKey({ source, eventId: id })),
  };
}

/**
 * Gives names that were expected to the events that have come; the ids of those that got theirs. The
 * request and the message of each are claimed with its name, unless somebody has them.
 */
export async function fillIdentities(
  sql: Sql,
  claims: readonly IdentityClaim[],
): Promise<ReadonlySet<string>> {
  if (claims.length === 0) return new Set();
  const { rows } = await sql.query<{ usage_event_id: string }>(
    `update usage_identities
        set content_sha256 = decode(n.content_sha256, 'hex'), usage_event_id = n.usage_event_id,
            occurred_at = n.occurred_at, corrected_event_id = n.corrected_event_id,
            request_id = (select n.request_id where not exists (
                            select from usage_identities c where c.request_id = n.request_id)),
            message_id = (select n.message_id where not exists (
                            select from usage_identities c where c.message_id = n.message_id))
       from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[],
                   $7::text[], $8::text[])
         as n (source, event_id, content_sha256, usage_event_id, occurred_at, corrected_event_id,
               request_id, message_id)
      where usage_identities.source = n.source and usage_identities.event_id = n.event_id
        and usage_identities.content_sha256 is null
  returning usage_identities.usage_event_id`,
    [
      ...namesColumns(claims),
      claims.map((claim) => claim.contentSha256),
      claims.map((claim) => claim.usageEventId),
      claims.map((claim) => claim.occurredAt.toISOString()),
      claims.map((claim) => claim.correctedEventId ?? null),
      onceEach(claims.map((claim) => claim.requestId)),
      onceEach(claims.map((claim) => claim.messageId)),
    ],
  );
  return new Set(rows.map((row) => row.usage_event_id));
}

/** Each id where it stands first, null where it stands again: two can't claim it. */
function onceEach(ids: readonly (string | undefined)[]): readonly (string | null)[] {
  return ids.map((id, position) => (id !== undefined && ids.indexOf(id) === position ? id : null));
}

/** Takes back the expectation of names that no correction refers to. */
export async function forgetExpected(sql: Sql, names: readonly EventName[]): Promise<void> {
  await sql.query(
    `delete from usage_identities
      where (usage_identities.source, usage_identities.event_id)
              in (select * from unnest($1::text[], $2::text[]))
        and usage_identities.content_sha256 is null
        and not exists (
              select from usage_identities c
               where c.source = usage_identities.source
                 and c.corrected_event_id = usage_identities.event_id)`,
    namesColumns(names),
  );
}

interface IdentityRow {
  readonly source: string;
  readonly event_id: string;
  readonly content_sha256: string | null;
  readonly usage_event_id: string | null;
  readonly occurred_at: Date | null;
  readonly has_call: boolean;
}

const IDENTITY = `i.source, i.event_id, encode(i.content_sha256, 'hex') as content_sha256,
            i.usage_event_id, i.occurred_at,
            coalesce(i.request_id, i.message_id) is not null as has_call`;

function namesColumns(names: readonly EventName[]): [string[], string[]] {
  return [names.map(({ source }) => source), names.map(({ eventId }) => eventId)];
}

function identitiesFrom(rows: readonly IdentityRow[]): ReadonlyMap<string, Identity> {
  return new Map(
    rows.map((row) => [
      eventKey({ source: row.source, eventId: row.event_id }),
      {
        event:
          row.content_sha256 === null || row.usage_event_id === null || row.occurred_at === null
            ? undefined
            : {
                contentSha256: row.content_sha256,
                usageEventId: row.usage_event_id,
                occurredAt: instant(row.occurred_at),
                hasCall: row.has_call,
              },
      },
    ]),
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
