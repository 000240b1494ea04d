/**
 * Records what is nearly everything there is: a few events which correct nothing and nobody has
 * brought before. In one statement, which makes it as quick for few events at a time as it can be;
 * all else is left to `recordUsage`.
 */
import type { Instant } from "../../../domain/time.ts";
import { correctedEventId, type ParsedEvent } from "../rules.ts";
import { inOrderOfNames } from "../store/identities.ts";
import { insertNewUsage } from "../store/new-usage.ts";
import { newCharges, spendIncrementsOfEach } from "../tally.ts";
import { ensureMonths, type Ownership } from "./ingest-memory.ts";
import { type PricedEvent, priceBy } from "./price-deliveries.ts";
import {
  budgetChecks,
  isRetriable,
  type RecordUsageDeps,
  type UsageDelivery,
} from "./record-usage.ts";

/** Of more events each is as cheap with a few statements that need not look which are new. */
const EVENTS_MAX = 300;

/** What became of a delivery. */
export interface NewRecorded {
  readonly accepted: number;
  /** What is still to be recorded; empty when nothing is. */
  readonly left: UsageDelivery;
}

/**
 * One result a delivery, in their order. When this returns, the accepted events are durable as
 * `recordUsage` promises it; whatever is left changed nothing.
 */
export async function recordNew(
  deps: RecordUsageDeps,
  deliveries: readonly UsageDelivery[],
): Promise<readonly NewRecorded[]> {
  const { ownership } = deps.ingestMemory;
  const nothing = deliveries.map((left) => ({ accepted: 0, left }));
  if (ownership === undefined || !areFew(deliveries)) return nothing;
  if (!deliveries.every(({ batch }) => batch.every(isSimple))) return nothing;

  const now = deps.clock();
  const priced = await priceBy(deps, deliveries, { now, ownership });
  // What does not count must not claim the request that it reports.
  if (priced.some(({ isMeteredElsewhere }) => isMeteredElsewhere)) return nothing;
  const recorded = await save(deps, { priced, now, ownership });
  return deliveries.map((delivery) => {
    const left =
      recorded.size === priced.length
        ? []
        : priced
            .filter((event) => event.delivery === delivery && !recorded.has(event.row.usageEventId))
            .map(parsedAgain);
    return { accepted: delivery.batch.length - left.length, left: { ...delivery, batch: left } };
  });
}

function areFew(deliveries: readonly UsageDelivery[]): boolean {
  return deliveries.reduce((sum, { batch }) => sum + batch.length, 0) <= EVENTS_MAX;
}

function isSimple(parsed: ParsedEvent): boolean {
  return parsed.kind === "event" && correctedEventId(parsed.event) === undefined;
}

function parsedAgain({ index, event, row }: PricedEvent): ParsedEvent {
  return { kind: "event", index, event, contentSha256: row.contentSha256 };
}

/** The ids of those that were recorded. */
async function save(
  deps: RecordUsageDeps,
  work: {
    readonly priced: readonly PricedEvent[];
    readonly now: Instant;
    readonly ownership: Ownership;
  },
): Promise<ReadonlySet<string>> {
  // Whoever brings some of the same events claims them in the same order.
  const priced = inOrderOfNames(work.priced, ({ event }) => event);
  await ensureMonths(
    deps,
    priced.map(({ event }) => event.occurredAt),
  );
  try {
    return await insertNewUsage(deps.database, {
      governanceVersion: work.ownership.governanceVersion,
      receivedAt: work.now,
      events: priced.map(({ row }) => row),
      charges: priced.flatMap((event, position) =>
        newCharges([event]).map((charge) => ({ position, charge })),
      ),
      increments: spendIncrementsOfEach(priced),
      checks: budgetChecks(priced, work.now),
    });
  } catch (error) {
    if (!isRetriable(error)) throw error;
    deps.log.warn({ err: error }, "usage tried again");
    return new Set();
  }
}
