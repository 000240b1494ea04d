/** Tells people how a push stands, in the transaction that changes it. */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { pushFailedMessage, pushMessage } from "../messages.ts";
import type { Push } from "../rules.ts";

/**
 * One living message a person, for who asked and who decided: posted with the first state, changed
 * in place by each further one. A failure is news for the admins too.
 */
export async function announcePush(sql: Sql, push: Push, now: Instant): Promise<void> {
  for (const person of peopleOf(push)) {
    const key = `limit-push:${push.pushId}:${person}`;
    const isFirst = await enqueue(sql, { key, person, message: pushMessage(push) }, now);
    if (isFirst || push.version === 0) continue;
    const update = { key: `${key}:${String(push.version)}`, updates: key, person };
    // oxlint-disable-next-line no-await-in-loop -- two people, on one connection
    await enqueue(sql, { ...update, message: pushMessage(push) }, now);
  }
  if (push.status !== "failed") return;
  const { admins } = await loadOrganization({ database: sql });
  for (const person of admins) {
    const key = `limit-push:${push.pushId}:failed-${String(push.version)}:${person}`;
    // oxlint-disable-next-line no-await-in-loop -- a few people, on one connection
    await enqueue(sql, { key, person, message: pushFailedMessage(push) }, now);
  }
}

function peopleOf({ requester, decidedBy }: Push): readonly Email[] {
  return decidedBy === undefined ? [requester] : [...new Set([decidedBy, requester])];
}

async function enqueue(
  sql: Sql,
  entry: {
    readonly key: string;
    readonly updates?: string;
    readonly person: Email;
    readonly message: ReturnType<typeof pushMessage>;
  },
  now: Instant,
): Promise<boolean> {
  const { key, updates, person, message } = entry;
  return await enqueueMessage(
    sql,
    {
      dedupeKey: key,
      kind: "notice",
      destination: { person },
      message,
      ...(updates === undefined ? {} : { updates }),
    },
    now,
  );
}
