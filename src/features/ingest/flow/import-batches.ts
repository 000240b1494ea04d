/**
 * The writing half of an import: gathers events, records a batch while the next one fills, and says
 * where a conflict stood. Where most of a batch was there already, the next is looked up first, so that
 * an import that is begun again passes quickly over what it had done.
 */
import type { UsageEvent } from "../../../domain/usage.ts";
import { findSource, type Source } from "../../sources/index.ts";
import { contentSha256 } from "../native-event.ts";
import type { Rejection } from "../rules.ts";
import { eventKey, findIdentities } from "../store/identities.ts";
import { type RecordUsageDeps, recordUsage, type UsageDelivery } from "./record-usage.ts";

export interface ImportProblem {
  readonly file: string;
  /** Undefined: the whole file. */
  readonly line: number | undefined;
  readonly code: Rejection["code"] | "unknown_format" | "unreadable";
  readonly message: string;
}

export interface ImportRecording {
  /** Undefined: nothing is recorded, and every event counts as accepted. */
  readonly recording: RecordUsageDeps | undefined;
  readonly onProblem: (problem: ImportProblem) => void;
  /** So many more events are recorded, or were there already. */
  readonly onSettled: (events: number) => void;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly source: string;
}

interface Waiting {
  readonly event: UsageEvent;
  readonly place: Place;
}

export interface ImportBatches {
  readonly take: (event: UsageEvent, place: Place) => void;
  /** Waits where more events wait than a batch holds. */
  readonly makeRoom: () => Promise<void>;
  readonly finish: () => Promise<{
    readonly accepted: number;
    readonly duplicates: number;
    readonly conflicts: number;
  }>;
}

/** Larger transactions are no faster; two of these bound the memory that an import takes. */
const EVENTS_PER_COMMIT = 2_000;

export function createImportBatches(options: ImportRecording): ImportBatches {
  const { recording, onProblem, onSettled } = options;
  const counts = { accepted: 0, duplicates: 0, conflicts: 0 };
  let waiting: Waiting[] = [];
  let underWay: Promise<void> = Promise.resolve();
  let isMostlyKnown = false;

  const record = async (deps: RecordUsageDeps, batch: readonly Waiting[]): Promise<void> => {
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
          const place = deliveries[position]?.places[index];
          if (place !== undefined) onProblem({ file: place.file, line: place.line, code, message });
        }
      }
    }
    isMostlyKnown = accepted < batch.length / 2;
    onSettled(batch.length);
  };
  const start = async (): Promise<void> => {
    await underWay;
    const batch = waiting;
    waiting = [];
    if (recording === undefined) {
      counts.accepted += batch.length;
      onSettled(batch.length);
      return;
    }
    underWay = record(recording, batch);
    underWay.catch(() => undefined); // Thrown where it is awaited, with the next batch.
  };

  return {
    take: (event, place) => waiting.push({ event, place }),
    makeRoom: async () => {
      if (waiting.length >= EVENTS_PER_COMMIT) await start();
    },
    finish: async () => {
      if (waiting.length > 0) await start();
      await underWay;
      return counts;
    },
  };
}

/** Believed as they are: what was imported is rated again by the same trust. */
async function sourcesOf(
  { database }: RecordUsageDeps,
  batch: readonly Waiting[],
): Promise<ReadonlyMap<string, Source>> {
  const names = [...new Set(batch.map(({ place }) => place.source))];
  const sources = await Promise.all(names.map(async (name) => await findSource(database, name)));
  return new Map(sources.map((source) => [source.name, source]));
}

/** One delivery for each source, and where its events stood. */
function deliveriesOf(
  batch: readonly Waiting[],
  sources: ReadonlyMap<string, Source>,
): readonly { readonly delivery: UsageDelivery; readonly places: readonly Place[] }[] {
  const bySource = new Map<string, Waiting[]>();
  for (const one of batch) {
    const known = bySource.get(one.place.source);
    if (known === undefined) bySource.set(one.place.source, [one]);
    else known.push(one);
  }
  return [...bySource].map(([name, events]) => ({
    delivery: {
      source: sources.get(name) ?? { name, isTrusted: false },
      batch: events.map(({ event }, index) => ({ kind: "event", index, event }) as const),
    },
    places: events.map(({ place }) => place),
  }));
}

/** Without what is recorded already just so. Conflicts and the same request elsewhere are found later. */
async function withoutKnown(
  { database }: RecordUsageDeps,
  batch: readonly Waiting[],
): Promise<readonly Waiting[]> {
  const known = await findIdentities(
    database,
    batch.map(({ event }) => event),
  );
  return batch.filter(
    ({ event }) => known.get(eventKey(event))?.event?.contentSha256 !== contentSha256(event),
  );
}
