/** Records usage: load what decides price and owner, decide, save all of it at once. */
import type { Logger } from "pino";
import { type Clock, DAY_MS, type Instant } from "../../../domain/time.ts";
import type { NotCountedBecause } from "../../../domain/usage.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { enqueueBudgetChecks } from "../../budgets/index.ts";
import type { Source } from "../../sources/index.ts";
import { mergeIncrements, reversalChecks, reversalIncrements } from "../reversal.ts";
import type { ParsedEvent, RecordUsageResult, Rejection } from "../rules.ts";
import { insertCharges, insertReversals } from "../store/charges.ts";
import { addToSpendRollups } from "../store/spend-rollups.ts";
import { hasTags, insertUsageEvents } from "../store/usage-events.ts";
import { newCharges, spendIncrements } from "../tally.ts";
import { type ClaimedEvent, claimEvents, type RefusedEvent } from "./claim-events.ts";
import { priceLate } from "./correction-chains.ts";
import { ensureMonths, type IngestMemory } from "./ingest-memory.ts";
import { keepRejected } from "./keep-rejected.ts";
import { type PricedEvent, priceDeliveries } from "./price-deliveries.ts";

export interface RecordUsageDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingestMemory: IngestMemory;
}

/** What one request brought. */
export interface UsageDelivery {
  readonly source: Source;
  readonly batch: readonly ParsedEvent[];
}

/** A deadlock needs two unlucky batches; a third in a row is something else. */
const ATTEMPTS_MAX = 3;

/**
 * Records deliveries, all in one transaction; one result each, in their order. When this returns,
 * every accepted event is durable, priced, allocated, summed, and budgets know of it; a repeated
 * delivery changes nothing.
 *
 * 1. price and allocate each event; 2. name its spend dimensions; 3. see to the partitions of its
 * month; 4. in one transaction claim what is new and what is corrected, insert the events, their
 * charges and those that take back, the sums, the note to budgets, and the rejections.
 */
export async function recordUsage(
  deps: RecordUsageDeps,
  deliveries: readonly UsageDelivery[],
): Promise<readonly RecordUsageResult[]> {
  const now = deps.clock();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const priced = await priceDeliveries(deps, deliveries, now);
      // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
      await ensureMonths(
        deps,
        priced.map(({ event }) => event.occurredAt),
      );
      // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
      return await save(deps, { deliveries, priced, now });
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isRetriable(error)) throw error;
      deps.ingestMemory.months.clear(); // Retention may have dropped one since.
      deps.log.warn({ err: error, attempt }, "usage tried again");
    }
  }
}

async function save(
  deps: RecordUsageDeps,
  work: {
    readonly deliveries: readonly UsageDelivery[];
    readonly priced: readonly PricedEvent[];
    readonly now: Instant;
  },
): Promise<readonly RecordUsageResult[]> {
  const { deliveries, priced, now } = work;
  return await inTransaction(deps.database, async (sql) => {
    const { accepted, refused, corrected, late } = await claimEvents(sql, priced);
    const results = resultsOf(deliveries, { accepted, refused });
    const rejected = deliveries.flatMap(({ source }, index) =>
      (results[index]?.rejected ?? []).map((rejection) => ({ source: source.name, rejection })),
    );
    if (rejected.length > 0) await keepRejected(sql, rejected, now);
    if (accepted.length === 0) return results;

    const reversed = corrected.length === 0 ? [] : await insertReversals(sql, corrected);
    const counted: readonly PricedEvent[] = [
      ...accepted.filter(isCounted),
      ...(late.length === 0 ? [] : await priceLate(deps, late, now)),
    ];
    const increments =
      reversed.length === 0
        ? spendIncrements(counted)
        : mergeIncrements([...spendIncrements(counted), ...reversalIncrements(reversed)]);
    // Sent in one go: none needs the answer to another. The rollups last: others wait for their rows.
    await together([
      insertUsageEvents(sql, accepted, now),
      insertCharges(sql, newCharges(counted)),
      enqueueBudgetChecks(sql, [...budgetChecks(counted, now), ...reversalChecks(reversed)]),
      addToSpendRollups(sql, increments),
    ]);
    return results;
  });
}

function isCounted({ event, notCounted }: ClaimedEvent): boolean {
  return notCounted === undefined && event.voids === undefined;
}

/** What became of each delivery, in their order. */
function resultsOf(
  deliveries: readonly UsageDelivery[],
  outcome: {
    readonly accepted: readonly ClaimedEvent[];
    readonly refused: readonly RefusedEvent[];
  },
): readonly RecordUsageResult[] {
  const accepted = new Map<UsageDelivery, ClaimedEvent[]>();
  for (const event of outcome.accepted) push(accepted, event.delivery, event);
  const refused = new Map<UsageDelivery, Rejection[]>();
  for (const { delivery, rejection } of outcome.refused) push(refused, delivery, rejection);
  return deliveries.map((delivery) => {
    const ownAccepted = accepted.get(delivery) ?? [];
    const ownRefused = refused.get(delivery) ?? [];
    const events = delivery.batch.filter((parsed) => parsed.kind === "event").length;
    const rejected = [
      ...delivery.batch.flatMap((parsed) => (parsed.kind === "rejected" ? [parsed.rejection] : [])),
      ...ownRefused,
    ];
    return {
      accepted: ownAccepted.length,
      duplicates: events - ownAccepted.length - ownRefused.length,
      rejected: rejected.toSorted((left, right) => left.index - right.index),
      ...notCountedOf(ownAccepted),
    };
  });
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}

function notCountedOf(accepted: readonly ClaimedEvent[]): Pick<RecordUsageResult, "notCounted"> {
  const counts = new Map<NotCountedBecause, number>();
  for (const { notCounted } of accepted) {
    if (notCounted !== undefined) counts.set(notCounted, (counts.get(notCounted) ?? 0) + 1);
  }
  return counts.size === 0 ? {} : { notCounted: counts };
}

/** One note for what a budget could tell apart, so that a batch costs budgets little. */
export function budgetChecks(
  events: readonly PricedEvent[],
  now: Instant,
): Parameters<typeof enqueueBudgetChecks>[1] {
  const latest = new Map<string, Parameters<typeof enqueueBudgetChecks>[1][number]>();
  for (const { event, usage, dimensionIdOf } of events) {
    const tags = hasTags(event) ? event.tags : undefined;
    const day = Math.floor(event.occurredAt.getTime() / DAY_MS);
    // A note about what is dated ahead waits for its time; what is due must not wait with it.
    const isAhead = event.occurredAt > now;
    const told = tags === undefined ? "" : JSON.stringify(tags);
    let last: string | undefined;
    for (const { modelId } of usage.charges) {
      if (modelId === last) continue; // As nearly always: only one model ran.
      last = modelId;
      const spendDimensionId = dimensionIdOf(modelId);
      const key = `${String(spendDimensionId)} ${String(day)} ${String(isAhead)} ${told}`;
      const known = latest.get(key);
      if (known === undefined || known.occurredAt < event.occurredAt) {
        latest.set(key, { spendDimensionId, tags, occurredAt: event.occurredAt });
      }
    }
  }
  return [...latest.values()];
}

/**
 * Postgres undid everything, and the same can succeed: a deadlock, a month that was dropped, or
 * somebody else who corrected the same event a moment earlier, which the next attempt sees.
 */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return (
    error.code === "40P01" ||
    error.code === "40001" ||
    (error.code === "23505" && "table" in error && error.table === "usage_identities") ||
    (error.code === "23514" && error.message.startsWith("no partition of relation"))
  );
}
