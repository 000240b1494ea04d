/** Ingest, the SQL of what usage costs. Owns: charges, partitioned by month. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import { arrayColumn, type Cell, numericCell, timesColumn } from "../../../store/array-literal.ts";
import type { Sql } from "../../../store/database.ts";
import { spanOf } from "./usage-events.ts";

/**
 * How far the generations of an event's charges are apart: more than one event has, a thousand
 * iterations with every type of token included. The first is made with the event, each further one by
 * re-rating.
 */
export const CHARGES_OF_GENERATION = 10_000;

export interface NewCharge {
  readonly usageEventId: string;
  readonly chargeNumber: number;
  readonly chargePeriodStart: Instant;
  readonly spendDimensionId: number;
  readonly skuId: string;
  readonly priceId: string;
  readonly pricingBasis: string;
  readonly consumedQuantity: number;
  readonly consumedUnit: string;
  readonly listUnitPrice: Usd;
  readonly listCost: Usd;
  readonly billedCost: Usd;
}

/** What a charge is besides its event: columns, their arrays from the parameter after `after` on, and these. */
export const CHARGE_COLUMNS = `charge_number, spend_dimension_id, sku_id, price_id, pricing_basis,
               consumed_quantity, consumed_unit, list_unit_price_usd, list_cost_usd, billed_cost_usd`;

const CHARGE_TYPES = [
  "integer",
  "integer",
  "text",
  "text",
  "text",
  "bigint",
  "text",
  "numeric",
  "numeric",
  "numeric",
];

export function chargeArrays(after: number): string {
  return CHARGE_TYPES.map((type, index) => `$${String(after + index + 1)}::${type}[]`).join(", ");
}

export function chargeValues(charges: readonly NewCharge[]): readonly string[] {
  const column = (read: (charge: NewCharge) => Cell): string => arrayColumn(charges, read);
  return [
    column((charge) => charge.chargeNumber),
    column((charge) => charge.spendDimensionId),
    column((charge) => charge.skuId),
    column((charge) => charge.priceId),
    column((charge) => charge.pricingBasis),
    column((charge) => charge.consumedQuantity),
    column((charge) => charge.consumedUnit),
    column((charge) => numericCell(charge.listUnitPrice)),
    column((charge) => numericCell(charge.listCost)),
    column((charge) => numericCell(charge.billedCost)),
  ];
}

/** Inserts the charges of `from`, a relation `n` of events' ids and times and `CHARGE_COLUMNS`. */
export const insertChargesFrom = (from: string): string => `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     select n.usage_event_id, n.charge_number, 'Usage', n.charge_period_start,
            n.spend_dimension_id, n.sku_id, n.price_id, n.pricing_basis, n.consumed_quantity,
            n.consumed_unit, n.list_unit_price_usd, n.list_cost_usd, n.billed_cost_usd
       from ${from}`;

const INSERT_CHARGES = insertChargesFrom(`unnest($1::uuid[], $2::timestamptz[], ${chargeArrays(2)})
         as n (usage_event_id, charge_period_start, ${CHARGE_COLUMNS})`);

export async function insertCharges(sql: Sql, charges: readonly NewCharge[]): Promise<void> {
  await sql.query({
    name: "insert charges",
    text: INSERT_CHARGES,
    values: [
      arrayColumn(charges, (charge) => charge.usageEventId),
      timesColumn(charges, (charge) => charge.chargePeriodStart),
      ...chargeValues(charges),
    ],
  });
}

/**
 * `c` still counts: no reversal of it. The span of all events, $3 to $4, is said of every table:
 * otherwise a plan may read the charges of every month.
 */
const NOT_REVERSED = `not exists (
                select from charges r
                 where r.charge_period_start = c.charge_period_start
                   and r.charge_period_start between $3 and $4
                   and r.usage_event_id = c.usage_event_id
                   and r.charge_number = -1 - c.charge_number)`;

