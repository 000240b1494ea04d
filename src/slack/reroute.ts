/**
 * Channels that Slack closed, and messages that waited too long. News for a closed channel go to
 * its fallback with a note, once, and stay true there; the message itself waits and is the probe
 * that finds the channel mended. Then what is still true is sent, at the channel's pace.
 */
import { addMs, DAY_MS, type Instant, MINUTE_MS } from "../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../store/database.ts";
import {
  type Block,
  context,
  DIVIDER,
  escapeText,
  fitsMessage,
  message,
  type SlackMessage,
  section,
} from "./blocks.ts";
import {
  closedBecause,
  type DeadDestination,
  deleteDead,
  EVERYWHERE,
  insertDead,
  listDead,
} from "./dead-destinations.ts";
import { type DeliveryOutcome, deadAfter, REROUTED_KINDS } from "./delivery-rules.ts";
import { type Destination, destinationText } from "./destination.ts";
import {
  enqueueMessage,
  hurryDestination,
  markGathered,
  markRerouted,
  skipStale,
} from "./outbox.ts";
import { listOldNotices, listUnrouted, type WaitingMessage } from "./outbox-reads.ts";

/** What the rest of the program does about closed channels; each in the transaction of the fact. */
export interface RerouteNews {
  /** Where news for it go instead; empty: nowhere. */
  readonly fallbackOf: (sql: Sql, destination: string) => Promise<readonly Destination[]>;
  readonly onDead: (sql: Sql, dead: DeadDestination) => Promise<void>;
  readonly onMended: (sql: Sql, dead: DeadDestination) => Promise<void>;
}

const REROUTED_MAX = 20;
/** A message that waited so long met an outage, not a busy channel. */
const OLD_MS = 30 * MINUTE_MS;
/** Yesterday's digest is not read when today's is there. */
const DIGEST_MS = DAY_MS;
/** From so many old notices at one place on, they are told together. */
const NOTICES_MIN = 3;

/** Notes that Slack refuses the channel (or the bot), and tells of it when that is news. */
export async function noteDead(
  deps: { readonly database: Database; readonly reroute?: RerouteNews | undefined },
  destination: Destination,
  at: {
    readonly outcome: Extract<DeliveryOutcome, { kind: "permanent" }>;
    readonly now: Instant;
  },
): Promise<void> {
  const what = deadAfter(at.outcome, destination);
  if (what === undefined) return;
  const dead: DeadDestination = {
    destination: what === "everywhere" ? EVERYWHERE : destinationText(destination),
    reason: at.outcome.reason,
    since: at.now,
  };
  await inTransaction(deps.database, async (sql) => {
    if (await insertDead(sql, dead)) await deps.reroute?.onDead(sql, dead);
  });
}

/** A message got through: whatever was wrong there is mended, and what waits follows at once. */
export async function noteMended(
  deps: { readonly database: Database; readonly reroute?: RerouteNews | undefined },
  destination: Destination,
  now: Instant,
): Promise<void> {
  const known = new Set((await listDead(deps.database)).map((dead) => dead.destination));
  if (known.size === 0) return;
  const names = [destinationText(destination), EVERYWHERE].filter((name) => known.has(name));
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await mend(deps, name, now);
  }
}

async function mend(
  {
    database,
    reroute,
  }: { readonly database: Database; readonly reroute?: RerouteNews | undefined },
  name: string,
  now: Instant,
): Promise<void> {
  await inTransaction(database, async (sql) => {
    const dead = await deleteDead(sql, name);
    if (dead === undefined) return;
    await hurryDestination(sql, name, now);
    await reroute?.onMended(sql, dead);
  });
}

