/** Imports usage from lines of files. Safe to repeat: an event counts once, however often it comes. */
import type { AdapterContext } from "../adapters/adapter.ts";
import { nativeElement } from "../adapters/native-element.ts";
import { readFileLines } from "../adapters/transcript.ts";
import type { ParsedEvent, RecordUsageResult } from "../rules.ts";
import { type RecordUsageDeps, recordUsage, type UsageDelivery } from "./record-usage.ts";

export interface ImportTotals {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** What was wrong with the first of them. */
  readonly firstRejection: string | undefined;
  /** Lines that are no JSON. */
  readonly brokenLines: number;
}

export const NOTHING_IMPORTED: ImportTotals = {
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  firstRejection: undefined,
  brokenLines: 0,
};

/** Bounds the memory that a file takes, whatever its size. */
const EVENTS_PER_COMMIT = 1_000;

/** Records what the lines of one file hold; `userEmail` owns what does not say whose it is. */
export async function importUsage(
  deps: RecordUsageDeps,
  file: {
    readonly lines: AsyncIterable<string>;
    readonly source: UsageDelivery["source"];
    readonly userEmail: string | undefined;
  },
): Promise<ImportTotals> {
  const context: AdapterContext = { source: file.source.name, now: deps.clock() };
  const reader = readFileLines();
  let totals = NOTHING_IMPORTED;
  let batch: ParsedEvent[] = [];
  const commit = async (): Promise<void> => {
    const [result] = await recordUsage(deps, [{ source: file.source, batch }]);
    totals = added(totals, result);
    batch = [];
  };
  const take = async (element: unknown): Promise<void> => {
    const defaults = file.userEmail === undefined ? {} : { user_email: file.userEmail };
    const parsed = nativeElement(element, { ...context, index: batch.length, defaults });
    if (parsed !== undefined) batch.push(parsed);
    if (batch.length >= EVENTS_PER_COMMIT) await commit();
  };
  for await (const line of file.lines) {
    const element = reader.take(line);
    if (element !== undefined) await take(element);
  }
  for (const element of reader.rest()) {
    // oxlint-disable-next-line no-await-in-loop -- batches follow each other
    await take(element);
  }
  if (batch.length > 0) await commit();
  return { ...totals, brokenLines: reader.brokenCount() };
}

function added(totals: ImportTotals, result: RecordUsageResult | undefined): ImportTotals {
  if (result === undefined) return totals;
  return addTotals(totals, {
    accepted: result.accepted,
    duplicates: result.duplicates,
    rejected: result.rejected.length,
    firstRejection: result.rejected[0]?.message,
    brokenLines: 0,
  });
}

export function addTotals(left: ImportTotals, right: ImportTotals): ImportTotals {
  return {
    accepted: left.accepted + right.accepted,
    duplicates: left.duplicates + right.duplicates,
    rejected: left.rejected + right.rejected,
    firstRejection: left.firstRejection ?? right.firstRejection,
    brokenLines: left.brokenLines + right.brokenLines,
  };
}
