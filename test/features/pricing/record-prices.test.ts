import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { listPrices, loadPriceList, recordPrices } from "../../../src/features/pricing/index.ts";
import type { PriceProposal } from "../../../src/features/pricing/rules/recorded-prices.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const clock = () => instant("2026-11-23T10:00:00Z");

function aProposal(modelId: string, rates: { readonly write1h?: string } = {}): PriceProposal {
  return {
    modelId,
    aliases: [],
    residencyPremium: "everywhere",
    from: "2026-12-01",
    terms: {
      tiers: [
        {
          abovePromptTokens: 0,
          rates: {
            uncached_input: "4",
            cache_write_5m: "5",
            cache_write_1h: rates.write1h ?? "8",
            cache_read: "0.20",
            output: "20",
          },
        },
      ],
    },
    source: "price page",
  };
}

async function record(proposals: readonly PriceProposal[], isConfirmed = false) {
  return await recordPrices(
    { database: db.pool, clock },
    { proposals, isConfirmed, actor: "dana" },
  );
}

async function pricesOf(modelId: string) {
  return listPrices(await loadPriceList(db.pool)).filter((price) => price.modelId === modelId);
}

describe("recordPrices", () => {
  test("keeps them with their source and who recorded them; a second time changes nothing", async () => {
    expect(await record([aProposal("claude-opus-6")])).toMatchObject({ isRecorded: true });
    expect(await record([aProposal("claude-opus-6")])).toEqual({ kind: "nothing" });

    expect(await pricesOf("claude-opus-6")).toMatchObject([
      { priceId: "claude-opus-6@2026-12-01", source: "price page" },
    ]);
    const { rows } = await db.pool.query(
      `select a.actor, a.action from audit_entries a where a.subject = 'price:claude-opus-6@2026-12-01'`,
    );
    expect(rows).toEqual([{ actor: "dana", action: "price.recorded" }]);
  });

  test("records nothing implausible until it is confirmed", async () => {
    const doubtful = [
      aProposal("claude-haiku-6", { write1h: "4.9" }),
      aProposal("claude-sonnet-6"),
    ];

    expect(await record(doubtful)).toMatchObject({ kind: "implausible", isRecorded: false });
    expect(await pricesOf("claude-sonnet-6")).toEqual([]);

    expect(await record(doubtful, true)).toMatchObject({ isRecorded: true });
    expect(await pricesOf("claude-haiku-6")).toHaveLength(1);
  });

  test("by two at once ends with one price for the day", async () => {
    const [first, second] = await Promise.all([
      record([aProposal("claude-fable-6")]),
      record([aProposal("claude-fable-6")]),
    ]);

    expect([first.kind, second.kind].toSorted()).toEqual(["change", "nothing"]);
    expect(await pricesOf("claude-fable-6")).toHaveLength(1);
  });

  test("can't be undone by an edit: rows are for ever", async () => {
    await record([aProposal("claude-edit-6")]);

    await expect(
      db.pool.query(`update prices set source = 'else' where model_id = 'claude-edit-6'`),
    ).rejects.toThrow(/append-only/);
  });
});
