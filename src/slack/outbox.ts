/**
 * Messages that must be sent, stored by the transaction that decided to send them (ADR 0005).
 * Content is frozen here; `sender.ts` delivers it. Owns: outbox_messages. What only reads it is
 * `outbox-reads.ts`.
 */
import { type Instant, instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import { WORK_CHANNEL, type WorkKind } from "../store/notify.ts";
import type { Block, SlackMessage } from "./blocks.ts";
import type { DeliveryDecision, OutboxKind } from "./delivery-rules.ts";
import { REROUTED_KINDS, STALE_REASONS } from "./delivery-rules.ts";
import { type Destination, destinationFrom, destinationText } from "./destination.ts";

export type { OutboxKind } from "./delivery-rules.ts";
export type { Destination } from "./destination.ts";

export interface OutboxEntry {
  /** Says a thing once: a second entry with the same key is ignored. */
  readonly dedupeKey: string;
  readonly kind: OutboxKind;
  readonly destination: Destination;
  readonly message: SlackMessage;
  /** Replaces the content of the message with that key, in place, once it has been posted. */
  readonly updates?: string;
  /** Posts into the thread under the message with that key. */
  readonly repliesTo?: string;
  /** From then on it is no longer true and is not sent any more. */
  readonly validUntil?: Instant;
}

const OUTBOX_WORK: WorkKind = "outbox";

/** Stores the message; false when its key was there before. Call inside the deciding transaction. */
export async function enqueueMessage(sql: Sql, entry: OutboxEntry, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    // The notification reaches the senders with the commit, never before it.
    `with stored as (
       insert into outbox_messages
              (dedupe_key, kind, destination, updates_dedupe_key, reply_to_dedupe_key, valid_until,
               text, blocks, next_attempt_at, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
           on conflict (dedupe_key) do nothing
       returning outbox_messages.outbox_message_id
     )
     select pg_notify($10, $11) from stored`,
    [
      entry.dedupeKey,
      entry.kind,
      destinationText(entry.destination),
      entry.updates ?? null,
      entry.repliesTo ?? null,
      entry.validUntil ?? null,
      entry.message.text,
      JSON.stringify(entry.message.blocks),
      now,
      WORK_CHANNEL,
      OUTBOX_WORK,
    ],
  );
  return rowCount === 1;
}

/** A message that this sender alone may deliver, until its lease ends. */
export interface ClaimedMessage {
  readonly id: string;
  /** Ends the lease, and tells it from the lease of a sender that took over. */
  readonly leasedUntil: Instant;
  readonly dedupeKey: string;
  readonly kind: OutboxKind;
  readonly destination: Destination;
  readonly updates: string | undefined;
  readonly repliesTo: string | undefined;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** This one included. */
  readonly attempts: number;
  readonly createdAt: Instant;
  readonly validUntil: Instant | undefined;
  /** Set: Slack may have the message since then, because an answer or a sender got lost. */
  readonly firstAttemptAt: Instant | undefined;
  /** Somebody must read it, and no copy of it went elsewhere so far. */
  readonly isUncopied: boolean;
}

interface ClaimedRow {
  readonly outbox_message_id: string;
  readonly dedupe_key: string;
  readonly kind: OutboxKind;
  readonly destination: string;
  readonly updates_dedupe_key: string | null;
  readonly reply_to_dedupe_key: string | null;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly attempts: number;
  readonly created_at: Date;
  readonly valid_until: Date | null;
  readonly first_attempt_at: Date | null;
  readonly is_uncopied: boolean;
  readonly leased_until: Date;
}

