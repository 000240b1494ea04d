/** Records usage: load what decides price and owner, decide, save all of it at once. */
import type { Logger } from "pino";
import type { Clock, Instant } from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { enqueueBudgetChecks } from "../../budgets/index.ts";
import type { Source } from "../../sources/index.ts";
import {
  decideRepeat,
  type ParsedEvent,
  type RecordUsageResult,
  type Rejection,
} from "../rules.ts";
import { insertCharges } from "../store/charges.ts";
import { claimIdentities, eventKey, findContentHashes } from "../store/identities.ts";
import { insertRejectedEvents } from "../store/rejected-events.ts";
import { addToSpendRollups } from "../store/spend-rollups.ts";
import { hasTags, insertUsageEvents } from "../store/usage-events.ts";
import { newCharges, spendIncrements } from "../tally.ts";
import { ensureMonths, type IngestMemory } from "./ingest-memory.ts";
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
 * month; 4. in one transaction claim the identities that are new, insert their events, charges and
 * sums, the note to budgets, and the rejections.
 */
export async function recordUsage(
  deps: RecordUsageDeps,
  deliveries: readonly UsageDelivery[],
): Promise<readonly RecordUsageResult[]> {
  const now = deps.clock();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const priced = await priceDeliveries(deps, deliveries);
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
  { database }: RecordUsageDeps,
  work: {
    readonly deliveries: readonly UsageDelivery[];
    readonly priced: readonly PricedEvent[];
    readonly now: Instant;
  },
): Promise<readonly RecordUsageResult[]> {
  const { deliveries, priced, now } = work;
  return await inTransaction(database, async (sql) => {
    const rows = priced.map(({ row }) => row);
    const newIds = rows.length === 0 ? new Set() : await claimIdentities(sql, rows);
    const isNew = ({ row }: PricedEvent): boolean => newIds.has(row.usageEventId);
    const inserted = priced.filter(isNew);
    const conflicts = await findConflicts(
      sql,
      priced.filter((event) => !isNew(event)),
    );
    if (inserted.length > 0) {
      await insertUsageEvents(
        sql,
        inserted.map(({ row }) => row),
        now,
      );
      await insertCharges(sql, newCharges(inserted));
      await addToSpendRollups(sql, spendIncrements(inserted));
      await enqueueBudgetChecks(sql, budgetChecks(inserted, now));
    }
    const results = resultsOf(deliveries, { inserted, conflicts });
    const rejected = deliveries.flatMap(({ source }, index) =>
      (results[index]?.rejected ?? []).map((rejection) => ({ source: source.name, rejection })),
    );
    if (rejected.length > 0) await insertRejectedEvents(sql, rejected, now);
    return results;
  });
}

interface Conflict {
  readonly delivery: UsageDelivery;
  readonly rejection: Rejection;
}

/** What became of each delivery, in their order. */
function resultsOf(
  deliveries: readonly UsageDelivery[],
  outcome: { readonly inserted: readonly PricedEvent[]; readonly conflicts: readonly Conflict[] },
): readonly RecordUsageResult[] {
  const accepted = new Map<UsageDelivery, number>();
  for (const { delivery } of outcome.inserted) {
    accepted.set(delivery, (accepted.get(delivery) ?? 0) + 1);
  }
  const conflicts = new Map<UsageDelivery, Rejection[]>();
  for (const { delivery, rejection } of outcome.conflicts) {
    conflicts.set(delivery, [...(conflicts.get(delivery) ?? []), rejection]);
  }
  return deliveries.map((delivery) => {
    const ownConflicts = conflicts.get(delivery) ?? [];
    const events = delivery.batch.filter((parsed) => parsed.kind === "event").length;
    const rejected = [
      ...delivery.batch.flatMap((parsed) => (parsed.kind === "rejected" ? [parsed.rejection] : [])),
      ...ownConflicts,
    ];
    return {
      accepted: accepted.get(delivery) ?? 0,
      duplicates: events - (accepted.get(delivery) ?? 0) - ownConflicts.length,
      rejected: rejected.toSorted((left, right) => left.index - right.index),
    };
  });
}

async function findConflicts(
  sql: Sql,
  repeated: readonly PricedEvent[],
): Promise<readonly Conflict[]> {
  if (repeated.length === 0) return [];
  const stored = await findContentHashes(
    sql,
    repeated.map(({ event }) => event),
  );
  return repeated.flatMap(({ event, index, row, delivery }) => {
    const hash = stored.get(eventKey(event));
    const decision = decideRepeat(
      { eventId: event.eventId, contentSha256: row.contentSha256 },
      hash === undefined ? undefined : { contentSha256: hash },
      index,
    );
    return decision.kind === "conflict" ? [{ delivery, rejection: decision.rejection }] : [];
  });
}

/** One note for what a budget could tell apart, so that a batch costs budgets little. */
function budgetChecks(
  events: readonly PricedEvent[],
  now: Instant,
): Parameters<typeof enqueueBudgetChecks>[1] {
  const latest = new Map<string, Parameters<typeof enqueueBudgetChecks>[1][number]>();
  for (const { event, usage, dimensionIdOf } of events) {
    const tags = hasTags(event) ? event.tags : undefined;
    const day = event.occurredAt.toISOString().slice(0, 10);
    // A note about what is dated ahead waits for its time; what is due must not wait with it.
    const isAhead = event.occurredAt > now;
    for (const modelId of new Set(usage.charges.map((charge) => charge.modelId))) {
      const spendDimensionId = dimensionIdOf(modelId);
      const key = JSON.stringify([spendDimensionId, day, isAhead, tags]);
      const known = latest.get(key);
      if (known === undefined || known.occurredAt < event.occurredAt) {
        latest.set(key, { spendDimensionId, tags, occurredAt: event.occurredAt });
      }
    }
  }
  return [...latest.values()];
}

/** Postgres undid everything, and the same can succeed: a deadlock, or a month that was dropped. */
function isRetriable(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return (
    error.code === "40P01" ||
    error.code === "40001" ||
    (error.code === "23514" && error.message.startsWith("no partition of relation"))
  );
}
