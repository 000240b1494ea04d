/** A private answer to a form: Slack offers no place to answer one, so it goes by direct message. */
import { v7 as uuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Clock } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Database } from "../../../store/database.ts";

export async function tellPerson(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  person: Email,
  message: SlackMessage,
): Promise<void> {
  const dedupeKey = `raise-answer:${uuid()}`;
  const entry = { dedupeKey, kind: "notice", destination: { person }, message } as const;
  await enqueueMessage(database, entry, clock());
}
