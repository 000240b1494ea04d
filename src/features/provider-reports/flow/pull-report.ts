/**
 * One pull of one report: up to where it is complete, what is new, what may have been revised. Each
 * chunk is read whole and saved with the position in one transaction, so that a crash anywhere
 * costs one chunk read again, and never a number.
 */
import { AppError } from "../../../domain/errors.ts";
import { addMs, type Clock, type Instant, type Period } from "../../../domain/time.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { restate } from "../rules/rows.ts";
import {
  chunksOf,
  completeUntil,
  earlier,
  earliestStart,
  floorTo,
  frontierAfter,
  later,
  type PullPosition,
  planReadings,
  type Reading,
  type ReportPlan,
  rereadStart,
} from "../rules.ts";
import { type Pull, renewLease, updatePosition } from "../store/pulls.ts";
import { insertRevisions, listKnownRows } from "../store/rows.ts";
import { type DeliveryDeps, deliverRevisions } from "./deliver.ts";
import type { WindowReader } from "./read-window.ts";

/** Longer than a chunk takes to read, with every wait for turns in between. */
export const LEASE_MS = 10 * 60_000;

export interface PullDeps extends DeliveryDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly holder: string;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

export interface PullProgress {
  readonly report: string;
  readonly readUntil: Instant;
  readonly chunksDone: number;
  readonly chunksTotal: number;
}

export interface PullCounts {
  readonly chunks: number;
  /** Rows that were new, changed or gone. */
  readonly revisions: number;
  readonly events: number;
  readonly completeUntil: Instant;
  readonly dataRefreshedAt: Instant | undefined;
}

/** What somebody asked for: undefined ends are the beginning and the present, both: what is due. */
export interface AskedWindow {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
}

/**
 * 1. Delivers what an earlier attempt left; 2. asks up to where the report is complete; 3. reads
 * and saves chunk by chunk, delivering after each.
 */
export async function pullReport(
  deps: PullDeps,
  work: {
    readonly plan: ReportPlan;
    readonly pull: Pull;
    readonly reader: WindowReader;
    readonly asked: AskedWindow | undefined;
  },
): Promise<PullCounts> {
  const { plan, pull, reader, asked } = work;
  const { report } = plan;
  let { deliveredRowId } = pull;
  let position: PullPosition = pull;
  let [revisions, events, chunksDone] = [0, 0, 0];
  const deliver = async (): Promise<void> => {
    if (!plan.isMetered) return;
    const delivered = await deliverRevisions(deps, { report, deliveredRowId });
    deliveredRowId = delivered.deliveredRowId;
    events += delivered.events;
  };

  await deliver();
  const now = deps.clock();
  const dataRefreshedAt = await reader.probe(now);
  const target = completeUntil(plan, { now, dataRefreshedAt });
  const readings = readingsOf(plan, position, { asked, target, now });
  const chunks = readings.flatMap((reading) =>
    chunksOf(reading.window, plan.chunkMs).map((chunk) => ({ reading, chunk })),
  );
  for (const { reading, chunk } of chunks) {
    position = positionAfter(position, { reading, chunk, now });
    // oxlint-disable-next-line no-await-in-loop -- chunks follow each other, in bounded memory
    revisions += await readChunk(deps, { plan, reader, chunk, position });
    // oxlint-disable-next-line no-await-in-loop -- see above
    await deliver();
    chunksDone += 1;
    deps.onProgress?.({
      report,
      readUntil: chunk.end,
      chunksDone,
      chunksTotal: chunks.length,
    });
  }
  const { completeUntil: reached } = position;
  return { chunks: chunksDone, revisions, events, completeUntil: reached, dataRefreshedAt };
}

function readingsOf(
  plan: ReportPlan,
  position: PullPosition,
  context: {
    readonly asked: AskedWindow | undefined;
    readonly target: Instant;
    readonly now: Instant;
  },
): readonly Reading[] {
  const { asked, target, now } = context;
  const earliest = earliestStart(now);
  const isDue = asked?.from === undefined && asked?.to === undefined;
  const readings: readonly Reading[] = isDue
    ? planReadings(plan, position, { target, now })
    : [
        {
          kind: "asked",
          window: {
            start: floorTo(asked.from ?? position.startsAt, plan.bucketMs),
            end: earlier(floorTo(asked.to ?? target, plan.bucketMs), target),
          },
        },
      ];
  return readings
    .map(({ kind, window }) => ({
      kind,
      window: { start: later(window.start, earliest), end: window.end },
    }))
    .filter(({ window }) => window.start < window.end);
}

/** Where the reading stands once `chunk` is saved. */
function positionAfter(
  position: PullPosition,
  {
    reading,
    chunk,
    now,
  }: { readonly reading: Reading; readonly chunk: Period; readonly now: Instant },
): PullPosition {
  const isLast = chunk.end >= reading.window.end;
  const reread = rereadStart(position, now);
  return {
    ...position,
    startsAt: earlier(position.startsAt, chunk.start),
    completeUntil: frontierAfter(position.completeUntil, chunk),
    ...(reading.kind === "recent" && isLast ? { recentRereadAt: now } : {}),
    ...(reading.kind === "reread" && reread !== undefined
      ? { rereadUntil: isLast ? undefined : chunk.end, rereadStartedAt: reread.startedAt }
      : {}),
  };
}

/** Reads a chunk and saves what it changes; how many rows that were. */
async function readChunk(
  { database, clock, holder }: PullDeps,
  work: {
    readonly plan: ReportPlan;
    readonly reader: WindowReader;
    readonly chunk: Period;
    readonly position: PullPosition;
  },
): Promise<number> {
  const { plan, reader, chunk, position } = work;
  const { report } = plan;
  const told = await reader.read(chunk);
  const pulledAt = clock();
  const dataRefreshedAt = told.dataRefreshedAt ?? addMs(pulledAt, -plan.settleMs);
  if (dataRefreshedAt < chunk.end) {
    throw new AppError({
      code: "unavailable",
      retryable: true,
      message: `${report}: Anthropic's report is complete up to ${dataRefreshedAt.toISOString()} only, less than it said before.`,
    });
  }
  return await inTransaction(database, async (sql) => {
    const until = addMs(pulledAt, LEASE_MS);
    if (!(await renewLease(sql, { report, holder, until }))) {
      throw new AppError({
        code: "conflict",
        retryable: true,
        message: `${report}: another replica reads this report now.`,
      });
    }
    const revisions = restate(told.rows, await listKnownRows(sql, { report, window: chunk }));
    await insertRevisions(sql, revisions, { report, dataRefreshedAt, pulledAt });
    await updatePosition(sql, report, { position, dataRefreshedAt });
    return revisions.length;
  });
}
