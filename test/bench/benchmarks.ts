/** The benchmarks by name, in the order in which they run. */
import { benchBatches, benchSingles } from "./ingest.ts";

export const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  batches: benchBatches,
  singles: benchSingles,
};
