/** Digests that are due, into the outbox: claim slots, load their numbers, decide, save. */
import type { Logger } from "pino";
import type { Clock, Instant } from "../../../domain/time.ts";
import { destinationText } from "../../../slack/destination.ts";
import { type Destination, enqueueMessage } from "../../../slack/outbox.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { loadOrganization } from "../../organization/index.ts";
import { withheldMessage } from "../messages/withheld.ts";
import { type DigestContent, digestMessage } from "../messages.ts";
import type { Withheld } from "../rules/audience.ts";
import { isWorthTelling } from "../rules/content.ts";
import { type Digest, type DigestSpan, decideSlot } from "../rules.ts";
import { claimDueDigests, listDueDigests, updateSlots } from "../store/digests.ts";
import { audienceKey, findOutsiders, type ReadersOf } from "./audience.ts";
import { loadContents } from "./content.ts";
import { keepPlan } from "./plan.ts";

export interface SendDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: governance is trusted with every channel. */
  readonly readersOf?: ReadersOf | undefined;
}

/** So many digests share their queries, and their transaction. */
const BATCH_MAX = 250;

/**
 * Puts every digest that is due into the outbox; says how many slots were decided. Slot, message and
 * the next slot are one transaction, so a slot is told once whatever crashes and however many
 * replicas run. One that fails stays due and holds up no other; what the first one threw is thrown
 * at the end.
 *
 * 1. Brings the digests up to date with what people chose.
 * 2. Asks Slack who reads the private channels that governance did not give to just that news.
 * 3. Claims those that are due the longest and share a span, and decides them together.
 * 4. Where that fails, each by itself, so that the one that fails is found.
 */
export async function sendDueDigests(deps: SendDeps): Promise<number> {
  const now = deps.clock(); // One moment: what becomes due meanwhile was not looked at.
  await keepPlan(deps.database, now);
  const failures = new Map<string, unknown>();
  const withheld = await lookAtAudiences(deps, now, failures);
  let [count, batchMax] = [0, BATCH_MAX];
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one transaction after the other, until none is due
    const outcome = await sendBatch(deps, {
      now,
      withheld,
      except: [...failures.keys()],
      countMax: batchMax,
    });
    count += outcome.sent;
    if (outcome.failed === undefined) {
      if (outcome.sent === 0) break;
    } else if (outcome.failed.keys.length > 1) {
      batchMax = 1;
    } else {
      const [key = ""] = outcome.failed.keys;
      failures.set(key, outcome.failed.error);
      deps.log.warn({ err: outcome.failed.error, digest_key: key }, "digest will be tried again");
    }
  }
  for (const failure of failures.values()) throw failure;
  return count;
}

interface BatchOutcome {
  readonly sent: number;
  readonly failed?: { readonly keys: readonly string[]; readonly error: unknown };
}

/** By `audienceKey`. A digest whose readers can't be told now stays due, and is told as failed. */
async function lookAtAudiences(
  { database, log, readersOf }: SendDeps,
  now: Instant,
  failures: Map<string, unknown>,
): Promise<ReadonlyMap<string, Withheld>> {
  const all = new Map<string, Withheld>();
  if (readersOf === undefined) return all;
  for (const { digestKey, destination, scope } of await listDueDigests(database, now)) {
    if (!("channel" in destination)) continue;
    const about = { channel: destination.channel, scope };
    try {
      // oxlint-disable-next-line no-await-in-loop -- Slack slows down who asks for many at once
      const withheld = await findOutsiders({ database, readersOf }, about);
      if (withheld !== undefined) all.set(audienceKey(about), withheld);
    } catch (error) {
      failures.set(digestKey, error);
      log.warn({ err: error, digest_key: digestKey }, "digest will be tried again");
    }
  }
  return all;
}

interface Batch {
  readonly now: Instant;
  readonly withheld: ReadonlyMap<string, Withheld>;
  readonly except: readonly string[];
  readonly countMax: number;
}