/** Sends copies of news for closed channels to their fallback, once each, and keeps them true; how many. */
export async function rerouteDead(
  database: Database,
  news: RerouteNews,
  now: Instant,
): Promise<number> {
  const dead = await listDead(database);
  if (dead.every(({ destination }) => destination === EVERYWHERE)) return 0;
  const reasons = new Map(dead.map(({ destination, reason }) => [destination, reason]));
  return await inTransaction(database, async (sql) => {
    const waiting = await listUnrouted(sql, REROUTED_KINDS, REROUTED_MAX);
    for (const one of waiting) {
      const meantFor = destinationText(one.destination);
      const copy = reroutedMessage(one, { meantFor, reason: reasons.get(meantFor) ?? "closed" });
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      for (const destination of await news.fallbackOf(sql, meantFor)) {
        const copyOf = (key: string): string => `fallback:${destinationText(destination)}:${key}`;
        const entry = {
          dedupeKey: copyOf(one.dedupeKey),
          ...(one.updates === undefined ? {} : { updates: copyOf(one.updates) }),
          kind: one.kind,
          destination,
          message: copy,
          ...(one.validUntil === undefined ? {} : { validUntil: one.validUntil }),
        };
        // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
        await enqueueMessage(sql, entry, now);
      }
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await markRerouted(sql, one.id, now);
    }
    return waiting.length;
  });
}

function reroutedMessage(
  { text, blocks }: WaitingMessage,
  { meantFor, reason }: { readonly meantFor: string; readonly reason: string },
): SlackMessage {
  const note = `Meant for ${escapeText(meantFor)}, where I can't post: ${escapeText(closedBecause(reason))}.`;
  const last = blocks.at(-1);
  const tail = last?.type === "actions" ? [last] : [];
  const body = tail.length === 0 ? blocks : blocks.slice(0, -1);
  return message(`${text} ${note}`, [...body, context(`:mailbox_with_no_mail: ${note}`), ...tail]);
}

/** Skips what is not true any more, and gathers old notices, so that nothing floods a channel. */
export async function tidyOutbox(database: Database, now: Instant): Promise<void> {
  const oldSince = addMs(now, -OLD_MS);
  await skipStale(database, { now, oldSince, digestsSince: addMs(now, -DIGEST_MS) });
  await inTransaction(database, async (sql) => {
    const notices = await listOldNotices(sql, { oldSince, noticesMin: NOTICES_MIN });
    const places = new Set(notices.map(({ destination }) => destinationText(destination)));
    for (const place of places) {
      const waiting = notices.filter(({ destination }) => destinationText(destination) === place);
      if (waiting.length < NOTICES_MIN) continue;
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      for (const bundle of bundlesOf(waiting)) await gather(sql, place, { bundle, now });
    }
  });
}

/** As many together as one message shows whole, in their order; one alone is no bundle. */
function bundlesOf(notices: readonly WaitingMessage[]): readonly (readonly WaitingMessage[])[] {
  const bundles: WaitingMessage[][] = [];
  for (const notice of notices) {
    const last = bundles.at(-1);
    if (last !== undefined && fitsMessage(gatheredBlocks([...last, notice]))) last.push(notice);
    else bundles.push([notice]);
  }
  return bundles.filter(({ length }) => length > 1);
}

async function gather(
  sql: Sql,
  place: string,
  { bundle, now }: { readonly bundle: readonly WaitingMessage[]; readonly now: Instant },
): Promise<void> {
  const [first] = bundle;
  if (first === undefined) return;
  const entry = {
    dedupeKey: `gathered:${place}:${first.id}`,
    kind: "notice" as const,
    destination: first.destination,
    message: message(headlineOf(bundle), gatheredBlocks(bundle)),
  };
  await enqueueMessage(sql, entry, now);
  const ids = bundle.map(({ id }) => id);
  await markGathered(sql, ids);
}

function headlineOf(notices: readonly WaitingMessage[]): string {
  return `${String(notices.length)} messages from while Slack was away`;
}

function gatheredBlocks(notices: readonly WaitingMessage[]): readonly Block[] {
  return [
    section(`*${headlineOf(notices)}*`),
    ...notices.flatMap(({ blocks }) => [DIVIDER, ...blocks]),
  ];
}
