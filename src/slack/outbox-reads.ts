/** The outbox, as others look at it. Changes nothing. */
import { type Instant, instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import type { Block } from "./blocks.ts";
import { type OutboxKind, STALE_REASONS } from "./delivery-rules.ts";
import { type Destination, destinationFrom } from "./destination.ts";
import type { PostedMessage } from "./web.ts";

/**
 * Due messages, and those whose sender died; their rows locked. At most the oldest undelivered one
 * of each destination, so that order is kept; an update or reply only after what it belongs to.
 */
export async function listDueForUpdate(
  sql: Sql,
  { now, messagesMax }: { readonly now: Instant; readonly messagesMax: number },
): Promise<string[]> {
  const { rows } = await sql.query<{ readonly outbox_message_id: string }>(
    `select candidates.outbox_message_id
       from outbox_messages as candidates
      where candidates.status in ('pending', 'sending', 'unknown')
        and ((candidates.status <> 'sending' and candidates.next_attempt_at <= $1)
             or (candidates.status = 'sending' and candidates.leased_until <= $1))
        and not exists (
              select from outbox_messages as earlier
               where earlier.destination = candidates.destination
                 and earlier.outbox_message_id < candidates.outbox_message_id
                 and earlier.status in ('pending', 'sending', 'unknown'))
        and not exists (
              select from outbox_messages as originals
               where originals.dedupe_key in (candidates.updates_dedupe_key,
                                              candidates.reply_to_dedupe_key)
                 and originals.status in ('pending', 'sending', 'unknown'))
      order by candidates.next_attempt_at
      limit $2
        for update of candidates skip locked`,
    [now, messagesMax],
  );
  return rows.map((row) => row.outbox_message_id);
}

/** Messages that Slack has not got yet. */
export async function countWaitingMessages(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count
       from outbox_messages o
      where o.status in ('pending', 'sending', 'unknown')`,
  );
  return Number(rows[0]?.count ?? 0);
}

/** Where the message with that key was posted; undefined when it never was. */
export async function findPosted(sql: Sql, dedupeKey: string): Promise<PostedMessage | undefined> {
  const { rows } = await sql.query<{ channel_id: string; message_ts: string }>(
    `select o.channel_id, o.message_ts
       from outbox_messages o
      where o.dedupe_key = $1 and o.status = 'sent'`,
    [dedupeKey],
  );
  return rows[0] === undefined
    ? undefined
    : { channelId: rows[0].channel_id, ts: rows[0].message_ts };
}

/** Whether it never was a message of its own: another one said it. */
export async function wasGathered(sql: Sql, dedupeKey: string): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select from outbox_messages o
      where o.dedupe_key = $1 and o.status = 'skipped' and o.last_error = $2`,
    [dedupeKey, STALE_REASONS.gathered],
  );
  return rowCount === 1;
}

/** The id of a channel that we know by name, from the last message that was posted there. */
export async function findChannelId(sql: Sql, channel: string): Promise<string | undefined> {
  const { rows } = await sql.query<{ channel_id: string }>(
    `select o.channel_id
       from outbox_messages o
      where o.destination = $1 and o.status = 'sent'
      order by o.outbox_message_id desc
      limit 1`,
    [channel],
  );
  return rows[0]?.channel_id;
}

export interface WaitingMessage {
  readonly id: string;
  readonly dedupeKey: string;
  readonly kind: OutboxKind;
  readonly destination: Destination;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly createdAt: Instant;
  readonly validUntil: Instant | undefined;
  readonly updates: string | undefined;
}

interface WaitingRow {
  readonly outbox_message_id: string;
  readonly dedupe_key: string;
  readonly kind: OutboxKind;
  readonly destination: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly created_at: Date;
  readonly valid_until: Date | null;
  readonly updates_dedupe_key: string | null;
}

const COLUMNS = `o.outbox_message_id, o.dedupe_key, o.kind, o.destination, o.text, o.blocks,
            o.created_at, o.valid_until, o.updates_dedupe_key`;

/**
 * News for dead destinations of which no copy went elsewhere yet; locked until the commit. Updates
 * only of what has a copy.
 */
export async function listUnrouted(
  sql: Sql,
  kinds: readonly OutboxKind[],
  messagesMax: number,
): Promise<WaitingMessage[]> {
  const { rows } = await sql.query<WaitingRow>(
    `select ${COLUMNS}
       from outbox_messages o
       join dead_destinations d on d.destination = o.destination
      where o.status in ('pending', 'unknown') and o.rerouted_at is null
        and o.kind = any($1)
        and (o.updates_dedupe_key is null
             or exists (select from outbox_messages r
                         where r.dedupe_key = o.updates_dedupe_key and r.rerouted_at is not null))
      order by o.outbox_message_id
      limit $2
        for update of o skip locked`,
    [kinds, messagesMax],
  );
  return rows.map(waitingFromRow);
}

/** Notices that wait since before `oldSince`, at destinations where there are several; locked. */
export async function listOldNotices(
  sql: Sql,
  at: { readonly oldSince: Instant; readonly noticesMin: number },
): Promise<WaitingMessage[]> {
  const { rows } = await sql.query<WaitingRow>(
    `select ${COLUMNS}
       from outbox_messages o
      where o.status = 'pending' and o.kind = 'notice' and o.created_at <= $1
        and o.updates_dedupe_key is null and o.reply_to_dedupe_key is null
        and (select count(*) from outbox_messages n
              where n.destination = o.destination and n.status = 'pending' and n.kind = 'notice'
                and n.created_at <= $1 and n.updates_dedupe_key is null
                and n.reply_to_dedupe_key is null) >= $2
      order by o.destination, o.outbox_message_id
        for update of o skip locked`,
    [at.oldSince, at.noticesMin],
  );
  return rows.map(waitingFromRow);
}

function waitingFromRow(row: WaitingRow): WaitingMessage {
  return {
    id: row.outbox_message_id,
    dedupeKey: row.dedupe_key,
    kind: row.kind,
    destination: destinationFrom(row.destination),
    text: row.text,
    blocks: row.blocks,
    createdAt: instant(row.created_at),
    validUntil: row.valid_until === null ? undefined : instant(row.valid_until),
    updates: row.updates_dedupe_key ?? undefined,
  };
}
