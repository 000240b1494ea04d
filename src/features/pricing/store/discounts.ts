/** Discounts, the SQL. Owns: discounts. */
import { assert } from "../../../domain/assert.ts";
import { instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import {
  type Discount,
  discountPercentToDecimal,
  parseDiscountPercent,
} from "../rules/discounts.ts";

interface DiscountRow {
  readonly model_pattern: string | null;
  readonly workspace_id: string | null;
  readonly percent: string;
  readonly valid_from: Date | null;
  readonly valid_until: Date | null;
}

/**
 * Makes `discounts` the only ones, in their order. Two statements: call it inside a transaction.
 * Charges that exist keep their price.
 */
export async function replaceDiscounts(sql: Sql, discounts: readonly Discount[]): Promise<void> {
  await sql.query(`delete from discounts`);
  await sql.query(
    `insert into discounts
            (position, model_pattern, workspace_id, percent, valid_from, valid_until)
     select d.position, d.model_pattern, d.workspace_id, d.percent, d.valid_from, d.valid_until
       from unnest($1::text[], $2::text[], $3::numeric[], $4::timestamptz[], $5::timestamptz[])
            with ordinality
         as d (model_pattern, workspace_id, percent, valid_from, valid_until, position)`,
    [
      discounts.map(({ modelPattern }) => modelPattern ?? null),
      discounts.map(({ workspaceId }) => workspaceId ?? null),
      discounts.map(({ share }) => discountPercentToDecimal(share)),
      discounts.map(({ validFrom }) => validFrom ?? null),
      discounts.map(({ validUntil }) => validUntil ?? null),
    ],
  );
}

/** All discounts, in the order in which they are tried; past and future ones included. */
export async function listDiscounts(sql: Sql): Promise<readonly Discount[]> {
  const { rows } = await sql.query<DiscountRow>(
    `select d.model_pattern, d.workspace_id, d.percent::text, d.valid_from, d.valid_until
       from discounts d
      order by d.position`,
  );
  return rows.map(discountFromRow);
}

function discountFromRow(row: DiscountRow): Discount {
  const share = parseDiscountPercent(row.percent);
  assert(share !== undefined, `not a discount: ${row.percent} percent`);
  return {
    modelPattern: row.model_pattern ?? undefined,
    workspaceId: row.workspace_id ?? undefined,
    share,
    validFrom: row.valid_from === null ? undefined : instant(row.valid_from),
    validUntil: row.valid_until === null ? undefined : instant(row.valid_until),
  };
}
