/**
 * Which events of a batch are new, which of them count, and what they correct. Inside the
 * transaction that stores them, so that of two that bring the same, or correct the same, one wins.
 *
 * A correction that comes before its event leaves an expected name behind: the event finds it when
 * it claims that name, so that events which nobody corrects never have to look.
 */
import type { NotCountedBecause, UsageEvent } from "../../../domain/usage.ts";
import type { Sql } from "../../../store/database.ts";
import { type ChainLink, closesCircle } from "../rules/correction-chains.ts";
import { correctedEventId, decideClaim, noLongerKept, type Rejection } from "../rules.ts";
import { loadChainsAbove } from "../store/correction-chains.ts";
import {
  claimIdentities,
  type EventName,
  eventKey,
  fillIdentities,
  findClaimedAtSource,
  findCorrectors,
  findIdentities,
  forgetExpected,
  type Identity,
  type IdentityClaim,
  lockIdentities,
} from "../store/identities.ts";
import { findKeptEvents } from "../store/usage-events.ts";
import {
  circularIn,
  findAwaited,
  findCountedLate,
  findInherited,
  type LateCounted,
  targetOf,
} from "./correction-chains.ts";
import type { PricedEvent } from "./price-deliveries.ts";

export interface ClaimedEvent extends PricedEvent {
  /** Undefined: it counts. */
  readonly notCounted: NotCountedBecause | undefined;
}

export interface RefusedEvent {
  readonly delivery: PricedEvent["delivery"];
  readonly rejection: Rejection;
}

export interface ClaimedBatch {
  readonly accepted: readonly ClaimedEvent[];
  readonly refused: readonly RefusedEvent[];
  /** Events stored earlier whose charges must be taken back. */
  readonly corrected: readonly NonNullable<Identity["event"]>[];
  /** Events stored earlier that count from now on. */
  readonly late: readonly LateCounted[];
}

/**
 * 1. Claims what is new and expects what is corrected; 2. claims the corrections; 3. gives expected
 * names to the events that have come, and says of the rest what it is; 4. takes back expectations
 * that came to nothing.
 */
export async function claimEvents(sql: Sql, batch: readonly PricedEvent[]): Promise<ClaimedBatch> {
  if (batch.length === 0) return { accepted: [], refused: [], corrected: [], late: [] };
  const corrections = batch.filter(({ event }) => correctedEventId(event) !== undefined);
  const keys = new Set(corrections.length === 0 ? [] : batch.map(({ event }) => eventKey(event)));
  const targets = corrections.flatMap(({ event }) => targetOf(event) ?? []);
  const circular = corrections.length < 2 ? new Set<string>() : circularIn(corrections);
  const claimed = await claimIdentities(sql, [
    ...batch.filter(({ event }) => correctedEventId(event) === undefined).map(claimOf),
    // Of events that refer to each other all are expected: then each is judged after the other.
    ...unique(targets).filter((target) => {
      const key = eventKey(target);
      return !keys.has(key) || circular.has(key);
    }),
  ]);
  const newIds = new Set(claimed);
  const { stored, tooLate } = await claimCorrections(sql, {
    corrections: corrections.filter(({ event }) => !circular.has(eventKey(event))),
    targets,
    newIds,
  });

  const repeated = batch.filter(
    ({ row, event }) => !newIds.has(row.usageEventId) && !isCorrecting(event, tooLate),
  );
  const { filled, refused } = await resolveRepeated(sql, repeated);
  const accepted = batch.filter(
    ({ row }) => newIds.has(row.usageEventId) || filled.has(row.usageEventId),
  );
  if (corrections.length > 0) await settleExpected(sql, targets);
  const inherited = await findInherited(sql, corrections);
  const isAwaited = await findAwaited(sql, { filled, circular, accepted });

  const targetsNow = accepted.flatMap(({ event }) => targetOf(event) ?? []);
  const targetKeys = new Set(targetsNow.map(eventKey));
  const isTarget = (event: EventName): boolean =>
    targetKeys.size > 0 && targetKeys.has(eventKey(event));
  const acceptedTargets = new Set(
    accepted.flatMap(({ event }) => (isTarget(event) ? [eventKey(event)] : [])),
  );
  return {
    accepted: accepted.map((event) => ({
      ...event,
      notCounted: notCounted(event, {
        isCorrected: isAwaited(event) || isTarget(event.event),
        isInherited: inherited.has(event.row.usageEventId),
      }),
    })),
    refused: [
      ...refused,
      ...batch
        .filter(({ event }) => isCorrecting(event, tooLate))
        .map(({ delivery, event, index }) => ({ delivery, rejection: noLongerKept(event, index) })),
    ],
    corrected: targetsNow
      .filter((target) => !acceptedTargets.has(eventKey(target)))
      .flatMap((target) => stored.get(eventKey(target))?.event ?? []),
    late: await findCountedLate(
      sql,
      accepted.filter(({ row }) => filled.has(row.usageEventId)),
    ),
  };
}