/** Takes messages that the caller has locked: they are its own until `leasedUntil`. */
export async function leaseMessages(
  sql: Sql,
  ids: readonly string[],
  leasedUntil: Instant,
): Promise<readonly ClaimedMessage[]> {
  const { rows } = await sql.query<ClaimedRow>(
    `update outbox_messages
        set status = 'sending', attempts = outbox_messages.attempts + 1, leased_until = $2
      where outbox_messages.outbox_message_id = any($1::bigint[])
  returning outbox_messages.outbox_message_id, outbox_messages.dedupe_key, outbox_messages.kind,
            outbox_messages.destination, outbox_messages.updates_dedupe_key,
            outbox_messages.reply_to_dedupe_key, outbox_messages.text, outbox_messages.blocks,
            outbox_messages.attempts, outbox_messages.created_at, outbox_messages.valid_until,
            outbox_messages.first_attempt_at, outbox_messages.leased_until,
            outbox_messages.rerouted_at is null and outbox_messages.updates_dedupe_key is null and outbox_messages.kind = any($3) as is_uncopied`,
    [ids, leasedUntil, REROUTED_KINDS],
  );
  return rows.map(claimedFromRow);
}

function claimedFromRow(row: ClaimedRow): ClaimedMessage {
  return {
    id: row.outbox_message_id,
    leasedUntil: instant(row.leased_until),
    dedupeKey: row.dedupe_key,
    kind: row.kind,
    destination: destinationFrom(row.destination),
    updates: row.updates_dedupe_key ?? undefined,
    repliesTo: row.reply_to_dedupe_key ?? undefined,
    text: row.text,
    blocks: row.blocks,
    attempts: row.attempts,
    createdAt: instant(row.created_at),
    validUntil: row.valid_until === null ? undefined : instant(row.valid_until),
    firstAttemptAt: row.first_attempt_at === null ? undefined : instant(row.first_attempt_at),
    isUncopied: row.is_uncopied,
  };
}

/**
 * Extends the lease and notes that Slack may have the message from now on; undefined when another
 * sender has taken it over meanwhile.
 */
export async function beginPosting(
  sql: Sql,
  message: ClaimedMessage,
  { now, leasedUntil }: { readonly now: Instant; readonly leasedUntil: Instant },
): Promise<ClaimedMessage | undefined> {
  const { rowCount } = await sql.query(
    `update outbox_messages
        set leased_until = $3,
            first_attempt_at = coalesce(outbox_messages.first_attempt_at, $4)
      where outbox_messages.outbox_message_id = $1
        and outbox_messages.status = 'sending'
        and outbox_messages.leased_until = $2`,
    [message.id, message.leasedUntil, leasedUntil, now],
  );
  return rowCount === 1 ? { ...message, leasedUntil } : undefined;
}

/** Ends the lease with what was decided; false when another sender has taken the message over. */
export async function saveDelivery(
  sql: Sql,
  message: ClaimedMessage,
  decision: DeliveryDecision,
  now: Instant,
): Promise<boolean> {
  const isSent = decision.status === "sent";
  const isWaiting = decision.status === "pending" || decision.status === "unknown";
  const { rowCount } = await sql.query(
    `update outbox_messages
        set status = $3, attempts = $4, next_attempt_at = coalesce($5, outbox_messages.next_attempt_at),
            first_attempt_at = case when $6::boolean then outbox_messages.first_attempt_at else $7::timestamptz end,
            channel_id = $8, message_ts = $9, last_error = $10, sent_at = $11, leased_until = null
      where outbox_messages.outbox_message_id = $1
        and outbox_messages.status = 'sending'
        and outbox_messages.leased_until = $2`,
    [
      message.id,
      message.leasedUntil,
      // A try that posted nothing says nothing about an earlier one whose answer got lost.
      decision.status === "pending" && message.firstAttemptAt !== undefined
        ? "unknown"
        : decision.status,
      isWaiting && !decision.isCounted ? message.attempts - 1 : message.attempts,
      isWaiting ? decision.nextAttemptAt : null,
      // An attempt that surely posted nothing leaves no trace of itself.
      decision.status !== "pending",
      message.firstAttemptAt ?? null,
      isSent ? decision.channelId : null,
      isSent ? decision.ts : null,
      isSent ? null : decision.reason,
      isSent ? now : null,
    ],
  );
  return rowCount === 1;
}

