/**
 * Messages that must be sent, stored by the transaction that decided to send them (ADR 0005).
 * Content is frozen here; `sender.ts` delivers it. Owns: outbox_messages.
 */
import { type Email, emailFrom } from "../domain/email.ts";
import { type Instant, instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import { notifyOfWork } from "../store/notify.ts";
import type { Block, SlackMessage } from "./blocks.ts";
import type { DeliveryDecision, OutboxKind } from "./delivery-rules.ts";
import type { PostedMessage } from "./web.ts";

export type { OutboxKind } from "./delivery-rules.ts";

/** `#name` or a channel id; or the direct message of a person, by e-mail. */
export type Destination = { readonly channel: string } | { readonly person: Email };

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

/** Stores the message; false when its key was there before. Call inside the deciding transaction. */
export async function enqueueMessage(sql: Sql, entry: OutboxEntry, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into outbox_messages
            (dedupe_key, kind, destination, updates_dedupe_key, reply_to_dedupe_key, valid_until,
             text, blocks, next_attempt_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (dedupe_key) do nothing`,
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
    ],
  );
  // Reaches the senders with the commit, never before it.
  if (rowCount === 1) await notifyOfWork(sql, "outbox");
  return rowCount === 1;
}

/** Messages that Slack has not got yet. */
export async function countWaitingMessages(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ count: string }>(
    `select count(*)::text as count from outbox_messages o where o.status in ('pending', 'sending')`,
  );
  return Number(rows[0]?.count ?? 0);
}

const PERSON_PREFIX = "email:";

/** As in the column: 'C…', '#name', 'email:a@b.c'. */
export function destinationText(destination: Destination): string {
  return "channel" in destination ? destination.channel : PERSON_PREFIX + destination.person;
}

export function destinationFrom(text: string): Destination {
  return text.startsWith(PERSON_PREFIX)
    ? { person: emailFrom(text.slice(PERSON_PREFIX.length)) }
    : { channel: text };
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
  readonly text: string;
  readonly blocks: readonly Block[];
  /** This one included. */
  readonly attempts: number;
  /** Set: Slack may have the message since then, because an answer or a sender got lost. */
  readonly firstAttemptAt: Instant | undefined;
}

interface ClaimedRow {
  readonly outbox_message_id: string;
  readonly dedupe_key: string;
  readonly kind: OutboxKind;
  readonly destination: string;
  readonly updates_dedupe_key: string | null;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly attempts: number;
  readonly first_attempt_at: Date | null;
  readonly leased_until: Date;
}

/**
 * Takes due messages, and those whose sender died. At most the oldest undelivered one of each
 * destination, so that order is kept; an update only after what it updates.
 */
export async function claimDueMessages(
  sql: Sql,
  claim: { readonly now: Instant; readonly leasedUntil: Instant; readonly messagesMax: number },
): Promise<readonly ClaimedMessage[]> {
  const { rows } = await sql.query<ClaimedRow>(
    `with due as materialized (
       select candidates.outbox_message_id
         from outbox_messages as candidates
        where candidates.status in ('pending', 'sending')
          and ((candidates.status = 'pending' and candidates.next_attempt_at <= $1)
               or (candidates.status = 'sending' and candidates.leased_until <= $1))
          and not exists (
                select from outbox_messages as earlier
                 where earlier.destination = candidates.destination
                   and earlier.outbox_message_id < candidates.outbox_message_id
                   and earlier.status in ('pending', 'sending'))
          and not exists (
                select from outbox_messages as originals
                 where originals.dedupe_key = candidates.updates_dedupe_key
                   and originals.status in ('pending', 'sending'))
        order by candidates.next_attempt_at
        limit $3
          for update of candidates skip locked
     )
     update outbox_messages
        set status = 'sending', attempts = outbox_messages.attempts + 1, leased_until = $2
       from due
      where outbox_messages.outbox_message_id = due.outbox_message_id
  returning outbox_messages.outbox_message_id, outbox_messages.dedupe_key, outbox_messages.kind,
            outbox_messages.destination, outbox_messages.updates_dedupe_key, outbox_messages.text,
            outbox_messages.blocks, outbox_messages.attempts, outbox_messages.first_attempt_at,
            outbox_messages.leased_until`,
    [claim.now, claim.leasedUntil, claim.messagesMax],
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
    text: row.text,
    blocks: row.blocks,
    attempts: row.attempts,
    firstAttemptAt: row.first_attempt_at === null ? undefined : instant(row.first_attempt_at),
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
  const { rowCount } = await sql.query(
    `update outbox_messages
        set status = $3, attempts = $4, next_attempt_at = coalesce($5, outbox_messages.next_attempt_at),
            first_attempt_at = case when $6::boolean then outbox_messages.first_attempt_at else $7::timestamptz end,
            leased_until = null, channel_id = $8, message_ts = $9, last_error = $10, sent_at = $11
      where outbox_messages.outbox_message_id = $1
        and outbox_messages.status = 'sending'
        and outbox_messages.leased_until = $2`,
    [message.id, message.leasedUntil, ...savedColumns(message, decision, now)],
  );
  return rowCount === 1;
}

/** $3 to $11 of `saveDelivery`. An attempt that surely posted nothing leaves no trace of itself. */
function savedColumns(
  message: ClaimedMessage,
  decision: DeliveryDecision,
  now: Instant,
): readonly unknown[] {
  const { attempts } = message;
  const before = message.firstAttemptAt ?? null;
  if (decision.status === "sent") {
    return ["sent", attempts, null, true, before, decision.channelId, decision.ts, null, now];
  }
  const { status, reason } = decision;
  if (status !== "pending") {
    return [status, attempts, null, true, before, null, null, reason, null];
  }
  const used = decision.isCounted ? attempts : attempts - 1;
  return [
    status,
    used,
    decision.nextAttemptAt,
    decision.mayBeThere,
    before,
    null,
    null,
    reason,
    null,
  ];
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
               where waiting.destination = $1 and waiting.status = 'pending'
               order by waiting.outbox_message_id
               limit 1)`,
    [destinationText(message.destination), notBefore],
  );
}

/** Where the message with that key was posted; undefined when it never was. */
export async function findPosted(sql: Sql, dedupeKey: string): Promise<PostedMessage | undefined> {
  const { rows } = await sql.query<{ channel_id: string; message_ts: string }>(
    `select outbox_messages.channel_id, outbox_messages.message_ts
       from outbox_messages
      where outbox_messages.dedupe_key = $1 and outbox_messages.status = 'sent'`,
    [dedupeKey],
  );
  return rows[0] === undefined
    ? undefined
    : { channelId: rows[0].channel_id, ts: rows[0].message_ts };
}

/** The id of a channel that we know by name, from the last message that was posted there. */
export async function findChannelId(sql: Sql, channel: string): Promise<string | undefined> {
  const { rows } = await sql.query<{ channel_id: string }>(
    `select outbox_messages.channel_id
       from outbox_messages
      where outbox_messages.destination = $1 and outbox_messages.status = 'sent'
      order by outbox_messages.outbox_message_id desc
      limit 1`,
    [channel],
  );
  return rows[0]?.channel_id;
}