function notCounted(
  event: PricedEvent,
  { isCorrected, isInherited }: { readonly isCorrected: boolean; readonly isInherited: boolean },
): NotCountedBecause | undefined {
  if (isCorrected) return "corrected";
  return event.isMeteredElsewhere && !isInherited ? "metered_elsewhere" : undefined;
}

function isCorrecting(event: UsageEvent, targetKeys: ReadonlySet<string>): boolean {
  const target = targetOf(event);
  return target !== undefined && targetKeys.has(eventKey(target));
}

function unique(names: readonly EventName[]): readonly EventName[] {
  return [...new Map(names.map((name) => [eventKey(name), name])).values()];
}

function claimOf({ event, row, isMeteredElsewhere }: PricedEvent): IdentityClaim {
  return {
    source: event.source,
    eventId: event.eventId,
    usageEventId: row.usageEventId,
    contentSha256: row.contentSha256,
    occurredAt: event.occurredAt,
    // What does not count must not keep the same request from counting where it is metered.
    requestId: isMeteredElsewhere ? undefined : event.requestId,
    messageId: isMeteredElsewhere ? undefined : event.messageId,
    correctedEventId: correctedEventId(event),
  };
}

/** Claims corrections, into `newIds`; of what they correct what is stored, and what is gone. */
async function claimCorrections(
  sql: Sql,
  {
    corrections,
    targets,
    newIds,
  }: {
    readonly corrections: readonly PricedEvent[];
    readonly targets: readonly EventName[];
    readonly newIds: Set<string>;
  },
): Promise<{
  readonly stored: ReadonlyMap<string, Identity>;
  readonly tooLate: ReadonlySet<string>;
}> {
  if (corrections.length === 0) return { stored: new Map(), tooLate: new Set() };
  const stored = await lockIdentities(sql, unique(targets));
  const events = [...stored.values()].flatMap(({ event }) => event ?? []);
  const kept = await findKeptEvents(sql, events);
  const isNewOrKept = (id: string): boolean => newIds.has(id) || kept.has(id);
  const tooLate = new Set(
    [...stored].flatMap(([key, { event }]) =>
      event === undefined || isNewOrKept(event.usageEventId) ? [] : [key],
    ),
  );
  const wanted = corrections.filter(({ event }) => !isCorrecting(event, tooLate));
  for (const id of await claimIdentities(sql, wanted.map(claimOf))) newIds.add(id);

  // The request that a correction names is claimed by what it corrects, or by a former correction.
  const left = wanted.filter(({ row }) => !newIds.has(row.usageEventId));
  const atSource = await findClaimedAtSource(
    sql,
    left.map(({ event }) => event),
  );
  const again = left.map(claimOf).map((claim) => ({
    ...claim,
    requestId: atSource.has(claim.source, claim.requestId) ? undefined : claim.requestId,
    messageId: atSource.has(claim.source, claim.messageId) ? undefined : claim.messageId,
  }));
  for (const id of await claimIdentities(sql, again)) newIds.add(id);
  return { stored, tooLate };
}

