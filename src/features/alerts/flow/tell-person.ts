/** A message for one person that is not itself an alert: by direct message, through the outbox. */
import type { Email } from "../../../domain/email.ts";
import type { Clock } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Database } from "../../../store/database.ts";

/** `key` says it once: a form that is submitted twice answers once. */
export async function tellPerson(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  told: { readonly person: Email; readonly key: string; readonly message: SlackMessage },
): Promise<void> {
  const { person, key: dedupeKey, message } = told;
  const entry = { dedupeKey, kind: "notice", destination: { person }, message } as const;
  await enqueueMessage(database, entry, clock());
}
