/**
 * Lets requests that arrive at the same time share a commit: while one transaction is under way,
 * deliveries gather for the next. An idle system never waits for a batch to fill.
 */
import { AppError } from "../../../domain/errors.ts";
import { isConnectionLoss, isGivenUp } from "../../../store/database.ts";
import type { RecordUsageResult } from "../rules.ts";
import { recordNew } from "./record-new.ts";
import { type RecordUsageDeps, recordUsage, type UsageDelivery } from "./record-usage.ts";

export interface UsageWriter {
  /** As `recordUsage` for one delivery. `unavailable` while too much waits already. */
  readonly record: (delivery: UsageDelivery) => Promise<RecordUsageResult>;
}

/** Larger transactions are no faster, and hold the rows of the current quarter for longer. */
const EVENTS_PER_COMMIT_MAX = 1_000;
/** One prepares while the other commits; more would only wait for the same rows. */
const WRITERS_MAX = 2;
/** For fewer events a second transaction costs more than waiting for the first. */
const SECOND_WRITER_EVENTS_MIN = 32;
/** A few seconds of work. What comes on top is told to come again instead of filling the memory. */
const EVENTS_WAITING_MAX = 20_000;

interface Waiting {
  readonly delivery: UsageDelivery;
  readonly resolve: (result: RecordUsageResult) => void;
  readonly reject: (error: unknown) => void;
}

export function createUsageWriter(deps: RecordUsageDeps): UsageWriter {
  const waiting: Waiting[] = [];
  const state = { eventsWaiting: 0, writers: 0 };

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      const events = group.reduce((sum, { delivery }) => sum + delivery.batch.length, 0);
      state.eventsWaiting -= events;
      // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
      await writeGroup(deps, group);
    }
    state.writers -= 1;
  };
  const startWriter = (): void => {
    const isNeeded =
      state.writers === 0 ||
      (state.writers < WRITERS_MAX && state.eventsWaiting >= SECOND_WRITER_EVENTS_MIN);
    if (!isNeeded) return;
    state.writers += 1;
    // After the requests that arrived in the same moment, so that they share the commit.
    setImmediate(() => void write());
  };

  return {
    record: async (delivery) => {
      if (
        state.eventsWaiting > 0 &&
        state.eventsWaiting + delivery.batch.length > EVENTS_WAITING_MAX
      ) {
        throw new AppError({
          code: "unavailable",
          message:
            "Too many usage events wait to be written. Nothing was kept; send them again soon.",
          retryable: true,
        });
      }
      state.eventsWaiting += delivery.batch.length;
      return await new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject });
        startWriter();
      });
    },
  };
}

/** The oldest deliveries, at least one. */
function takeGroup(waiting: Waiting[]): readonly Waiting[] {
  let events = 0;
  const next = waiting.findIndex(({ delivery }, index) => {
    events += delivery.batch.length;
    return index > 0 && events > EVENTS_PER_COMMIT_MAX;
  });
  return waiting.splice(0, next === -1 ? waiting.length : next);
}

/** Never throws: each delivery gets its own result or error. */
async function writeGroup(deps: RecordUsageDeps, group: readonly Waiting[]): Promise<void> {
  let left = group;
  try {
    left = await writeNew(deps, group);
    if (left.length === 0) return;
    const results = await recordUsage(
      deps,
      left.map(({ delivery }) => delivery),
    );
    for (const [index, { resolve, reject }] of left.entries()) {
      const result = results[index];
      if (result === undefined) reject(new Error("assertion failed: one result for each delivery"));
      else resolve(result);
    }
  } catch (error) {
    // What Postgres refuses in one delivery must not fail the others; a database that is lost or
    // too slow fails all: each on its own would only take that long again.
    if (left.length === 1 || isConnectionLoss(error) || isGivenUp(error)) {
      for (const { reject } of left) reject(error);
      return;
    }
    for (const single of left) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they came
      await writeGroup(deps, [single]);
    }
  }
}

/** Records and answers what is new and simple; what is left of the others, whose answers add up. */
async function writeNew(
  deps: RecordUsageDeps,
  group: readonly Waiting[],
): Promise<readonly Waiting[]> {
  const recorded = await recordNew(
    deps,
    group.map(({ delivery }) => delivery),
  );
  return group.flatMap(({ delivery, resolve, reject }, index) => {
    const { accepted, left } = recorded[index] ?? { accepted: 0, left: delivery };
    if (left.batch.length === 0) {
      resolve({ accepted, duplicates: 0, rejected: [] });
      return [];
    }
    const add = (result: RecordUsageResult): void => {
      resolve({ ...result, accepted: accepted + result.accepted });
    };
    return [{ delivery: left, resolve: add, reject }];
  });
}