async function sendBatch({ database, log }: SendDeps, batch: Batch): Promise<BatchOutcome> {
  const claimed: { keys: readonly string[] } = { keys: [] };
  try {
    const decided = await inTransaction(database, async (sql) => {
      const digests = await claimDueDigests(sql, batch.now, batch);
      claimed.keys = digests.map(({ digestKey }) => digestKey);
      return digests.length === 0 ? [] : await decideDigests(sql, digests, batch);
    });
    for (const fields of decided) log.info({ work: "digest", ...fields }, "digest slot decided");
    return { sent: decided.length };
  } catch (error) {
    if (claimed.keys.length === 0) throw error;
    return { sent: 0, failed: { keys: claimed.keys, error } };
  }
}

interface Decided {
  readonly outcome: string;
  readonly digest_key: string;
  readonly slot: Instant;
}

/** Digests of one slot, interval and zone, and so of one span. */
async function decideDigests(
  sql: Sql,
  digests: readonly Digest[],
  batch: Batch,
): Promise<readonly Decided[]> {
  const { now } = batch;
  const calendar = await loadOrganization({ database: sql });
  const slots = digests.map((digest) => ({ digest, decision: decideSlot(digest, now, calendar) }));
  const sending = slots.flatMap(({ digest, decision }) =>
    decision.kind === "send" ? [{ digest, span: decision.span }] : [],
  );
  const told = await tellAll(sql, sending, batch);
  await updateSlots(
    sql,
    slots.map(({ digest, decision }) => ({
      digestKey: digest.digestKey,
      next: decision.next,
      toldThrough: decision.kind === "send" ? decision.span.through : digest.toldThrough,
    })),
  );
  return slots.map(({ digest, decision }) => ({
    outcome:
      decision.kind === "send"
        ? (told.get(digest.digestKey) ?? "send")
        : `skip: ${decision.reason}`,
    digest_key: digest.digestKey,
    slot: digest.nextRunAt,
  }));
}

/** Says of each what became of it, by key. */
async function tellAll(
  sql: Sql,
  sending: readonly { readonly digest: Digest; readonly span: DigestSpan }[],
  batch: Batch,
): Promise<ReadonlyMap<string, string>> {
  const [first] = sending;
  if (first === undefined) return new Map();
  const { every, zone, nextRunAt: asOf } = first.digest;
  const contents = await loadContents(
    sql,
    { every, zone, span: first.span, asOf },
    sending.map(({ digest: { scope, destination } }) => ({
      scope,
      reader: "person" in destination ? destination.person : undefined,
    })),
  );
  const outcomes = new Map<string, string>();
  for (const [index, { digest }] of sending.entries()) {
    const content = contents[index];
    if (content === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement after the other
    outcomes.set(digest.digestKey, await tell(sql, { digest, content }, batch));
  }
  return outcomes;
}

async function tell(
  sql: Sql,
  { digest, content }: { readonly digest: Digest; readonly content: DigestContent },
  { now, withheld }: Batch,
): Promise<string> {
  const { digestKey, destination, nextRunAt, scope } = digest;
  if ("person" in destination && !isWorthTelling(content)) return "skip: nothing";
  if ("channel" in destination) {
    const { channel } = destination;
    const why = withheld.get(audienceKey({ channel, scope }));
    if (why !== undefined) {
      await tellWithheld(sql, { digest, channel, name: content.name, why }, now);
      return "skip: withheld";
    }
  }
  await enqueueMessage(
    sql,
    {
      dedupeKey: `digest:${digestKey}:${nextRunAt.toISOString()}`,
      kind: "digest",
      destination,
      message: digestMessage(content),
    },
    now,
  );
  return "send";
}

/** Whoever runs the organization hears that a channel was left out, and why. */
async function tellWithheld(
  sql: Sql,
  about: {
    readonly digest: Digest;
    readonly channel: string;
    readonly name: string;
    readonly why: Withheld;
  },
  now: Instant,
): Promise<void> {
  const { finopsChannel, admins } = await loadOrganization({ database: sql });
  const destinations: readonly Destination[] =
    finopsChannel === undefined
      ? admins.map((person) => ({ person }))
      : [{ channel: finopsChannel }];
  const { digestKey, nextRunAt, every } = about.digest;
  for (const destination of destinations) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one statement after the other
    await enqueueMessage(
      sql,
      {
        dedupeKey: `digest-withheld:${digestKey}:${nextRunAt.toISOString()}:${destinationText(destination)}`,
        kind: "notice",
        destination,
        message: withheldMessage({ ...about, every }),
      },
      now,
    );
  }
}
