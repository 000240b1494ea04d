/**
 * What people do about events that could not be recorded: look at them, try them again after a fix,
 * dismiss them. Trying again is a delivery like any other, so it may be repeated.
 */

import { addMs, type Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction } from "../../../store/database.ts";
import { findSource } from "../../sources/index.ts";
import { parseNativeEvent } from "../native-event.ts";
import {
  asCorrection,
  REJECTED_KEPT_MS,
  REJECTED_PER_SOURCE_MAX,
  type RejectedEvent,
  type RejectedFilter,
} from "../rules/rejected-events.ts";
import { checkOccurredAt, correctedEventId, type ParsedEvent } from "../rules.ts";
import { eventKey, findCorrectors, findIdentities } from "../store/identities.ts";
import {
  deleteOldRejectedEvents,
  listRejectedEvents,
  resolveRejectedEvents,
} from "../store/rejected-events.ts";
import { eventFromStored } from "../stored-event.ts";
import { type RecordUsageDeps, recordUsage } from "./record-usage.ts";

/** How many are read, and recorded in one transaction, at a time. */
const PAGE = 500;

type Deps = RecordUsageDeps;

/** At most `max`, the first received first. */
export async function listRejected(
  { database }: Pick<Deps, "database">,
  filter: RejectedFilter,
  max: number,
): Promise<readonly RejectedEvent[]> {
  return await listRejectedEvents(database, filter, { rowsMax: max });
}

export interface ReplayResult {
  /** Counted now, or already. */
  readonly recorded: number;
  readonly stillRejected: readonly {
    readonly id: string;
    readonly eventId: string | undefined;
    readonly code: string;
    readonly message: string;
  }[];
}

/**
 * Tries open ones again; a conflict, if asked so, as a correction of what it conflicts with. What is
 * recorded now, or was recorded meanwhile, is closed.
 */
export async function replayRejected(
  deps: Deps,
  {
    filter,
    isAsCorrection,
    actor,
  }: {
    readonly filter: RejectedFilter;
    readonly isAsCorrection: boolean;
    readonly actor: string;
  },
): Promise<ReplayResult> {
  let recorded = 0;
  const stillRejected: ReplayResult["stillRejected"][number][] = [];
  let after: string | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other, in bounded memory
    const page = await listRejectedEvents(
      deps.database,
      { ...filter, status: "open" },
      { rowsMax: PAGE, ...(after === undefined ? {} : { after }) },
    );
    if (page.length === 0) break;
    after = page.at(-1)?.id;
    for (const [source, rows] of bySource(page)) {
      // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
      const result = await replay(deps, { source, rows, isAsCorrection, actor });
      recorded += result.recorded;
      stillRejected.push(...result.stillRejected);
    }
  }
  return { recorded, stillRejected };
}

function bySource(rows: readonly RejectedEvent[]): ReadonlyMap<string, readonly RejectedEvent[]> {
  const groups = new Map<string, RejectedEvent[]>();
  for (const row of rows) groups.set(row.source, [...(groups.get(row.source) ?? []), row]);
  return groups;
}

async function replay(
  deps: Deps,
  work: {
    readonly source: string;
    readonly rows: readonly RejectedEvent[];
    readonly isAsCorrection: boolean;
    readonly actor: string;
  },
): Promise<ReplayResult> {
  const now = deps.clock();
  const source = await findSource(deps.database, work.source);
  const parsed: ParsedEvent[] = [];
  for (const [index, row] of work.rows.entries()) {
    const read = readAgain(row, index, now);
    const isCorrection = work.isAsCorrection && row.code === "conflict" && read.kind === "event";
    // oxlint-disable-next-line no-await-in-loop -- a person's choice of a few
    const again = isCorrection ? await correctionOf(deps, read, row) : read;
    if (again !== "recorded") parsed.push(again);
  }
  // What is refused before it is an event is stored already.
  const batch = parsed.filter(({ kind }) => kind === "event");
  const [result] = await recordUsage(deps, [{ source, batch }]);
  const refusals = [
    ...parsed.flatMap((one) => (one.kind === "rejected" ? [one.rejection] : [])),
    ...(result?.rejected ?? []),
  ];
  const refusedBy = new Map(refusals.map((rejection) => [rejection.index, rejection]));
  const done = work.rows.filter((_row, index) => !refusedBy.has(index));
  await close(deps, { ids: done.map(({ id }) => id), status: "recorded", actor: work.actor });
  return {
    recorded: done.length,
    stillRejected: work.rows.flatMap(({ id, eventId }, index) => {
      const rejection = refusedBy.get(index);
      if (rejection === undefined) return [];
      return [{ id, eventId, code: rejection.code, message: rejection.message }];
    }),
  };
}

