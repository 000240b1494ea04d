/**
 * One name for one model. The Claude API, Bedrock, Vertex, Foundry, OpenRouter, Vercel, LiteLLM and
 * Claude Code spell the same model differently, and some put region, batch or speed into its name.
 */
import { findModel, type PriceList, PUBLISHED_PRICES } from "./price-list.ts";

export interface NormalisedModel {
  /** The name in the price list; for a model that is not there, what is left of the given name. */
  readonly modelId: string;
  /** Whether the price list has it. */
  readonly isKnown: boolean;
  /** Bedrock's inference profile: `us`, `eu`, …; `global` has no premium. */
  readonly regionPrefix: string | undefined;
  readonly isBatch: boolean;
  readonly isFast: boolean;
  /** The cloud that the spelling gives away; the same model may come without a hint. */
  readonly cloud: "bedrock" | "vertex" | undefined;
}

/** For a name that is empty once everything around it is taken away. */
const NAMELESS_MODEL = "unknown-model";

/** Any prefix counts as a region before `anthropic.`, where clouds add new ones without notice. */
const REGION_PREFIX = /^(?:(global|us|eu|au|jp|in|apac)\.|([a-z][a-z-]*)\.(?=anthropic\.))/;
const WAY_OF_CALLING = /(?::batch|-batch|-fast)$/;

/** What each list makes of the spellings it was asked for: a sender uses few, in every event. */
const remembered = new WeakMap<PriceList, Map<string, NormalisedModel>>();
/** Spellings remembered before starting anew: bounded, whatever names a source invents. */
const REMEMBERED_MAX = 1_000;

/** Reads any spelling of a model. Never fails: a name nobody knows is an unknown model. */
export function normaliseModelId(
  text: string,
  prices: PriceList = PUBLISHED_PRICES,
): NormalisedModel {
  let models = remembered.get(prices);
  if (models === undefined || models.size >= REMEMBERED_MAX) {
    models = new Map();
    remembered.set(prices, models);
  }
  const known = models.get(text);
  if (known !== undefined) return known;
  const model = readModelId(text, prices);
  models.set(text, model);
  return model;
}

function readModelId(text: string, prices: PriceList): NormalisedModel {
  const whole = text.trim().toLowerCase().replace("[1m]", "");
  const name = whole.slice(whole.lastIndexOf("/") + 1).replace(/^~/, "");

  const region = REGION_PREFIX.exec(name);
  const vendorName = name.slice(region?.[0].length ?? 0);
  const { rest, suffixes } = splitWayOfCalling(vendorName.replace(/^anthropic\./, ""));

  const plain = rest
    .replace(/-v\d+(?::\d+)?$/, "")
    .replace(/@default$/, "")
    .replace(/@(\d{8})$/, "-$1")
    .replace(/^claude-.*/, dotsBetweenDigitsToDashes);
  const model = findModel(prices, plain);
  return {
    modelId: model?.modelId ?? (plain === "" ? NAMELESS_MODEL : plain),
    isKnown: model !== undefined,
    regionPrefix: region?.[1] ?? region?.[2],
    isBatch: suffixes.includes("batch"),
    isFast: suffixes.includes("fast"),
    cloud: region === null ? cloudOf(whole, vendorName) : "bedrock",
  };
}

/** "claude-opus-5.5-fast" → "claude-opus-5.5" and "fast". */
function splitWayOfCalling(name: string): {
  readonly rest: string;
  readonly suffixes: readonly string[];
} {
  const suffix = WAY_OF_CALLING.exec(name)?.[0];
  if (suffix === undefined) return { rest: name, suffixes: [] };
  const shorter = splitWayOfCalling(name.slice(0, -suffix.length));
  return { rest: shorter.rest, suffixes: [...shorter.suffixes, suffix.slice(1)] };
}

function dotsBetweenDigitsToDashes(name: string): string {
  return name.replace(/(\d)\.(?=\d)/g, "$1-");
}

function cloudOf(whole: string, vendorName: string): NormalisedModel["cloud"] {
  if (vendorName.startsWith("anthropic.") || /^(?:bedrock\/|arn:aws[a-z-]*:bedrock:)/.test(whole)) {
    return "bedrock";
  }
  return whole.startsWith("vertex_ai/") || whole.includes("@") ? "vertex" : undefined;
}
