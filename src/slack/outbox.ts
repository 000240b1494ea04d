/**
 * Messages that must be sent, stored by the transaction that decided to send them (ADR 0005).
 * Content is frozen here; `sender.ts` delivers it. Owns: outbox_messages.
 */
import type { Email } from "../domain/email.ts";
import type { Instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import type { SlackMessage } from "./blocks.ts";

/**
 * What happens when Slack's answer got lost and the bot can't look whether the message arrived:
 * an alert, an approval and a notice are sent again, a digest is not.
 */
export type OutboxKind = "alert" | "digest" | "approval" | "notice";

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
}

/** Stores the message; false when its key was there before. Call inside the deciding transaction. */
export async function enqueueMessage(sql: Sql, entry: OutboxEntry, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into outbox_messages
            (dedupe_key, kind, destination, updates_dedupe_key, text, blocks, next_attempt_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (dedupe_key) do nothing`,
    [
      entry.dedupeKey,
      entry.kind,
      destinationText(entry.destination),
      entry.updates ?? null,
      entry.message.text,
      JSON.stringify(entry.message.blocks),
      now,
    ],
  );
  return rowCount === 1;
}

function destinationText(destination: Destination): string {
  return "channel" in destination ? destination.channel : `email:${destination.person}`;
}