/** A charge that took back another. */
export interface ReversedCharge {
  readonly chargeNumber: number;
  readonly chargePeriodStart: Instant;
  readonly spendDimensionId: number;
  readonly skuId: string;
  /** Zero or less, like the costs. */
  readonly consumedQuantity: number;
  readonly listCost: Usd;
  readonly billedCost: Usd;
  /** Of the event whose charge it was. */
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/**
 * Takes back the charges of stored events that count: each gets its negative, in its own period and
 * dimension. The caller holds the identities of the events, so that nobody else does it meanwhile.
 */
export async function insertReversals(
  sql: Sql,
  events: readonly { readonly usageEventId: string; readonly occurredAt: Instant }[],
): Promise<readonly ReversedCharge[]> {
  const { rows } = await sql.query<{
    readonly charge_number: number;
    readonly charge_period_start: Date;
    readonly spend_dimension_id: number;
    readonly sku_id: string;
    readonly consumed_quantity: string;
    readonly list_cost_usd: string;
    readonly billed_cost_usd: string;
    readonly tags: Record<string, string> | null;
  }>(
    `with reversed as (
       insert into charges
              (usage_event_id, charge_number, charge_category, charge_class, charge_period_start,
               spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity,
               consumed_unit, list_unit_price_usd, list_cost_usd, billed_cost_usd)
       select c.usage_event_id, -1 - c.charge_number, c.charge_category, 'Correction',
              c.charge_period_start, c.spend_dimension_id, c.sku_id, c.price_id, c.pricing_basis,
              -c.consumed_quantity, c.consumed_unit, c.list_unit_price_usd, -c.list_cost_usd,
              -c.billed_cost_usd
         from unnest($1::uuid[], $2::timestamptz[]) as n (usage_event_id, occurred_at)
         join charges c
           on c.usage_event_id = n.usage_event_id and c.charge_period_start = n.occurred_at
        where c.charge_number >= 0 and c.charge_period_start between $3 and $4
          and ${NOT_REVERSED}
    returning *)
     select r.charge_number, r.charge_period_start, r.spend_dimension_id, r.sku_id,
            r.consumed_quantity::text, r.list_cost_usd::text, r.billed_cost_usd::text, u.tags
       from reversed r
       join usage_events u
         on u.usage_event_id = r.usage_event_id and u.occurred_at = r.charge_period_start
      where u.occurred_at between $3 and $4`,
    [
      events.map(({ usageEventId }) => usageEventId),
      events.map(({ occurredAt }) => occurredAt.toISOString()),
      ...spanOf(events),
    ],
  );
  return rows.map((row) => ({
    chargeNumber: row.charge_number,
    chargePeriodStart: instant(row.charge_period_start),
    spendDimensionId: row.spend_dimension_id,
    skuId: row.sku_id,
    consumedQuantity: Number(row.consumed_quantity),
    listCost: usdFromDecimal(row.list_cost_usd),
    billedCost: usdFromDecimal(row.billed_cost_usd),
    tags: row.tags ?? undefined,
  }));
}

/** The charges of an event that count, and where its next generation of them begins. */
export interface CurrentCharges {
  /** In their order; empty: nothing of it counts. */
  readonly charges: readonly Omit<NewCharge, "usageEventId" | "chargePeriodStart">[];
  readonly nextChargeNumber: number;
}

/** By event id. */
export async function loadCurrentCharges(
  sql: Sql,
  events: readonly { readonly usageEventId: string; readonly occurredAt: Instant }[],
): Promise<ReadonlyMap<string, CurrentCharges>> {
  const { rows } = await sql.query<{
    readonly usage_event_id: string;
    readonly charge_number: number;
    readonly is_current: boolean;
    readonly spend_dimension_id: number;
    readonly sku_id: string;
    readonly price_id: string;
    readonly pricing_basis: string;
    readonly consumed_quantity: string;
    readonly consumed_unit: string;
    readonly list_unit_price_usd: string;
    readonly list_cost_usd: string;
    readonly billed_cost_usd: string;
  }>(
    `select c.usage_event_id, c.charge_number, ${NOT_REVERSED} as is_current, c.spend_dimension_id,
            c.sku_id, c.price_id, c.pricing_basis, c.consumed_quantity::text, c.consumed_unit,
            c.list_unit_price_usd::text, c.list_cost_usd::text, c.billed_cost_usd::text
       from unnest($1::uuid[], $2::timestamptz[]) as n (usage_event_id, occurred_at)
       join charges c
         on c.usage_event_id = n.usage_event_id and c.charge_period_start = n.occurred_at
      where c.charge_number >= 0 and c.charge_period_start between $3 and $4
      order by c.usage_event_id, c.charge_number`,
    [
      events.map(({ usageEventId }) => usageEventId),
      events.map(({ occurredAt }) => occurredAt.toISOString()),
      ...spanOf(events),
    ],
  );
  const byEvent = new Map<string, CurrentCharges>();
  for (const row of rows) {
    const known = byEvent.get(row.usage_event_id);
    const charge = {
      chargeNumber: row.charge_number,
      spendDimensionId: row.spend_dimension_id,
      skuId: row.sku_id,
      priceId: row.price_id,
      pricingBasis: row.pricing_basis,
      consumedQuantity: Number(row.consumed_quantity),
      consumedUnit: row.consumed_unit,
      listUnitPrice: usdFromDecimal(row.list_unit_price_usd),
      listCost: usdFromDecimal(row.list_cost_usd),
      billedCost: usdFromDecimal(row.billed_cost_usd),
    };
    byEvent.set(row.usage_event_id, {
      charges: row.is_current ? [...(known?.charges ?? []), charge] : (known?.charges ?? []),
      nextChargeNumber:
        (Math.floor(row.charge_number / CHARGES_OF_GENERATION) + 1) * CHARGES_OF_GENERATION,
    });
  }
  return byEvent;
}
