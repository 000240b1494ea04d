/** What each event of some deliveries costs, whose it is, and under which spend dimensions it counts. */
import type { Logger } from "pino";
import type { Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { Database } from "../../../store/database.ts";
import type { Allocation, SpendDimension } from "../../allocation/index.ts";
import { type PricedUsage, priceUsage } from "../../pricing/index.ts";
import { isMeteredElsewhere, type Source } from "../../sources/index.ts";
import { contentSha256 } from "../native-event.ts";
import type { ParsedEvent } from "../rules.ts";
import type { ChargedEvent } from "../tally.ts";
import {
  type IngestMemory,
  loadOwnershipInForce,
  nameDimensions,
  type Ownership,
  ownerKey,
} from "./ingest-memory.ts";
import { ownerOf } from "./owner-of.ts";
import { usageEventIds } from "./usage-event-id.ts";

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
  if (!deliveries.some(({ batch }) => batch.some(({ kind }) => kind === "event"))) return [];
  return await priceBy(deps, deliveries, { now, ownership: await loadOwnershipInForce(deps) });
}

/** The same by an ownership that may no longer be in force. */
export async function priceBy(
  deps: Deps,
  deliveries: readonly Delivery[],
  { now, ownership }: { readonly now: Instant; readonly ownership: Ownership },
): Promise<readonly PricedEvent[]> {
  const dimensions = createDimensions();
  const newId = usageEventIds(now);
  const priced: PricedEvent[] = [];
  for (const delivery of deliveries) {
    for (const parsed of delivery.batch) {
      if (parsed.kind !== "event") continue;
      const { index, event } = parsed;
      const row = {
        usageEventId: newId(),
        contentSha256: parsed.contentSha256 ?? contentSha256(event),
        event,
      };
      if (event.voids !== undefined) {
        priced.push({ delivery, index, event, row, ...NO_USAGE });
        continue;
      }
      const usage = priceUsage({ event, discounts: ownership.discounts, prices: ownership.prices });
      const allocation = ownerOf({ event, modelId: usage.modelId }, delivery.source, ownership);
      priced.push({
        delivery,
        index,
        event,
        row,
        usage,
        dimensionIdOf: dimensions.want(allocation, event, usage),
        isMeteredElsewhere: isMeteredElsewhere(event, ownership.metering),
      });
    }
  }
  warnOfUnknownModels(deps, priced);
  await dimensions.name(deps);
  return priced;
}

/** Of an event that only cancels another. */
const NO_USAGE = {
  usage: { modelId: "", isKnownModel: true, charges: [] },
  dimensionIdOf: (): number => neverNamed(),
  isMeteredElsewhere: false,
} as const;

/** The spend dimensions of a batch: wanted event by event, named all at once. */
interface Dimensions {
  /** Those of an event; what is returned knows their ids once they are named. */
  readonly want: (
    allocation: Allocation,
    event: UsageEvent,
    usage: PricedUsage,
  ) => PricedEvent["dimensionIdOf"];
  readonly name: (deps: Deps) => Promise<void>;
}

function createDimensions(): Dimensions {
  const wanted = new Map<string, SpendDimension>();
  let ids: ReadonlyMap<string, number> = new Map();
  return {
    want: ({ teamKey, projectKey, userEmail }, { apiKeyId, workspaceId, source }, usage) => {
      const owner = { teamKey, projectKey, userEmail, apiKeyId, workspaceId, source };
      const prefix = ownerKey(owner);
      const wantModel = (modelId: string): void => {
        const key = prefix + modelId;
        if (!wanted.has(key)) wanted.set(key, { ...owner, modelId });
      };
      wantModel(usage.modelId);
      for (const { modelId } of usage.charges) if (modelId !== usage.modelId) wantModel(modelId);
      const idOf = (modelId: string): number => ids.get(prefix + modelId) ?? neverNamed();
      let ownId: number | undefined; // Asked for by each charge of the event.
      return (modelId) => {
        if (modelId !== usage.modelId) return idOf(modelId);
        ownId ??= idOf(modelId);
        return ownId;
      };
    },
    name: async (deps) => {
      ids = await nameDimensions(deps, wanted);
    },
  };
}

function neverNamed(): never {
  throw new Error("assertion failed: every dimension of a batch was named before");
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
