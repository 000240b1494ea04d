/** What each event of some deliveries costs, whose it is, and under which spend dimensions it counts. */
import type { Logger } from "pino";
import { assert } from "../../../domain/assert.ts";
import type { Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { Database } from "../../../store/database.ts";
import { type Allocation, allocateEvent, type SpendDimension } from "../../allocation/index.ts";
import { type PricedUsage, priceUsage } from "../../pricing/index.ts";
import { isMeteredElsewhere, type Source } from "../../sources/index.ts";
import { contentSha256 } from "../native-event.ts";
import type { ParsedEvent } from "../rules.ts";
import type { ChargedEvent } from "../tally.ts";
import {
  dimensionKey,
  type IngestMemory,
  loadOwnershipInForce,
  nameDimensions,
} from "./ingest-memory.ts";
import { usageEventId } from "./usage-event-id.ts";

interface Deps {
  readonly database: Database;
  readonly log: Logger;
  readonly ingestMemory: IngestMemory;
}

interface Delivery {
  readonly source: Source;
  readonly batch: readonly ParsedEvent[];
}

export interface PricedEvent extends ChargedEvent {
  readonly delivery: Delivery;
  /** Another source was designated for its workspace or key: it is kept and counts nothing. */
  readonly isMeteredElsewhere: boolean;
  /** Position in the batch of its delivery. */
  readonly index: number;
}

export async function priceDeliveries(
  deps: Deps,
  deliveries: readonly Delivery[],
  now: Instant,
): Promise<readonly PricedEvent[]> {
  const events = deliveries.flatMap((delivery) =>
    delivery.batch.flatMap((parsed) => (parsed.kind === "event" ? [{ ...parsed, delivery }] : [])),
  );
  if (events.length === 0) return [];
  const ownership = await loadOwnershipInForce(deps);
  const priced = events.map(({ delivery, index, event, contentSha256: known }) => {
    const sha256 = known ?? contentSha256(event);
    const common = { delivery, index, event, sha256 };
    if (event.voids !== undefined) return { ...common, ...NO_USAGE };
    const usage = priceUsage({ event, discounts: ownership.discounts, prices: ownership.prices });
    const allocation = allocateEvent(
      { ...event, model: usage.modelId },
      { ...ownership, isSourceTrusted: delivery.source.isTrusted },
    );
    // Each model of the event once: most events have one, and many charges under it.
    const models = new Set([usage.modelId, ...usage.charges.map((charge) => charge.modelId)]);
    const dimensions = [...models].map((modelId) => ({
      modelId,
      dimension: dimensionOf(allocation, event, modelId),
    }));
    const isElsewhere = isMeteredElsewhere(event, ownership.metering);
    return { ...common, usage, dimensions, isMeteredElsewhere: isElsewhere };
  });
  warnOfUnknownModels(deps, priced);

  const ids = await nameDimensions(
    deps,
    priced.flatMap(({ dimensions }) => dimensions.map(({ dimension }) => dimension)),
  );
  return priced.map(({ dimensions, sha256, ...rest }) => {
    const { event } = rest;
    const idByModel = new Map(
      dimensions.map(({ modelId, dimension }) => [modelId, ids.get(dimensionKey(dimension))]),
    );
    return {
      ...rest,
      row: { usageEventId: usageEventId(now), contentSha256: sha256, event },
      dimensionIdOf: (modelId) => {
        const id = idByModel.get(modelId);
        assert(id !== undefined, "every dimension of a batch was named before");
        return id;
      },
    };
  });
}

/** Of an event that only cancels another. */
const NO_USAGE = {
  usage: { modelId: "", isKnownModel: true, charges: [] },
  dimensions: [],
  isMeteredElsewhere: false,
} as const;

function dimensionOf(allocation: Allocation, event: UsageEvent, modelId: string): SpendDimension {
  return {
    ...allocation,
    modelId,
    apiKeyId: event.apiKeyId,
    workspaceId: event.workspaceId,
    source: event.source,
  };
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
