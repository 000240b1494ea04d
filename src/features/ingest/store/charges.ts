/** Ingest, the SQL of what usage costs. Owns: charges, partitioned by month. */
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

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

export async function insertCharges(sql: Sql, charges: readonly NewCharge[]): Promise<void> {
  const column = <T>(read: (charge: NewCharge) => T): T[] => charges.map(read);
  await sql.query({
    name: "insert charges",
    text: `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     select n.usage_event_id, n.charge_number, 'Usage', n.charge_period_start,
            n.spend_dimension_id, n.sku_id, n.price_id, n.pricing_basis, n.consumed_quantity,
            n.consumed_unit, n.list_unit_price_usd, n.list_cost_usd, n.billed_cost_usd
       from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::integer[], $5::text[],
                   $6::text[], $7::text[], $8::bigint[], $9::text[], $10::numeric[],
                   $11::numeric[], $12::numeric[])
         as n (usage_event_id, charge_number, charge_period_start, spend_dimension_id, sku_id,
               price_id, pricing_basis, consumed_quantity, consumed_unit, list_unit_price_usd,
               list_cost_usd, billed_cost_usd)`,
    values: [
      column((charge) => charge.usageEventId),
      column((charge) => charge.chargeNumber),
      column((charge) => charge.chargePeriodStart.toISOString()),
      column((charge) => charge.spendDimensionId),
      column((charge) => charge.skuId),
      column((charge) => charge.priceId),
      column((charge) => charge.pricingBasis),
      column((charge) => charge.consumedQuantity),
      column((charge) => charge.consumedUnit),
      column((charge) => usdToDecimal(charge.listUnitPrice)),
      column((charge) => usdToDecimal(charge.listCost)),
      column((charge) => usdToDecimal(charge.billedCost)),
    ],
  });
}
