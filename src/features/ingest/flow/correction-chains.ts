/**
 * What becomes of chains of corrections where another source is the one that counts: inside the
 * transaction that stores them, after every name of a batch is claimed.
 *
 * Who has claimed a request counts it, or nobody does: the other source was told that its event is a
 * duplicate. So the last event of a chain counts once anything in its chain has claimed one, though
 * the links between may come after it.
 */
import type { Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { Sql } from "../../../store/database.ts";
import { circularAmong, hasCallAbove } from "../rules/correction-chains.ts";
import { correctedEventId } from "../rules.ts";
import { findChainEnds, loadChainsAbove } from "../store/correction-chains.ts";
import {
  type EventName,
  eventKey,
  findClaimedAtSource,
  findCorrectors,
  lockIdentities,
} from "../store/identities.ts";
import { listNotCountedElsewhere, type StoredUsageEvent } from "../store/usage-events.ts";
import { type PricedEvent, priceDeliveries } from "./price-deliveries.ts";

/** An event that was stored without charges and counts from now on. */
export interface LateCounted {
  readonly delivery: PricedEvent["delivery"];
  readonly stored: StoredUsageEvent;
}

/** What an event corrects or voids. */
export function targetOf(event: UsageEvent): EventName | undefined {
  const eventId = correctedEventId(event);
  return eventId === undefined ? undefined : { source: event.source, eventId };
}

/** Of corrections that come together, those in a circle, by `eventKey`. */
export function circularIn(corrections: readonly PricedEvent[]): ReadonlySet<string> {
  return circularAmong(
    corrections.flatMap(({ event }) => {
      const target = targetOf(event);
      return target === undefined ? [] : [{ event: eventKey(event), target: eventKey(target) }];
    }),
  );
}

/** Whether a correction of it was stored before: of events in a circle, the one that closes it was not. */
export async function findAwaited(
  sql: Sql,
  {
    filled,
    circular,
    accepted,
  }: {
    readonly filled: ReadonlySet<string>;
    readonly circular: ReadonlySet<string>;
    readonly accepted: readonly PricedEvent[];
  },
): Promise<(event: PricedEvent) => boolean> {
  if (circular.size === 0) return ({ row }) => filled.has(row.usageEventId);
  const correctors = await findCorrectors(
    sql,
    accepted.map(({ event }) => event),
  );
  return ({ event }) => correctors.has(eventKey(event));
}

/** Of corrections, those that count although another source is the one for their key. */
export async function findInherited(
  sql: Sql,
  corrections: readonly PricedEvent[],
): Promise<ReadonlySet<string>> {
  const elsewhere = corrections.filter(({ isMeteredElsewhere }) => isMeteredElsewhere);
  if (elsewhere.length === 0) return new Set();
  const events = elsewhere.map(({ event }) => event);
  const atSource = await findClaimedAtSource(sql, events);
  const chains = await loadChainsAbove(sql, events);
  const inherited = elsewhere.filter(
    ({ event }) =>
      hasCallAbove(chains, eventKey(event)) ||
      atSource.has(event.source, event.requestId) ||
      atSource.has(event.source, event.messageId),
  );
  return new Set(inherited.map(({ row }) => row.usageEventId));
}

/**
 * Events stored before that count now that `filled`, which they correct at some remove, have come
 * and claimed a request or led to one.
 */
export async function findCountedLate(
  sql: Sql,
  filled: readonly PricedEvent[],
): Promise<readonly LateCounted[]> {
  if (filled.length === 0) return [];
  const deliveries = new Map(filled.map(({ event, delivery }) => [event.source, delivery]));
  const ends = await lockChainEnds(
    sql,
    filled.map(({ event }) => event),
  );
  const chains = await loadChainsAbove(sql, ends);
  const withCall = ends.filter((end) => hasCallAbove(chains, eventKey(end)));
  const identities = await lockIdentities(sql, withCall);
  const places = [...identities.values()].flatMap(({ event }) => event ?? []);
  if (places.length === 0) return [];
  return (await listNotCountedElsewhere(sql, places)).flatMap((stored) => {
    const delivery = deliveries.get(stored.event.source);
    return delivery === undefined ? [] : [{ delivery, stored }];
  });
}

/**
 * Whoever corrects an end at this moment holds it: then the end is another one. Of those that would
 * close a circle together each holds the end that another wants, so that one is tried again and
 * sees the others.
 */
async function lockChainEnds(
  sql: Sql,
  filled: readonly EventName[],
): Promise<readonly EventName[]> {
  let ends = await findChainEnds(sql, filled);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a lock, then what holds under it
    await lockIdentities(sql, ends);
    // oxlint-disable-next-line no-await-in-loop -- see above
    const after = await findChainEnds(sql, filled);
    if (after.map(eventKey).join() === ends.map(eventKey).join()) return ends;
    ends = after;
  }
}

/** Prices and allocates them as if they came now, under the ids that they have. */
export async function priceLate(
  deps: Parameters<typeof priceDeliveries>[0],
  late: readonly LateCounted[],
  now: Instant,
): Promise<readonly PricedEvent[]> {
  const priced = await priceDeliveries(
    deps,
    late.map(({ delivery: { source }, stored: { event } }) => ({
      source,
      batch: [{ kind: "event", index: 0, event, contentSha256: "" }],
    })),
    now,
  );
  return priced.map((event, position) => {
    const usageEventId = late[position]?.stored.usageEventId ?? event.row.usageEventId;
    return { ...event, row: { ...event.row, usageEventId } };
  });
}
