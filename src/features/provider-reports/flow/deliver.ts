/**
 * Makes what a report says count: one usage event for each revision of a row, in the order in which
 * they were stored. What was recorded and not noted is recorded again, as a duplicate.
 */
import type { Logger } from "pino";
import type { Database } from "../../../store/database.ts";
import { type RecordUsageDeps, recordUsage } from "../../ingest/index.ts";
import { eventOfRevision, REPORT_SOURCE } from "../rules/usage-event.ts";
import type { Report } from "../rules.ts";
import { updateDelivered } from "../store/pulls.ts";
import { listRevisionsAfter } from "../store/rows.ts";

export interface DeliveryDeps extends RecordUsageDeps {
  readonly database: Database;
  readonly log: Logger;
}

/** Bounds a transaction of ingest. */
const ROWS_PER_DELIVERY = 500;

/** Delivers every revision after `deliveredRowId`; how many events were new. */
export async function deliverRevisions(
  deps: DeliveryDeps,
  { report, deliveredRowId }: { readonly report: Report; readonly deliveredRowId: string },
): Promise<{ readonly deliveredRowId: string; readonly events: number }> {
  let rowId = deliveredRowId;
  let events = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    const rows = await listRevisionsAfter(deps.database, {
      report,
      rowId,
      limit: ROWS_PER_DELIVERY,
    });
    const last = rows.at(-1);
    if (last === undefined) return { deliveredRowId: rowId, events };
    const batch = rows
      .flatMap(({ now, before }) => eventOfRevision(now, before) ?? [])
      .map((event, index) => ({ kind: "event" as const, index, event }));
    if (batch.length > 0) {
      // What a report says about team and project is nothing: rules of allocation decide.
      const source = { name: REPORT_SOURCE, isTrusted: false };
      // oxlint-disable-next-line no-await-in-loop -- see above
      const [result] = await recordUsage(deps, [{ source, batch }]);
      events += result?.accepted ?? 0;
      for (const { eventId, code, message } of result?.rejected ?? []) {
        deps.log.warn({ report, event_id: eventId, code, message }, "reported usage rejected");
      }
    }
    // oxlint-disable-next-line no-await-in-loop -- see above
    await updateDelivered(deps.database, report, last.rowId);
    rowId = last.rowId;
  }
}
