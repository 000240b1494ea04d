import { describe, expect, test } from "vitest";
import { parsePriceFile } from "../../../src/features/pricing/index.ts";

const PER_MILLION = `{ uncached_input: "4", cache_write_5m: "5", cache_write_1h: "8", cache_read: "0.20", output: "20" }`;

const FILE = `
source: Anthropic's price page, 2026-12-01
prices:
  - model: claude-opus-6
    from: 2026-12-01
    aliases: [claude-opus-6-latest]
    per_million: ${PER_MILLION}
    above_prompt_tokens:
      - { more_than: 200000, per_million: ${PER_MILLION.replace('"4"', '"8"')} }
    fast: { per_million: ${PER_MILLION}, until: 2027-06-01 }
  - model: claude-haiku-6
    residency_premium: none
    per_million: ${PER_MILLION}
    fast: billed-as-standard
    source: a mail of Anthropic
`;

describe("a file of prices", () => {
  test("is read with its tiers, fast mode and sources; a price without a day starts today", () => {
    const file = parsePriceFile(FILE, "2026-11-23");

    expect(file).toMatchObject({ kind: "prices", format: "prices", skipped: [] });
    const [opus, haiku] = file.kind === "prices" ? file.proposals : [];
    expect(opus).toMatchObject({
      modelId: "claude-opus-6",
      aliases: ["claude-opus-6-latest"],
      residencyPremium: "everywhere",
      from: "2026-12-01",
      source: "Anthropic's price page, 2026-12-01",
      terms: { fast: { kind: "rates", until: "2027-06-01" } },
    });
    expect(opus?.terms.tiers.map((tier) => [tier.abovePromptTokens, tier.rates.uncached_input]))
      // The tier's own price, not the base one.
      .toEqual([
        [0, "4"],
        [200_000, "8"],
      ]);
    expect(haiku).toMatchObject({
      from: "2026-11-23",
      residencyPremium: "none",
      source: "a mail of Anthropic",
      terms: { fast: { kind: "billed-as-standard" } },
    });
  });

  test.each([
    ["a number instead of a text", '"4"', "4", "prices.0.per_million.uncached_input"],
    ["a negative price", '"4"', '"-4"', "prices.0.per_million.uncached_input"],
    ["a price that is not exact for one token", '"4"', '"4.00001"', "prices.0.per_million"],
    ["a price of nothing", '"0.20"', '"0"', "prices.0.per_million.cache_read"],
    ["a day that does not exist", "2026-12-01", "2026-02-30", "prices.0.from"],
    ["a name with a provider", "claude-opus-6", "anthropic/claude-opus-6", "prices.0.model"],
    ["an unknown key", "aliases:", "alias:", "prices.0"],
  ])("is refused with %s, which it names", (_, from, to, place) => {
    const text = FILE.replace(/source: .*\nprices/, "source: page\nprices").replace(from, to);
    const file = parsePriceFile(text, "2026-11-23");

    expect(file.kind).toBe("invalid");
    expect(file.kind === "invalid" ? file.problems[0] : "").toContain(place);
  });

  test.each(["", "42", "a: [", "[]", "{}", "prices: []\nsource: x"])("is refused: %j", (text) => {
    expect(parsePriceFile(text, "2026-11-23").kind).toBe("invalid");
  });
});

describe("LiteLLM's file", () => {
  const ENTRY = {
    litellm_provider: "anthropic",
    mode: "chat",
    max_tokens: 64_000,
    input_cost_per_token: 4e-6,
    cache_creation_input_token_cost: 5e-6,
    cache_creation_input_token_cost_above_1hr: 8e-6,
    cache_read_input_token_cost: 2e-7,
    output_cost_per_token: 0.00002,
  };
  const read = (models: object) => parsePriceFile(JSON.stringify(models), "2026-11-23");

  test("gives exact prices for Anthropic's own models, snapshots joined", () => {
    const file = read({
      sample_spec: { litellm_provider: "one of https://docs.litellm.ai/docs/providers" },
      "claude-opus-6": ENTRY,
      "claude-opus-6-20261201": ENTRY,
      "anthropic.claude-opus-6-v1:0": { ...ENTRY, litellm_provider: "bedrock" },
      "gpt-5": { litellm_provider: "openai", mode: "chat", input_cost_per_token: 1e-6 },
    });

    expect(file).toMatchObject({ kind: "prices", format: "litellm" });
    const proposals = file.kind === "prices" ? file.proposals : [];
    expect(proposals.map(({ modelId, from }) => [modelId, from])).toEqual([
      ["claude-opus-6", "2026-11-23"],
    ]);
    expect(proposals[0]?.terms.tiers[0].rates).toEqual({
      uncached_input: "4",
      cache_write_5m: "5",
      cache_write_1h: "8",
      cache_read: "0.2",
      output: "20",
    });
  });

  test("has a tier for long prompts where it names one", () => {
    const file = read({
      "claude-opus-6": {
        ...ENTRY,
        input_cost_per_token_above_200k_tokens: 8e-6,
        cache_creation_input_token_cost_above_200k_tokens: 1e-5,
        cache_creation_input_token_cost_above_1hr_above_200k_tokens: 1.6e-5,
        cache_read_input_token_cost_above_200k_tokens: 4e-7,
        output_cost_per_token_above_200k_tokens: 3e-5,
      },
    });

    const tiers = file.kind === "prices" ? file.proposals[0]?.terms.tiers : [];
    expect(tiers?.map((tier) => [tier.abovePromptTokens, tier.rates.output])).toEqual([
      [0, "20"],
      [200_000, "30"],
    ]);
  });

  test("skips by name what has no complete set of prices: none is invented", () => {
    const { cache_creation_input_token_cost_above_1hr: _, ...incomplete } = ENTRY;
    const file = read({ "claude-opus-6": incomplete });

    expect(file).toEqual({
      kind: "prices",
      format: "litellm",
      proposals: [],
      skipped: ["claude-opus-6: no exact price for cache_write_1h"],
    });
  });
});
