/** What stored events would be charged today, where that differs from what they were charged. */
import { assert } from "../../../domain/assert.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { Database, Sql } from "../../../store/database.ts";
import {
  type Allocation,
  loadSpendDimensions,
  type SpendDimension,
} from "../../allocation/index.ts";
import { priceUsage } from "../../pricing/index.ts";
import { findSource, type Source } from "../../sources/index.ts";
import { isSameRating, type OwnedAmount, type RerateRange } from "../rules/rerate.ts";
import { type CurrentCharges, loadCurrentCharges, type NewCharge } from "../store/charges.ts";
import type { StoredUsageEvent } from "../store/usage-events.ts";
import { type ChargedEvent, newCharges } from "../tally.ts";
import {
  dimensionKey,
  type IngestMemory,
  loadOwnershipInForce,
  nameDimensions,
} from "./ingest-memory.ts";
import { ownerOf } from "./owner-of.ts";

interface Deps {
  readonly database: Database;
  readonly ingestMemory: IngestMemory;
}

/** An event that is charged otherwise, with its next generation of charges. */
export interface ChangedEvent {
  readonly stored: StoredUsageEvent;
  readonly charged: ChargedEvent;
  readonly next: readonly NewCharge[];
  readonly before: readonly OwnedAmount[];
  readonly after: readonly OwnedAmount[];
}

/**
 * The events whose charges would be others. What counts nothing, because it was corrected or voided,
 * stays so. Reads charges through `sql`, so that a transaction sees what it has locked.
 */
export async function rateAgain(
  deps: Deps,
  sql: Sql,
  { events, range }: { readonly events: readonly StoredUsageEvent[]; readonly range: RerateRange },
): Promise<readonly ChangedEvent[]> {
  const current = await loadCurrentCharges(
    sql,
    events.map(({ usageEventId, event }) => ({ usageEventId, occurredAt: event.occurredAt })),
  );
  const counted = events.flatMap((stored) => {
    const charges = current.get(stored.usageEventId);
    return charges === undefined || charges.charges.length === 0 ? [] : [{ stored, charges }];
  });
  if (counted.length === 0) return [];
  const dimensions = await loadSpendDimensions(
    sql,
    counted.flatMap(({ charges }) => charges.charges.map((charge) => charge.spendDimensionId)),
  );
  const rated = await rate(deps, { counted, dimensions, range });
  return rated.flatMap(({ stored, charges, charged }): readonly ChangedEvent[] => {
    const next = newCharges([charged]).map((charge) => ({
      ...charge,
      chargeNumber: charges.nextChargeNumber + charge.chargeNumber,
    }));
    if (isSameRating(charges.charges, next)) return [];
    const teamOf = new Map([...dimensions].map(([id, { teamKey }]) => [id, teamKey]));
    return [
      {
        stored,
        charged,
        next,
        before: charges.charges.map(({ spendDimensionId, billedCost }) => ({
          teamKey: teamOf.get(spendDimensionId),
          amount: billedCost,
        })),
        after: charged.usage.charges.map((charge) => ({
          teamKey: charged.teamKey,
          amount: charge.billedCost,
        })),
      },
    ];
  });
}

interface Counted {
  readonly stored: StoredUsageEvent;
  readonly charges: CurrentCharges;
}

async function rate(
  deps: Deps,
  work: {
    readonly counted: readonly Counted[];
    readonly dimensions: ReadonlyMap<number, SpendDimension>;
    readonly range: RerateRange;
  },
): Promise<readonly (Counted & { readonly charged: ChargedEvent & Owned })[]> {
  const ownership = await loadOwnershipInForce(deps);
  const sources = work.range.includesAllocation
    ? await loadSources(deps.database, work.counted)
    : new Map<string, Source>();
  const rated = work.counted.map(({ stored, charges }) => {
    const { event } = stored;
    const usage = priceUsage({ event, discounts: ownership.discounts, prices: ownership.prices });
    const former = work.dimensions.get(charges.charges[0]?.spendDimensionId ?? 0);
    assert(former !== undefined, "every charge has a spend dimension");
    const source = sources.get(event.source);
    const allocation: Allocation =
      source === undefined ? former : ownerOf({ event, modelId: usage.modelId }, source, ownership);
    const models = new Set([usage.modelId, ...usage.charges.map((charge) => charge.modelId)]);
    const byModel = new Map(
      [...models].map((modelId) => [modelId, dimensionOf(allocation, event, modelId)]),
    );
    return { stored, charges, usage, allocation, byModel };
  });
  const ids = await nameDimensions(
    deps,
    new Map(
      rated.flatMap(({ byModel }) =>
        [...byModel.values()].map((dimension) => [dimensionKey(dimension), dimension] as const),
      ),
    ),
  );
  return rated.map(({ stored, charges, usage, allocation, byModel }) => ({
    stored,
    charges,
    charged: {
      event: stored.event,
      row: { usageEventId: stored.usageEventId, contentSha256: "", event: stored.event },
      usage,
      teamKey: allocation.teamKey,
      dimensionIdOf: (modelId: string): number => {
        const dimension = byModel.get(modelId);
        const id = dimension === undefined ? undefined : ids.get(dimensionKey(dimension));
        assert(id !== undefined, "every dimension was named before");
        return id;
      },
    },
  }));
}

interface Owned {
  readonly teamKey: string | undefined;
}

async function loadSources(
  database: Database,
  counted: readonly Counted[],
): Promise<ReadonlyMap<string, Source>> {
  const names = new Set(counted.map(({ stored }) => stored.event.source));
  const sources = await Promise.all(
    [...names].map(async (name) => await findSource(database, name)),
  );
  return new Map(sources.map((source) => [source.name, source]));
}

function dimensionOf(
  { teamKey, projectKey, userEmail }: Allocation,
  event: UsageEvent,
  modelId: string,
): SpendDimension {
  return {
    teamKey,
    projectKey,
    userEmail,
    modelId,
    apiKeyId: event.apiKeyId,
    workspaceId: event.workspaceId,
    source: event.source,
  };
}
