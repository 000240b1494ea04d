/** Records usage: load what decides price and owner, decide, save all of it at once. */
import type { Logger } from "pino";
import { v7 as uuid } from "uuid";
import { assert } from "../../../domain/assert.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { allocateEvent, type SpendDimension } from "../../allocation/index.ts";
import { enqueueBudgetChecks } from "../../budgets/index.ts";
import { type PricedUsage, priceUsage } from "../../pricing/index.ts";
import { contentSha256 } from "../native-event.ts";
import {
  decideRepeat,
  type ParsedEvent,
  type RecordUsageResult,
  type Rejection,
} from "../rules.ts";
import {
  addToSpendRollups,
  findContentHashes,
  hasTags,
  insertCharges,
  insertRejectedEvents,
  insertUsageEvents,
  type NewUsageEvent,
} from "../store.ts";
import { type ChargedEvent, newCharges, spendIncrements } from "../tally.ts";

import {
  dimensionKey,
  type IngestMemory,
  loadOwnershipInForce,
  nameDimensions,
} from "./ingest-memory.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingestMemory: IngestMemory;
}

export interface UsageSource {
  readonly name: string;
  /** Whether what its events say about team and project counts. */
  readonly isTrusted: boolean;
}

/** A deadlock needs two unlucky batches; a third in a row is something else. */
const ATTEMPTS_MAX = 3;

/**
 * Records a batch. When this returns, every accepted event is durable, priced, allocated, summed,
 * and budgets know of it; a repeated delivery changes nothing.
 *
 * 1. price and allocate each event; 2. name its spend dimensions; 3. in one transaction insert the
 * events that are new, their charges and sums, the note to budgets, and the rejections.
 */
export async function recordUsage(
  deps: Deps,
  source: UsageSource,
  batch: readonly ParsedEvent[],
): Promise<RecordUsageResult> {
  const now = deps.clock();
  const events = batch.flatMap((parsed) => (parsed.kind === "event" ? [parsed] : []));
  const rejected = batch.flatMap((parsed) =>
    parsed.kind === "rejected" ? [parsed.rejection] : [],
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      const priced = await priceAndAllocate(deps, source, events);
      // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
      return await save(deps, { source, priced, rejected, now });
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isRetriable(error)) throw error;
      deps.log.warn({ err: error, attempt }, "usage batch tried again");
    }
  }
}

interface PricedEvent extends ChargedEvent {
  readonly index: number;
  readonly row: NewUsageEvent;
}

async function priceAndAllocate(
  deps: Deps,
  source: UsageSource,
  events: readonly { readonly index: number; readonly event: UsageEvent }[],
): Promise<readonly PricedEvent[]> {
  if (events.length === 0) return [];
  const ownership = await loadOwnershipInForce(deps);
  const priced = events.map(({ index, event }) => {
    const usage = priceUsage({ event, discounts: ownership.discounts });
    const allocation = allocateEvent(
      { ...event, model: usage.modelId },
      { ...ownership, isSourceTrusted: source.isTrusted },
    );
    const dimensionOf = (modelId: string): SpendDimension => ({
      ...allocation,
      modelId,
      apiKeyId: event.apiKeyId,
      workspaceId: event.workspaceId,
      source: event.source,
    });
    return { index, event, usage, dimensionOf };
  });
  warnOfUnknownModels(deps, priced);

  const ids = await nameDimensions(
    deps,
    priced.flatMap(({ usage, dimensionOf }) =>
      [usage.modelId, ...usage.charges.map((charge) => charge.modelId)].map(dimensionOf),
    ),
  );
  return priced.map(({ index, event, usage, dimensionOf }) => ({
    index,
    event,
    usage,
    row: { usageEventId: uuid(), contentSha256: contentSha256(event), event },
    dimensionIdOf: (modelId) => {
      const id = ids.get(dimensionKey(dimensionOf(modelId)));
      assert(id !== undefined, "every dimension of a batch was named before");
      return id;
    },
  }));
}

async function save(
  { database }: Deps,
  batch: {
    readonly source: UsageSource;
    readonly priced: readonly PricedEvent[];
    readonly rejected: readonly Rejection[];
    readonly now: Instant;
  },
): Promise<RecordUsageResult> {
  const { source, priced, now } = batch;
  return await inTransaction(database, async (sql) => {
    const insertedIds = await insertUsageEvents(
      sql,
      priced.map(({ row }) => row),
      now,
    );
    const isNew = ({ row }: PricedEvent): boolean => insertedIds.has(row.usageEventId);
    const inserted = priced.filter(isNew);
    const conflicts = await findConflicts(
      sql,
      source,
      priced.filter((event) => !isNew(event)),
    );
    if (inserted.length > 0) {
      await insertCharges(sql, newCharges(inserted));
      await addToSpendRollups(sql, spendIncrements(inserted));
      await enqueueBudgetChecks(sql, budgetChecks(inserted));
    }
    const rejected = [...batch.rejected, ...conflicts].toSorted(
      (left, right) => left.index - right.index,
    );
    if (rejected.length > 0) {
      await insertRejectedEvents(sql, {
        source: source.name,
        rejections: rejected,
        receivedAt: now,
      });
    }
    return {
      accepted: inserted.length,
      duplicates: priced.length - inserted.length - conflicts.length,
      rejected,
    };
  });
}

async function findConflicts(
  sql: Sql,
  source: UsageSource,
  repeated: readonly PricedEvent[],
): Promise<readonly Rejection[]> {
  if (repeated.length === 0) return [];
  const stored = await findContentHashes(
    sql,
    source.name,
    repeated.map(({ event }) => event.eventId),
  );
  return repeated.flatMap(({ event, index, row }) => {
    const hash = stored.get(event.eventId);
    const decision = decideRepeat(
      { eventId: event.eventId, contentSha256: row.contentSha256 },
      hash === undefined ? undefined : { contentSha256: hash },
      index,
    );
    return decision.kind === "conflict" ? [decision.rejection] : [];
  });
}

/** One note for what a budget could tell apart, so that a batch costs budgets little. */
function budgetChecks(events: readonly PricedEvent[]): Parameters<typeof enqueueBudgetChecks>[1] {
  const latest = new Map<string, Parameters<typeof enqueueBudgetChecks>[1][number]>();
  for (const { event, usage, dimensionIdOf } of events) {
    const tags = hasTags(event) ? event.tags : undefined;
    const day = event.occurredAt.toISOString().slice(0, 10);
    for (const modelId of new Set(usage.charges.map((charge) => charge.modelId))) {
      const spendDimensionId = dimensionIdOf(modelId);
      const key = JSON.stringify([spendDimensionId, day, tags]);
      const known = latest.get(key);
      if (known === undefined || known.occurredAt < event.occurredAt) {
        latest.set(key, { spendDimensionId, tags, occurredAt: event.occurredAt });
      }
    }
  }
  return [...latest.values()];
}

function warnOfUnknownModels(
  { log, ingestMemory }: Deps,
  priced: readonly { readonly event: UsageEvent; readonly usage: PricedUsage }[],
): void {
  for (const { event, usage } of priced) {
    if (usage.isKnownModel || ingestMemory.unknownModels.has(event.model)) continue;
    if (ingestMemory.unknownModels.size > 1_000) ingestMemory.unknownModels.clear();
    ingestMemory.unknownModels.add(event.model);
    log.warn({ model: event.model }, "unknown model priced at the fallback");
  }
}

/** Deadlock, serialization failure: Postgres undid everything and asks to come again. */
function isRetriable(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && (error.code === "40P01" || error.code === "40001")
  );
}
