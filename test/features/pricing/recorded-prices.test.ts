import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usdFromDecimal, usdToDecimal } from "../../../src/domain/money.ts";
import { priceUsage } from "../../../src/features/pricing/index.ts";
import { decidePrices } from "../../../src/features/pricing/rules/decide-prices.ts";
import {
  type PriceList,
  PUBLISHED_PRICES,
} from "../../../src/features/pricing/rules/price-list.ts";
import { findPriceListProblems } from "../../../src/features/pricing/rules/price-list-problems.ts";
import {
  type PriceProposal,
  type RecordedPrice,
  withRecordedPrices,
} from "../../../src/features/pricing/rules/recorded-prices.ts";
import { aPriceable } from "../../support/pricing-builders.ts";

const RATES = {
  uncached_input: "4",
  cache_write_5m: "5",
  cache_write_1h: "8",
  cache_read: "0.20",
  output: "20",
};

function aProposal(over: Partial<PriceProposal> & { readonly input?: string } = {}): PriceProposal {
  const { input, ...proposal } = over;
  return {
    modelId: "claude-opus-6",
    aliases: [],
    residencyPremium: "everywhere",
    from: "2026-12-01",
    terms: {
      tiers: [
        {
          abovePromptTokens: 0,
          rates: input === undefined ? RATES : { ...RATES, uncached_input: input },
        },
      ],
    },
    source: "price page of 2026-12-01",
    ...proposal,
  };
}

/** What a million uncached tokens cost on that day. */
function inputPrice(prices: PriceList, model: string, at: string): string {
  const { charges } = priceUsage({
    event: aPriceable(model, { uncachedInputTokens: 1_000_000 }, { at: `${at}T12:00:00Z` }),
    discounts: [],
    prices,
  });
  return usdToDecimal(charges[0]?.listCost ?? usdFromDecimal("0"));
}

function decide(proposals: readonly PriceProposal[], recorded: readonly RecordedPrice[] = []) {
  return decidePrices({ published: PUBLISHED_PRICES, recorded }, proposals);
}

function recordedBy(decision: ReturnType<typeof decide>): readonly RecordedPrice[] {
  return "changes" in decision ? decision.changes.map(({ price }) => price) : [];
}

describe("recorded prices", () => {
  test("make a model known, from the first day of its price and with its aliases", () => {
    const prices = withRecordedPrices(
      PUBLISHED_PRICES,
      recordedBy(decide([aProposal({ aliases: ["claude-opus-6-latest"] })])),
    );

    for (const name of ["claude-opus-6", "claude-opus-6-20261201", "claude-opus-6-latest"]) {
      expect(inputPrice(prices, name, "2026-12-02")).toBe("4.000000");
    }
    const usage = priceUsage({ event: aPriceable("claude-opus-6"), discounts: [], prices });
    expect(usage.isKnownModel).toBe(true);
    expect(inputPrice(PUBLISHED_PRICES, "claude-opus-6", "2026-12-02")).toBe("5.000000");
  });

  test("leave the past alone: a price ends where the next one begins", () => {
    const cheaper = aProposal({ modelId: "claude-opus-5-5", from: "2026-12-01", input: "3" });
    const prices = withRecordedPrices(PUBLISHED_PRICES, recordedBy(decide([cheaper])));

    expect(inputPrice(prices, "claude-opus-5-5", "2026-11-30")).toBe("4.000000");
    expect(inputPrice(prices, "claude-opus-5-5", "2026-12-01")).toBe("3.000000");
  });

  test("of the same day: the later one counts, under an id of its own", () => {
    const first = recordedBy(decide([aProposal({ input: "4" })]));
    const second = recordedBy(decide([aProposal({ input: "4.5" })], first));

    expect([...first, ...second].map(({ priceId }) => priceId)).toEqual([
      "claude-opus-6@2026-12-01",
      "claude-opus-6@2026-12-01#2",
    ]);
    const prices = withRecordedPrices(PUBLISHED_PRICES, [...first, ...second]);
    expect(inputPrice(prices, "claude-opus-6", "2026-12-01")).toBe("4.500000");
  });

  test("of different days give the same list in whatever order they were recorded", () => {
    const days = fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 5 }), (starts, turn) => {
        const rows = starts.map((start): RecordedPrice => {
          const from = `2026-12-${String(start).padStart(2, "0")}`;
          const proposal = aProposal({ from, input: String(2 + start / 10) });
          return { ...proposal, priceId: `claude-opus-6@${from}` };
        });
        const turned = [...rows.slice(turn), ...rows.slice(0, turn)];
        const list = withRecordedPrices(PUBLISHED_PRICES, rows);

        expect(withRecordedPrices(PUBLISHED_PRICES, turned)).toEqual(list);
        expect(findPriceListProblems(list.models)).toEqual([]);
        for (const start of starts) {
          const at = `2026-12-${String(start).padStart(2, "0")}`;
          expect(Number(inputPrice(list, "claude-opus-6", at))).toBe(2 + start / 10);
        }
      }),
    );
  });
});

