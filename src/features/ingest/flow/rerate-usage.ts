/**
 * Re-rates the past after a price, a discount or a rule was put right: looks what would change, or
 * changes it, portion by portion. A run that was interrupted goes on where it stopped; one that is
 * repeated finds nothing to change.
 */
import type { Logger } from "pino";
import { v7 as uuid } from "uuid";
import { usd } from "../../../domain/money.ts";
import { addMs, type Clock, type Instant } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { enqueueBudgetChecks } from "../../budgets/index.ts";
import { mergeIncrements, reversalChecks, reversalIncrements } from "../reversal.ts";
import {
  addToStatement,
  EMPTY_STATEMENT,
  type Rerate,
  type RerateRange,
  type RerateStatement,
} from "../rules/rerate.ts";
import { insertCharges, insertReversals } from "../store/charges.ts";
import { lockIdentities } from "../store/identities.ts";
import { claimUnfinishedRerate, insertRerate, loadRerate, updateRerate } from "../store/rerates.ts";
import { addToSpendRollups } from "../store/spend-rollups.ts";
import { type EventPlace, listEventsAfter, type StoredUsageEvent } from "../store/usage-events.ts";
import { spendIncrements } from "../tally.ts";
import type { IngestMemory } from "./ingest-memory.ts";
import { type ChangedEvent, rateAgain } from "./rate-again.ts";

export interface RerateDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingestMemory: IngestMemory;
}

/** Identities stay locked while a portion is written: deliveries that correct one of them wait. */
const EVENTS_MAX = 500;

/** Longer than a delivery may take to be written that was priced before a run was asked for. */
const SETTLING_MS = 30_000;

/** What re-rating would change, by team. Changes nothing. */
export async function previewRerate(
  deps: RerateDeps,
  range: RerateRange,
  onProgress: (statement: RerateStatement) => void = () => {},
): Promise<RerateStatement> {
  let statement = EMPTY_STATEMENT;
  let place: EventPlace | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one portion after the other
    const events = await listEventsAfter(deps.database, walkOf(range, place));
    if (events.length === 0) return statement;
    // oxlint-disable-next-line no-await-in-loop -- one portion after the other
    const changed = await rateAgain(deps, deps.database, { events, range });
    statement = addToStatement(statement, portionOf(events, changed));
    onProgress(statement);
    place = placeOf(events);
  }
}

/** Asks for a run, in the caller's transaction. The worker, or `advanceRerate`, carries it out. */
export async function requestRerate(
  sql: Sql,
  { clock }: Pick<RerateDeps, "clock">,
  { range, requestedBy }: { readonly range: RerateRange; readonly requestedBy: string },
): Promise<string> {
  const rerateId = uuid();
  const now = clock();
  await insertRerate(sql, { rerateId, range, requestedBy, requestedAt: now });
  await recordAudit(sql, {
    occurredAt: now,
    actor: requestedBy,
    action: "usage.rerate_requested",
    subject: `rerate:${rerateId}`,
    after: {
      from: range.period.start,
      until: range.period.end,
      onlyEstimated: range.onlyEstimated,
      includesAllocation: range.includesAllocation,
    },
  });
  return rerateId;
}

/**
 * Does one portion of the oldest unfinished run and says how it stands; undefined: there is none, or
 * another replica is at it. Charges, sums, the note to budgets and the place commit together.
 * `requestedUntil`: runs asked for later are left alone.
 */
export async function advanceRerate(
  deps: RerateDeps,
  requestedUntil?: Instant,
): Promise<Rerate | undefined> {
  const advanced = await inTransaction(deps.database, async (sql) => {
    const rerate = await claimUnfinishedRerate(sql, requestedUntil);
    if (rerate === undefined) return undefined;
    const { range } = rerate;
    const events = await listEventsAfter(sql, walkOf(range, rerate.place));
    await lockIdentities(
      sql,
      events.map(({ event }) => event),
    );
    const changed = await rateAgain(deps, sql, { events, range });
    const statement = addToStatement(EMPTY_STATEMENT, portionOf(events, changed));
    if (changed.length > 0) await replaceCharges(sql, changed);
    await updateRerate(sql, rerate.rerateId, {
      place: placeOf(events),
      examined: statement.eventsExamined,
      changed: statement.eventsChanged,
      difference: usd(statement.after - statement.before),
      now: deps.clock(),
    });
    return await loadRerate(sql, rerate.rerateId);
  });
  if (advanced?.isFinished === true) {
    const { rerateId, eventsExamined, eventsChanged } = advanced;
    deps.log.info(
      { work: "rerate", outcome: "done", rerate_id: rerateId, eventsExamined, eventsChanged },
      "usage re-rated",
    );
  }
  return advanced;
}

/** Does all that was asked for; how many events were charged otherwise. */
export async function advanceRerates(deps: RerateDeps): Promise<number> {
  let changed = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one portion after the other
    const rerate = await advanceRerate(deps);
    if (rerate === undefined) return changed;
    if (rerate.isFinished) changed += rerate.eventsChanged;
  }
}

/**
 * The worker's share: one portion, of a run asked for so long ago that whatever was priced before it
 * is written. 0: nothing is due.
 */
export async function advanceSettledRerate(deps: RerateDeps): Promise<number> {
  const rerate = await advanceRerate(deps, addMs(deps.clock(), -SETTLING_MS));
  return rerate === undefined ? 0 : 1;
}

async function replaceCharges(sql: Sql, changed: readonly ChangedEvent[]): Promise<void> {
  const reversed = await insertReversals(
    sql,
    changed.map(({ stored: { usageEventId, event } }) => ({
      usageEventId,
      occurredAt: event.occurredAt,
    })),
  );
  const charges = changed.flatMap(({ next }) => next);
  await insertCharges(sql, charges);
  await addToSpendRollups(
    sql,
    mergeIncrements([
      ...reversalIncrements(reversed),
      ...spendIncrements(changed.map(({ charged }) => charged)),
    ]),
  );
  const tags = new Map(changed.map(({ stored }) => [stored.usageEventId, stored.event.tags]));
  await enqueueBudgetChecks(
    sql,
    reversalChecks([
      ...reversed,
      ...charges.map((charge) => ({ ...charge, tags: tags.get(charge.usageEventId) })),
    ]),
  );
}

function walkOf(
  range: RerateRange,
  place: EventPlace | undefined,
): Parameters<typeof listEventsAfter>[1] {
  const { period, onlyEstimated } = range;
  return { period, onlyEstimated, place, eventsMax: EVENTS_MAX };
}

/** Undefined: these were the last ones. */
function placeOf(events: readonly StoredUsageEvent[]): EventPlace | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  return { occurredAt: last.event.occurredAt, usageEventId: last.usageEventId };
}

function portionOf(
  events: readonly StoredUsageEvent[],
  changed: readonly ChangedEvent[],
): Parameters<typeof addToStatement>[1] {
  return {
    examined: events.length,
    changed: changed.length,
    before: changed.flatMap(({ before }) => before),
    after: changed.flatMap(({ after }) => after),
  };
}