/** The event of a row, judged anew; of one that was no event, what its readable fields are now. */
function readAgain(row: RejectedEvent, index: number, now: Instant): ParsedEvent {
  const event = eventFromStored(row.event);
  if (event === undefined) {
    const fields = row.readableFields ?? {};
    const parsed = parseNativeEvent(fields, { index, source: row.source, now });
    if (parsed.kind === "event") return parsed;
    // Of what was left out the first reason tells more.
    return { kind: "rejected", rejection: { ...parsed.rejection, message: row.message } };
  }
  const rejection = checkOccurredAt(event, index, now);
  if (rejection !== undefined) return { kind: "rejected", rejection };
  const { contentSha256 } = row;
  return { kind: "event", index, event, ...(contentSha256 === undefined ? {} : { contentSha256 }) };
}

/** `recorded`: a try that was cut off has done so. */
async function correctionOf(
  { database }: Deps,
  { event, index }: Extract<ParsedEvent, { kind: "event" }>,
  row: RejectedEvent,
): Promise<ParsedEvent | "recorded"> {
  const identity = (await findIdentities(database, [event])).get(eventKey(event));
  const isIdTaken = identity?.event !== undefined;
  let corrected: string | undefined = isIdTaken ? event.eventId : correctedEventId(event);
  const how = { isIdTaken, contentSha256: row.contentSha256 ?? "" };
  const last = asCorrection(event, { ...how, corrected: corrected ?? "" });
  const seen = new Set<string>();
  let next = corrected;
  while (next !== undefined && !seen.has(next)) {
    if (next === last.eventId) return "recorded";
    corrected = next;
    seen.add(corrected);
    const name = { source: event.source, eventId: corrected };
    // oxlint-disable-next-line no-await-in-loop -- a chain of corrections is short
    next = (await findCorrectors(database, [name])).get(eventKey(name));
  }
  return corrected === undefined
    ? { kind: "event", index, event }
    : { kind: "event", index, event: asCorrection(event, { ...how, corrected }) };
}

/** Closes open ones without recording them; how many there were. */
export async function dismissRejected(
  deps: Pick<Deps, "database" | "clock">,
  { filter, actor }: { readonly filter: RejectedFilter; readonly actor: string },
): Promise<number> {
  let dismissed = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other, in bounded memory
    const page = await listRejectedEvents(
      deps.database,
      { ...filter, status: "open" },
      { rowsMax: PAGE },
    );
    if (page.length === 0) return dismissed;
    const ids = page.map(({ id }) => id);
    // oxlint-disable-next-line no-await-in-loop -- see above
    dismissed += await close(deps, { ids, status: "dismissed", actor });
  }
}

async function close(
  { database, clock }: Pick<Deps, "database" | "clock">,
  work: {
    readonly ids: readonly string[];
    readonly status: "recorded" | "dismissed";
    readonly actor: string;
  },
): Promise<number> {
  if (work.ids.length === 0) return 0;
  return await inTransaction(database, async (sql) => {
    const at = clock();
    const { ids, status, actor } = work;
    const closed = await resolveRejectedEvents(sql, ids, { status, at, by: actor });
    if (closed > 0) {
      await recordAudit(sql, {
        occurredAt: at,
        actor,
        action: `rejected events ${status}`,
        subject: ids.length === 1 ? `rejected_event:${ids[0] ?? ""}` : "rejected_events",
        after: { count: closed, ids },
      });
    }
    return closed;
  });
}

/** Deletes what is older than it is kept, and what a flood left; one portion. How many. */
export async function forgetOldRejected({
  database,
  clock,
}: Pick<Deps, "database" | "clock">): Promise<number> {
  return await deleteOldRejectedEvents(database, {
    before: addMs(clock(), -REJECTED_KEPT_MS),
    rowsMax: REJECTED_PER_SOURCE_MAX,
    deletedMax: DELETED_AT_A_TIME,
  });
}

/** A short statement, whatever there is to delete; the next minute goes on. */
const DELETED_AT_A_TIME = 5_000;
