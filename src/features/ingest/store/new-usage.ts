/**
 * Ingest, the SQL that records events which nobody corrects in one statement: a single round trip,
 * and a transaction by itself. What is written to each table, the file of that table says.
 */
import type { Instant } from "../../../domain/time.ts";
import { arrayColumn } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";
import { checkArrays, checkValues, enqueueChecksFrom } from "../../budgets/index.ts";
import {
  CHARGE_COLUMNS,
  chargeArrays,
  chargeValues,
  insertChargesFrom,
  type NewCharge,
} from "./charges.ts";
import { GOVERNANCE_VERSION } from "./governance-version.ts";
import { claimFrom } from "./identities.ts";
import {
  ADD_TO_DAYS,
  ADD_TO_QUARTERS,
  INCREMENT_COLUMNS,
  incrementArrays,
  incrementValues,
  type SpendIncrement,
  sumsOfIncrements,
} from "./spend-rollups.ts";
import {
  EVENT_ARRAYS,
  EVENT_COLUMNS,
  eventValues,
  insertEventsFrom,
  type NewUsageEvent,
} from "./usage-events.ts";

/** Events in the order of their names (see `inOrderOfNames`); a position is one among them. */
export interface NewUsage {
  /** What it was priced by. */
  readonly governanceVersion: string;
  readonly receivedAt: Instant;
  readonly events: readonly NewUsageEvent[];
  readonly charges: readonly { readonly position: number; readonly charge: NewCharge }[];
  readonly increments: readonly { readonly position: number; readonly increment: SpendIncrement }[];
  readonly checks: Parameters<typeof checkValues>[0];
}

// Parts that no other part reads run from the last to the first: the sums at the end, since others
// wait for their rows, and these in the order in which `addToSpendRollups` locks them.
const RECORD = `
with n as materialized (
       select * from unnest(${EVENT_ARRAYS}, $26::text[]) with ordinality
           as n (${EVENT_COLUMNS}, content_sha256, position)
     ), claimed as (
       ${claimFrom(`(select n.*, null as corrected_event_id from n) as n
            where $27 = (${GOVERNANCE_VERSION})`)}
     ), fresh as materialized (
       select n.position, n.usage_event_id, n.occurred_at as charge_period_start
         from n
         join claimed on claimed.usage_event_id = n.usage_event_id
     ), increments as materialized (${sumsOfIncrements(`
              unnest($28::integer[], ${incrementArrays(28)}) as n (position, ${INCREMENT_COLUMNS})
         join fresh on fresh.position = n.position`)}
     ), quarters as (${ADD_TO_QUARTERS}
     ), days as (${ADD_TO_DAYS}
     ), checks as (${enqueueChecksFrom(`unnest(${checkArrays(39)}) where exists (select from fresh)`)}
     ), charged as (
       ${insertChargesFrom(`(
         select fresh.usage_event_id, fresh.charge_period_start, c.*
           from unnest($43::integer[], ${chargeArrays(43)}) as c (position, ${CHARGE_COLUMNS})
           join fresh on fresh.position = c.position) as n`)}
     ), stored as (
       ${insertEventsFrom(`n
            where n.usage_event_id in (select fresh.usage_event_id from fresh)`)}
     )
select claimed.usage_event_id from claimed`;

/**
 * Records those of the events that are new, with all that follows from them; their ids. None, when
 * other governance is in force than they were priced by. Budgets may be asked to look for nothing.
 */
export async function insertNewUsage(sql: Sql, usage: NewUsage): Promise<ReadonlySet<string>> {
  const { events, charges, increments } = usage;
  const { rows } = await sql.query<{ usage_event_id: string }>({
    name: "record new usage",
    text: RECORD,
    values: [
      ...eventValues(
        events.map((row) => ({ row, event: row.event, notCounted: undefined })),
        usage.receivedAt,
      ),
      arrayColumn(events, ({ contentSha256 }) => contentSha256),
      usage.governanceVersion,
      positions(increments),
      ...incrementValues(increments.map(({ increment }) => increment)),
      ...checkValues(usage.checks),
      positions(charges),
      ...chargeValues(charges.map(({ charge }) => charge)),
    ],
  });
  return new Set(rows.map((row) => row.usage_event_id));
}

/** Postgres counts from one. */
function positions(rows: readonly { readonly position: number }[]): string {
  return arrayColumn(rows, ({ position }) => position + 1);
}
