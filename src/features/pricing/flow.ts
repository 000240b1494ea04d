/** Prices, the steps: read what is in force, look at a file of prices, record it. */
import type { Clock } from "../../domain/time.ts";
import { recordAudit } from "../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../store/database.ts";
import { decidePrices, type PriceChange, type PriceDecision } from "./rules/decide-prices.ts";
import { type PriceList, PUBLISHED_PRICES } from "./rules/price-list.ts";
import { type PriceProposal, withRecordedPrices } from "./rules/recorded-prices.ts";
import { insertPrices, listRecordedPrices, lockPrices } from "./store/prices.ts";

/** The price list that counts now: published with the program, and recorded since. */
export async function loadPriceList(sql: Sql): Promise<PriceList> {
  return withRecordedPrices(PUBLISHED_PRICES, await listRecordedPrices(sql));
}

/** What recording the proposals would change; changes nothing. */
export async function previewPrices(
  { database }: { readonly database: Database },
  proposals: readonly PriceProposal[],
): Promise<PriceDecision> {
  return decidePrices(await loadPricesInForce(database), proposals);
}

export type RecordPricesResult =
  | Exclude<PriceDecision, { readonly kind: "change" | "implausible" }>
  | (Extract<PriceDecision, { readonly kind: "change" | "implausible" }> & {
      readonly isRecorded: boolean;
    });

/**
 * Records what the proposals change, all of it or nothing; implausible prices only when confirmed.
 * Usage that arrives after the commit is priced by them; what was priced before keeps its charges
 * until it is re-rated.
 */
export async function recordPrices(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: {
    readonly proposals: readonly PriceProposal[];
    readonly isConfirmed: boolean;
    readonly actor: string;
    /** What follows from the change, in the same transaction. */
    readonly onRecorded?: (sql: Sql, changes: readonly PriceChange[]) => Promise<void>;
  },
): Promise<RecordPricesResult> {
  return await inTransaction(database, async (sql) => {
    await lockPrices(sql);
    const decision = decidePrices(await loadPricesInForce(sql), request.proposals);
    if (decision.kind === "nothing" || decision.kind === "refused") return decision;
    if (decision.kind === "implausible" && !request.isConfirmed) {
      return { ...decision, isRecorded: false };
    }
    const now = clock();
    const rows = decision.changes.map(({ price }) => price);
    await insertPrices(sql, rows, { recordedAt: now, recordedBy: request.actor });
    for (const { kind, price } of decision.changes) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
      await recordAudit(sql, {
        occurredAt: now,
        actor: request.actor,
        action: "price.recorded",
        subject: `price:${price.priceId}`,
        after: { kind, ...price },
        ...(decision.doubts.length === 0 ? {} : { rule: { confirmedDoubts: decision.doubts } }),
      });
    }
    await request.onRecorded?.(sql, decision.changes);
    return { ...decision, isRecorded: true };
  });
}

async function loadPricesInForce(sql: Sql): Promise<Parameters<typeof decidePrices>[0]> {
  return { published: PUBLISHED_PRICES, recorded: await listRecordedPrices(sql) };
}
