/**
 * The metrics of all processes as one: asked for when somebody scrapes. Counts never go back, also
 * when a process ends: what it had counted by the last scrape stays.
 */
import {
  lastingPart,
  type MetricsSnapshot,
  mergeSnapshots,
  snapshotOf,
} from "../../http/metrics.ts";

export interface GatheredMetrics {
  /** Prometheus' text of the whole program. Who asks meanwhile gets the same. */
  readonly read: () => Promise<string>;
  /** A child's answer to having been asked. */
  readonly take: (child: number, snapshot: MetricsSnapshot) => void;
  readonly forget: (child: number) => void;
}

/** A child that is that busy is shown as it was at the last scrape. */
const ANSWER_MS_MAX = 1_000;

export function createGatheredMetrics(options: {
  /** The snapshot of this process itself. */
  readonly own: () => Promise<MetricsSnapshot>;
  /** Asks every child for its snapshot; the ids of those that it asked. */
  readonly ask: () => readonly number[];
}): GatheredMetrics {
  const latest = new Map<number, MetricsSnapshot>();
  const asked = { missing: new Set<number>(), complete: (): void => {} };
  let gone: readonly MetricsSnapshot[] = [];
  let reading: Promise<string> | undefined;

  const askAll = async (): Promise<void> => {
    asked.missing = new Set(options.ask());
    if (asked.missing.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS_MAX);
      asked.complete = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
  const read = async (): Promise<string> => {
    const [own] = await Promise.all([options.own(), askAll()]);
    if (gone.length > 1) gone = [lastingPart(await snapshotOf(mergeSnapshots(gone)))];
    return await mergeSnapshots([own, ...latest.values(), ...gone]).metrics();
  };
  const expectNoMoreOf = (child: number): void => {
    asked.missing.delete(child);
    if (asked.missing.size === 0) asked.complete();
  };

  return {
    read: async () => {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return await reading;
    },
    take: (child, snapshot) => {
      latest.set(child, snapshot);
      expectNoMoreOf(child);
    },
    forget: (child) => {
      expectNoMoreOf(child);
      const last = latest.get(child);
      if (last === undefined) return;
      latest.delete(child);
      gone = [...gone, lastingPart(last)];
    },
  };
}
