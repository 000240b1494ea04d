import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  listPrices,
  type NormalisedModel,
  normaliseModelId,
} from "../../../src/features/pricing/index.ts";

const PLAIN = {
  isKnown: true,
  regionPrefix: undefined,
  isBatch: false,
  isFast: false,
  cloud: undefined,
};

function bedrock(regionPrefix?: string): Partial<NormalisedModel> {
  return { cloud: "bedrock", regionPrefix };
}

describe("normaliseModelId", () => {
  test.each<[text: string, modelId: string, rest?: Partial<NormalisedModel>]>([
    // The Claude API: names since 4.6, older names with and without snapshot.
    ["claude-opus-5-5", "claude-opus-5-5"],
    ["claude-sonnet-5", "claude-sonnet-5"],
    ["claude-sonnet-5-5", "claude-sonnet-5-5"],
    ["claude-mythos-5-2", "claude-mythos-5-2"],
    ["claude-haiku-4-5", "claude-haiku-4-5"],
    ["claude-haiku-4-5-20251001", "claude-haiku-4-5"],
    ["claude-opus-4-5-20251101", "claude-opus-4-5"],
    ["claude-opus-4-1-20250805", "claude-opus-4-1"],
    ["claude-opus-4-20250514", "claude-opus-4-0"],
    ["claude-sonnet-4-20250514", "claude-sonnet-4-0"],
    ["claude-3-7-sonnet-20250219", "claude-3-7-sonnet"],
    ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet"],
    ["claude-3-5-haiku-latest", "claude-3-5-haiku"],
    [" Claude-Opus-5-5 ", "claude-opus-5-5"],
    // Bedrock.
    ["anthropic.claude-fable-5-1", "claude-fable-5-1", bedrock()],
    ["anthropic.claude-opus-4-6-v1", "claude-opus-4-6", bedrock()],
    ["anthropic.claude-sonnet-4-6", "claude-sonnet-4-6", bedrock()],
    ["anthropic.claude-sonnet-4-6-v1", "claude-sonnet-4-6", bedrock()],
    ["anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5", bedrock()],
    ["anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", bedrock()],
    ["anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet", bedrock()],
    ["global.anthropic.claude-sonnet-5", "claude-sonnet-5", bedrock("global")],
    ["us.anthropic.claude-opus-5-5", "claude-opus-5-5", bedrock("us")],
    ["eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", bedrock("eu")],
    ["au.anthropic.claude-haiku-5-5", "claude-haiku-5-5", bedrock("au")],
    ["jp.anthropic.claude-opus-4-8", "claude-opus-4-8", bedrock("jp")],
    ["in.anthropic.claude-opus-4-7", "claude-opus-4-7", bedrock("in")],
    ["apac.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-0", bedrock("apac")],
    ["us-gov.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", bedrock("us-gov")],
    [
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
      "claude-opus-4-5",
      bedrock("us"),
    ],
    [
      "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-opus-4-6-v1",
      "claude-opus-4-6",
      bedrock(),
    ],
    [
      "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/k3x9",
      "k3x9",
      { ...bedrock(), isKnown: false },
    ],
    // Vertex.
    ["claude-haiku-4-5@20251001", "claude-haiku-4-5", { cloud: "vertex" }],
    ["claude-sonnet-4@20250514", "claude-sonnet-4-0", { cloud: "vertex" }],
    ["claude-opus-4-8@default", "claude-opus-4-8", { cloud: "vertex" }],
    ["claude-3-5-haiku@20241022", "claude-3-5-haiku", { cloud: "vertex" }],
    ["claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet", { cloud: "vertex" }],
    // Foundry, OpenRouter, Vercel, LiteLLM, Claude Code.
    ["claude-opus-5-5-fast", "claude-opus-5-5", { isFast: true }],
    ["anthropic/claude-opus-5.5", "claude-opus-5-5"],
    ["anthropic/claude-3.7-sonnet", "claude-3-7-sonnet"],
    ["anthropic/claude-opus-5.5:batch", "claude-opus-5-5", { isBatch: true }],
    ["anthropic/claude-opus-5.5-batch", "claude-opus-5-5", { isBatch: true }],
    ["anthropic/claude-opus-5.5-fast", "claude-opus-5-5", { isFast: true }],
    ["~anthropic/claude-opus-latest", "claude-opus-latest", { isKnown: false }],
    ["~claude-opus-5-5", "claude-opus-5-5"],
    ["anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-5"],
    ["bedrock/us.anthropic.claude-opus-5-5", "claude-opus-5-5", bedrock("us")],
    ["bedrock/converse/anthropic.claude-opus-4-6-v1", "claude-opus-4-6", bedrock()],
    ["vertex_ai/claude-opus-5-5", "claude-opus-5-5", { cloud: "vertex" }],
    ["claude-opus-4-8[1m]", "claude-opus-4-8"],
    ["claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"],
    ["us.anthropic.claude-sonnet-5-5[1M]", "claude-sonnet-5-5", bedrock("us")],
    // Names that nobody knows stay readable.
    ["gpt-5.5", "gpt-5.5", { isKnown: false }],
    ["claude-opus-6", "claude-opus-6", { isKnown: false }],
    ["anthropic/", "unknown-model", { isKnown: false }],
    ["", "unknown-model", { isKnown: false }],
  ])("reads %j as %s", (text, modelId, rest = {}) => {
    expect(normaliseModelId(text)).toEqual({ ...PLAIN, modelId, ...rest });
  });

  test("never finds a model by the beginning of a name", () => {
    for (const { modelId } of listPrices()) {
      for (const more of ["-1", "-9-9", "x", "-preview", "-5-20260101x"]) {
        expect(normaliseModelId(modelId + more).modelId).not.toBe(modelId);
      }
      expect(normaliseModelId(modelId).modelId).toBe(modelId);
    }
  });

  test("finds every model in any combination of what may surround its name", () => {
    const spelling = fc.record({
      modelId: fc.constantFrom(...listPrices().map((price) => price.modelId)),
      path: fc.constantFrom("", "anthropic/", "bedrock/", "arn:aws:bedrock:us-east-1:1:x/", "a/b/"),
      region: fc.constantFrom("", "global.", "us.", "eu.", "apac."),
      vendor: fc.constantFrom("", "anthropic."),
      version: fc.constantFrom("", "-v1", "-v1:0", "@20260101", "-20260101", "@default"),
      suffixes: fc.subarray(["-fast", ":batch"]),
      context: fc.constantFrom("", "[1m]"),
      hasDots: fc.boolean(),
    });
    fc.assert(
      fc.property(spelling, ({ modelId, path, region, vendor, version, suffixes, ...rest }) => {
        const name = rest.hasDots ? modelId.replace(/(\d)-(\d)/, "$1.$2") : modelId;
        const text = [path, region, vendor, name, version, ...suffixes, rest.context].join("");

        expect(normaliseModelId(text)).toMatchObject({
          modelId,
          isKnown: true,
          regionPrefix: region === "" ? undefined : region.slice(0, -1),
          isFast: suffixes.includes("-fast"),
          isBatch: suffixes.includes(":batch"),
        });
      }),
    );
  });
});