describe("decidePrices", () => {
  test("finds nothing to do in prices that are in force", () => {
    const same = aProposal({
      modelId: "claude-opus-5-5",
      from: "2026-12-01",
      isFastUnchanged: true,
    });

    expect(decide([same])).toEqual({ kind: "nothing" });
    const recorded = recordedBy(decide([aProposal()]));
    expect(decide([aProposal()], recorded)).toEqual({ kind: "nothing" });
  });

  test("tells a new model, a new price and a replaced one apart, with what changes", () => {
    const decision = decide([
      aProposal(),
      aProposal({ modelId: "claude-opus-5-5", from: "2026-12-01", input: "5" }),
      aProposal({ modelId: "claude-opus-5", from: "2026-07-24", input: "4" }),
    ]);

    expect(decision.kind).toBe("change");
    const changes = "changes" in decision ? decision.changes : [];
    expect(changes.map(({ kind }) => kind)).toEqual(["new-model", "new-price", "replaced"]);
    expect(changes[1]?.rates[0]).toEqual({
      tokenType: "uncached_input",
      before: 4_000_000n,
      after: 5_000_000n,
    });
  });

  test("keeps the fast mode of a model that a file says nothing of", () => {
    const [price] = recordedBy(
      decide([aProposal({ modelId: "claude-opus-5-5", input: "5", isFastUnchanged: true })]),
    );

    expect(price?.terms.fast).toMatchObject({ kind: "rates", rates: { output: "40.000000" } });
  });

  test.each([
    ["a 1h write below a 5m one", { cache_write_1h: "4.9" }, /a 1h cache write costs at least/],
    ["a read above the input", { cache_read: "4.1" }, /a cache read costs at most the input/],
    ["output below the input", { output: "3" }, /output costs at least the input/],
  ])("doubts %s", (_, rates, doubt) => {
    const decision = decide([
      aProposal({ terms: { tiers: [{ abovePromptTokens: 0, rates: { ...RATES, ...rates } }] } }),
    ]);

    expect(decision).toMatchObject({ kind: "implausible", doubts: [expect.stringMatching(doubt)] });
  });

  test.each([
    ["0.79", "change more than five times"],
    ["0.80", undefined],
    ["20", undefined],
    ["20.0002", "change more than five times"],
  ])("doubts an input price that goes from $4 to $%s only when it jumps", (input, doubt) => {
    const rates = { ...RATES, uncached_input: input, cache_write_5m: "20.1", cache_write_1h: "21" };
    const decision = decide([
      aProposal({
        modelId: "claude-opus-5-5",
        terms: { tiers: [{ abovePromptTokens: 0, rates: { ...rates, output: "21" } }] },
      }),
    ]);
    const doubts = "doubts" in decision ? decision.doubts : [];

    const ofInput = doubts.filter((text) => text.includes("uncached_input changes"));
    expect(ofInput).toHaveLength(doubt === undefined ? 0 : 1);
  });

  test("refuses an alias of another model, and a model given twice for one day", () => {
    expect(decide([aProposal({ aliases: ["claude-opus-5-5"] })])).toEqual({
      kind: "refused",
      problems: ["claude-opus-5-5: names two models"],
    });
    expect(decide([aProposal(), aProposal({ input: "5" })])).toEqual({
      kind: "refused",
      problems: ["claude-opus-6 from 2026-12-01: given twice"],
    });
  });

  test("refuses tiers that do not ascend", () => {
    const tier = { abovePromptTokens: 200_000, rates: RATES };
    const decision = decide([
      aProposal({ terms: { tiers: [{ abovePromptTokens: 0, rates: RATES }, tier, tier] } }),
    ]);

    expect(decision).toEqual({
      kind: "refused",
      problems: ["claude-opus-6@2026-12-01: tiers ascend"],
    });
  });
});
