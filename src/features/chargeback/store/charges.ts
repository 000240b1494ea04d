/**
 * Chargeback, the SQL of exporting charges: read only, by a cursor, so that any number of them needs
 * the memory of one portion.
 */
import type { Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { StoredCharge } from "../rules/focus.ts";

const PORTION = 2_000;

/** Charges of a period by their time, portion by portion. Inside a transaction. */
export async function eachPortionOfCharges(
  sql: Sql,
  period: Period,
  take: (charges: readonly StoredCharge[]) => Promise<void>,
): Promise<void> {
  await sql.query(
    `declare charges_to_export no scroll cursor for
      select c.usage_event_id as "usageEventId", c.charge_period_start as "chargePeriodStart",
             c.charge_category as "chargeCategory", c.charge_class as "chargeClass",
             c.sku_id as "skuId", c.price_id as "priceId", c.pricing_basis as "pricingBasis",
             c.consumed_quantity::text as "consumedQuantity", c.consumed_unit as "consumedUnit",
             trim_scale(c.list_unit_price_usd)::text as "listUnitPrice",
             trim_scale(case when c.consumed_quantity = 0 then c.list_unit_price_usd
                             else round(c.billed_cost_usd / c.consumed_quantity, 24) end)::text
               as "contractedUnitPrice",
             trim_scale(c.list_cost_usd)::text as "listCost",
             trim_scale(c.billed_cost_usd)::text as "billedCost",
             d.team_key as "teamKey", d.project_key as "projectKey", d.user_email as "userEmail",
             d.model_id as "modelId", d.api_key_id as "apiKeyId", d.workspace_id as "workspaceId",
             d.source, e.provider, e.tags
        from charges c
        join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
        left join usage_events e
          on e.occurred_at = c.charge_period_start and e.usage_event_id = c.usage_event_id
       where c.charge_period_start >= $1 and c.charge_period_start < $2
       order by c.charge_period_start, c.usage_event_id, c.charge_number`,
    [period.start, period.end],
  );
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- portion after portion
    const { rows } = await sql.query<StoredCharge>(
      `fetch ${String(PORTION)} from charges_to_export`,
    );
    if (rows.length === 0) return;
    // oxlint-disable-next-line no-await-in-loop -- as fast as it is taken
    await take(rows);
  }
}