/** What is not new: it was expected, or is a duplicate, or is refused. */
async function resolveRepeated(
  sql: Sql,
  repeated: readonly PricedEvent[],
): Promise<{ readonly filled: ReadonlySet<string>; readonly refused: readonly RefusedEvent[] }> {
  if (repeated.length === 0) return { filled: new Set(), refused: [] };
  const first = await judge(sql, repeated);
  const filled = await fillIdentities(sql, first.expected.map(claimOf));
  // Of several that bring the same expected event, here or elsewhere, one got its name.
  const rest = first.expectedOrRepeated.filter(({ row }) => !filled.has(row.usageEventId));
  const second = rest.length === 0 ? undefined : await judge(sql, rest);
  return { filled, refused: [...first.refused, ...(second?.refused ?? [])] };
}

interface Judged {
  readonly refused: readonly RefusedEvent[];
  /** Of each expected name the first event, if what it corrects is not corrected yet. */
  readonly expected: readonly PricedEvent[];
  readonly expectedOrRepeated: readonly PricedEvent[];
}

async function judge(sql: Sql, repeated: readonly PricedEvent[]): Promise<Judged> {
  const identities = await findIdentities(
    sql,
    repeated.map(({ event }) => event),
  );
  const targets = repeated.flatMap(({ event }) => targetOf(event) ?? []);
  const correctors = new Map(targets.length === 0 ? [] : await findCorrectors(sql, targets));
  const chains = await loadChainsOfExpected(sql, repeated, identities);
  const refused: RefusedEvent[] = [];
  const expected = new Map<string, PricedEvent>();
  const expectedOrRepeated: PricedEvent[] = [];
  for (const priced of repeated) {
    const { event, row, index, delivery } = priced;
    const key = eventKey(event);
    const identity = identities.get(key);
    const target = targetOf(event);
    const decision = decideClaim(
      { event, contentSha256: row.contentSha256, index },
      {
        name: nameState(identity),
        correctedBy: target === undefined ? undefined : correctors.get(eventKey(target)),
        closesCircle:
          target !== undefined && closesCircle(chains, { event: key, target: eventKey(target) }),
      },
    );
    if (decision.kind === "refused") refused.push({ delivery, rejection: decision.rejection });
    if (decision.kind !== "expected") continue;
    expectedOrRepeated.push(priced);
    if (expected.has(key)) continue;
    expected.set(key, priced);
    if (target === undefined) continue;
    correctors.set(eventKey(target), event.eventId);
    chains.set(key, { corrected: eventKey(target), hasCall: false });
  }
  return { refused, expected: [...expected.values()], expectedOrRepeated };
}

/** What corrections whose own correction came first would correct, and what stands above that. */
async function loadChainsOfExpected(
  sql: Sql,
  repeated: readonly PricedEvent[],
  identities: ReadonlyMap<string, Identity>,
): Promise<Map<string, ChainLink>> {
  const targets = repeated.flatMap(({ event }) =>
    nameState(identities.get(eventKey(event))).kind === "expected" ? (targetOf(event) ?? []) : [],
  );
  return await loadChainsAbove(sql, targets);
}

function nameState(identity: Identity | undefined): Parameters<typeof decideClaim>[1]["name"] {
  if (identity === undefined) return { kind: "free" };
  return identity.event === undefined
    ? { kind: "expected" }
    : { kind: "taken", contentSha256: identity.event.contentSha256 };
}

/** Every name that a correction refers to is taken or expected; no other is expected. */
async function settleExpected(sql: Sql, targets: readonly EventName[]): Promise<void> {
  await claimIdentities(sql, unique(targets));
  await forgetExpected(sql, unique(targets));
}
