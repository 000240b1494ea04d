/** Recorded prices, the SQL. Owns: prices, which are only ever added to. */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { RecordedPrice } from "../rules/recorded-prices.ts";

interface PriceRow {
  readonly price_id: string;
  readonly model_id: string;
  readonly aliases: readonly string[];
  readonly residency_premium: RecordedPrice["residencyPremium"];
  readonly valid_from: Date | null;
  readonly terms: RecordedPrice["terms"];
  readonly source: string;
}

/** All recorded prices in the order of recording, which decides between two of the same day. */
export async function listRecordedPrices(sql: Sql): Promise<readonly RecordedPrice[]> {
  const { rows } = await sql.query<PriceRow>(
    `select p.price_id, p.model_id, p.aliases, p.residency_premium, p.valid_from, p.terms, p.source
       from prices p
      order by p.price_number`,
  );
  return rows.map((row) => ({
    priceId: row.price_id,
    modelId: row.model_id,
    aliases: row.aliases,
    residencyPremium: row.residency_premium,
    from: row.valid_from === null ? undefined : instant(row.valid_from).toISOString().slice(0, 10),
    terms: row.terms,
    source: row.source,
  }));
}

/** Lets one recording decide at a time; readers go on. */
export async function lockPrices(sql: Sql): Promise<void> {
  await sql.query(`lock table prices in share row exclusive mode`);
}

export async function insertPrices(
  sql: Sql,
  prices: readonly RecordedPrice[],
  { recordedAt, recordedBy }: { readonly recordedAt: Instant; readonly recordedBy: string },
): Promise<void> {
  for (const price of prices) {
    // oxlint-disable-next-line no-await-in-loop -- in order: the later one counts
    await sql.query(
      `insert into prices
              (price_id, model_id, aliases, residency_premium, valid_from, terms, source,
               recorded_at, recorded_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        price.priceId,
        price.modelId,
        price.aliases,
        price.residencyPremium,
        price.from === undefined ? null : `${price.from}T00:00:00Z`,
        JSON.stringify(price.terms),
        price.source,
        recordedAt,
        recordedBy,
      ],
    );
  }
}
