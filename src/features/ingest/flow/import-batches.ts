/**
 * The writing half of an import: gathers events and records them in batches, several at a time, and
 * says where a conflict stood. Where most of a batch was there already, the next is looked up first, so
 * that an import that is begun again passes quickly over what it had done.
 */
import { findSource, type Source } from "../../sources/index.ts";
import { findUnrecorded } from "../store/recorded-events.ts";
import type { ImportProblem, ReadEvent } from "./read-usage-file.ts";
import { type RecordUsageDeps, recordUsage, type UsageDelivery } from "./record-usage.ts";

export interface ImportRecording {
  /** Undefined: nothing is recorded, and every event counts as accepted. */
  readonly recording: RecordUsageDeps | undefined;
  readonly onProblem: (problem: ImportProblem) => void;
  /** So many more events are recorded, or were there already. */
  readonly onSettled: (events: number) => void;
}

export interface ImportBatches {
  readonly take: (event: ReadEvent) => void;
  /** Waits where more events wait than a batch holds. Throws what a batch before failed with. */
  readonly makeRoom: () => Promise<void>;
  readonly finish: () => Promise<{
    readonly accepted: number;
    readonly duplicates: number;
    readonly conflicts: number;
  }>;
}

/** Larger transactions are no faster; these two bound the memory that an import takes. */
const EVENTS_PER_COMMIT = 1_000;
/** While one is prepared, Postgres is at work on the others. */
const BATCHES_UNDER_WAY_MAX = 3;

export function createImportBatches(options: ImportRecording): ImportBatches {
  const { recording, onProblem, onSettled } = options;
  const counts = { accepted: 0, duplicates: 0, conflicts: 0 };
  const waiting: ReadEvent[] = [];
  const underWay = new Map<Promise<void>, ReadonlySet<string>>();
  const failed: unknown[] = [];
  // Nothing is lost by the first lookup, and a batch of what is known costs as much as a new one.
  let isMostlyKnown = true;

  const record = async (deps: RecordUsageDeps, batch: readonly ReadEvent[]): Promise<void> => {
    const fresh = isMostlyKnown ? await withoutKnown(deps, batch) : batch;
    counts.duplicates += batch.length - fresh.length;
    let accepted = 0;
    if (fresh.length > 0) {
      const deliveries = deliveriesOf(fresh, await sourcesOf(deps, fresh));
      const results = await recordUsage(
        deps,
        deliveries.map(({ delivery }) => delivery),
      );
      for (const [position, result] of results.entries()) {
        accepted += result.accepted;
        counts.accepted += result.accepted;
        counts.duplicates += result.duplicates;
        counts.conflicts += result.rejected.length;
        for (const { index, code, message } of result.rejected) {
          const place = deliveries[position]?.events[index];
          if (place !== undefined) onProblem({ file: place.file, line: place.line, code, message });
        }
      }
    }
    isMostlyKnown = accepted < batch.length / 2;
    onSettled(batch.length);
  };
  const start = (): void => {
    const batch = waiting.splice(0, EVENTS_PER_COMMIT);
    if (recording === undefined) {
      counts.accepted += batch.length;
      onSettled(batch.length);
      return;
    }
    const work = record(recording, batch)
      .catch((error: unknown) => {
        failed.push(error);
      })
      .finally(() => underWay.delete(work));
    underWay.set(work, new Set(batch.map(({ event }) => event.eventId)));
  };
  /** Of one event told twice the first counts, so the second waits until the first is recorded. */
  const isNextUnderWay = (): boolean =>
    waiting
      .slice(0, EVENTS_PER_COMMIT)
      .some(({ event }) => [...underWay.values()].some((ids) => ids.has(event.eventId)));
  const makeRoom = async (eventsMax: number): Promise<void> => {
    while (waiting.length > eventsMax) {
      if (failed.length > 0) throw failed[0];
      const mustWait = underWay.size >= BATCHES_UNDER_WAY_MAX || isNextUnderWay();
      // oxlint-disable-next-line no-await-in-loop -- until there is room
      if (mustWait) await Promise.race(underWay.keys());
      else start();
    }
  };

  return {
    take: (event) => waiting.push(event),
    makeRoom: async () => await makeRoom(EVENTS_PER_COMMIT - 1),
    finish: async () => {
      await makeRoom(0);
      await Promise.all(underWay.keys());
      if (failed.length > 0) throw failed[0];
      return counts;
    },
  };
}

/** Believed as they are: what was imported is rated again by the same trust. */
async function sourcesOf(
  { database }: RecordUsageDeps,
  batch: readonly ReadEvent[],
): Promise<ReadonlyMap<string, Source>> {
  const names = [...new Set(batch.map(({ event }) => event.source))];
  const sources = await Promise.all(names.map(async (name) => await findSource(database, name)));
  return new Map(sources.map((source) => [source.name, source]));
}

/** One delivery for each source, and where its events stood. */
function deliveriesOf(
  batch: readonly ReadEvent[],
  sources: ReadonlyMap<string, Source>,
): readonly { readonly delivery: UsageDelivery; readonly events: readonly ReadEvent[] }[] {
  const bySource = new Map<string, ReadEvent[]>();
  for (const one of batch) {
    const known = bySource.get(one.event.source);
    if (known === undefined) bySource.set(one.event.source, [one]);
    else known.push(one);
  }
  return [...bySource].map(([name, events]) => ({
    delivery: {
      source: sources.get(name) ?? { name, isTrusted: false },
      batch: events.map(
        ({ event, contentSha256 }, index) =>
          ({ kind: "event", index, event, contentSha256 }) as const,
      ),
    },
    events,
  }));
}

/** Without what is recorded already just so. Conflicts and the same request elsewhere are found later. */
async function withoutKnown(
  { database }: RecordUsageDeps,
  batch: readonly ReadEvent[],
): Promise<readonly ReadEvent[]> {
  const unrecorded = new Set(await findUnrecorded(database, batch));
  return batch.filter((_event, position) => unrecorded.has(position));
}