/** Keeps the pace of one destination: its next message is not due before `notBefore`. */
export async function delayNext(
  sql: Sql,
  message: ClaimedMessage,
  notBefore: Instant,
): Promise<void> {
  await sql.query(
    `update outbox_messages
        set next_attempt_at = greatest(outbox_messages.next_attempt_at, $2)
      where outbox_messages.outbox_message_id = (
              select waiting.outbox_message_id
                from outbox_messages as waiting
               where waiting.destination = $1 and waiting.status in ('pending', 'unknown')
                 and waiting.outbox_message_id > $3
               order by waiting.outbox_message_id
               limit 1)`,
    [destinationText(message.destination), notBefore, message.id],
  );
}

/**
 * Skips what is waiting and not true any more: its time is over, or a newer message says more. A
 * message that Slack may have already is never skipped.
 */
export async function skipStale(
  sql: Sql,
  at: { readonly now: Instant; readonly oldSince: Instant; readonly digestsSince: Instant },
): Promise<void> {
  const { over, tooOld, newer } = STALE_REASONS;
  await sql.query(
    `with stale as materialized (
       select o.outbox_message_id,
              case when o.valid_until <= $1 then $4 when o.kind = 'digest' then $5 else $6 end as reason
         from outbox_messages o
        where o.status = 'pending'
          and (o.valid_until <= $1
               or (o.kind = 'digest' and o.created_at <= $3)
               or exists (
                    select from outbox_messages as newer
                     where newer.status = 'pending'
                       and newer.destination = o.destination
                       and newer.outbox_message_id > o.outbox_message_id
                       and (newer.updates_dedupe_key = o.updates_dedupe_key
                            or (newer.reply_to_dedupe_key = o.reply_to_dedupe_key
                                and newer.kind = 'alert' and o.created_at <= $2))))
        order by o.outbox_message_id
          for update of o skip locked
     )
     update outbox_messages
        set status = 'skipped', last_error = stale.reason
       from stale
      where outbox_messages.outbox_message_id = stale.outbox_message_id`,
    [at.now, at.oldSince, at.digestsSince, over, tooOld, newer],
  );
}

/** What a waiting message says is true for longer now; what was skipped for its time waits again. */
export async function extendValidity(
  sql: Sql,
  dedupeKey: string,
  validUntil: Instant | undefined,
): Promise<void> {
  await sql.query(
    `update outbox_messages
        set valid_until = case when $2::timestamptz is not null then greatest(outbox_messages.valid_until, $2) end,
            status = case outbox_messages.status when 'skipped' then 'pending' else outbox_messages.status end
      where outbox_messages.dedupe_key = $1 and outbox_messages.valid_until is not null
        and (outbox_messages.status in ('pending', 'sending', 'unknown')
             or (outbox_messages.status = 'skipped' and outbox_messages.last_error = $3))`,
    [dedupeKey, validUntil ?? null, STALE_REASONS.over],
  );
}

/** Marks waiting messages as said by another one. */
export async function markGathered(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(
    `update outbox_messages set status = 'skipped', last_error = $2
      where outbox_messages.outbox_message_id = any($1) and outbox_messages.status = 'pending'`,
    [ids, STALE_REASONS.gathered],
  );
}

export async function markRerouted(sql: Sql, id: string, now: Instant): Promise<void> {
  await sql.query(
    `update outbox_messages set rerouted_at = $2 where outbox_messages.outbox_message_id = $1`,
    [id, now],
  );
}

/** Makes what waits for a destination due at once: it was mended. */
export async function hurryDestination(sql: Sql, destination: string, now: Instant): Promise<void> {
  await sql.query(
    `update outbox_messages set next_attempt_at = $2
      where outbox_messages.destination = $1 and outbox_messages.status = 'pending'
        and outbox_messages.next_attempt_at > $2`,
    [destination, now],
  );
}
