/**
 * What Anthropic charges in the stand-in: its published list, written down a second time and from
 * the publication, so that a slip in the program's own list shows as a difference.
 */
import { type Instant, instant } from "../../domain/time.ts";

export const TOKEN_KINDS = [
  "uncached_input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation.ephemeral_5m_input_tokens",
  "cache_creation.ephemeral_1h_input_tokens",
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
export type Tokens = Readonly<Record<TokenKind, number>>;

/** Dollars per million tokens: input, cache write 5m, cache write 1h, cache read, output. */
type Rates = readonly [input: string, write5m: string, write1h: string, read: string, out: string];

interface ListPrice {
  readonly model: RegExp;
  readonly rates: Rates;
  readonly fast?: Rates;
  readonly from?: string;
  readonly abovePromptTokens?: number;
}

/** The first that fits counts: within a model the newest and the largest tier stand first. */
const LIST: readonly ListPrice[] = [
  {
    model: /^claude-(?:fable|mythos)-5-2$/,
    rates: ["8", "10", "16", "0.20", "40"],
    fast: ["16", "20", "32", "0.40", "80"],
  },
  { model: /^claude-(?:fable|mythos)-5-1$/, rates: ["10", "12.5", "20", "0.25", "50"] },
  { model: /^claude-(?:fable|mythos)-5$/, rates: ["10", "12.5", "20", "1", "50"] },
  {
    model: /^claude-opus-5-5$/,
    rates: ["4", "5", "8", "0.20", "20"],
    fast: ["8", "10", "16", "0.40", "40"],
  },
  {
    model: /^claude-opus-(?:5|4-8)$/,
    rates: ["5", "6.25", "10", "0.5", "25"],
    fast: ["10", "12.5", "20", "1", "50"],
  },
  { model: /^claude-opus-4-[567]/, rates: ["5", "6.25", "10", "0.5", "25"] },
  { model: /^claude-sonnet-5-5$/, from: "2026-10-07", rates: ["2", "2.5", "4", "0.10", "10"] },
  { model: /^claude-sonnet-5/, rates: ["2", "2.5", "4", "0.20", "10"] },
  { model: /^claude-sonnet-4/, rates: ["3", "3.75", "6", "0.30", "15"] },
  {
    model: /^claude-haiku-5-5$/,
    abovePromptTokens: 100_000,
    rates: ["0.50", "0.625", "1", "0.05", "2.5"],
  },
  { model: /^claude-haiku-5-5$/, rates: ["0.10", "0.125", "0.20", "0.01", "0.50"] },
  { model: /^claude-haiku-4-5/, rates: ["1", "1.25", "2", "0.10", "5"] },
];
/** Nothing that the list does not know is free. */
const UNKNOWN: Rates = ["5", "6.25", "10", "0.5", "25"];
export const PICO_PER_CENT = 10_000_000_000n;
/** $10 for a thousand. */
export const WEB_SEARCH_PICO = 10_000_000_000n;
/** Models that cost a tenth more where inference stays in the United States. */
const WITH_RESIDENCY = /^claude-(?:fable|mythos|opus-(?:5|4-[678])|sonnet-(?:5|4-6)|haiku-5)/;

/** Whole pico-dollars for each kind of token of one request. */
export function priceTokens(request: {
  readonly model: string;
  readonly occurredAt: Instant;
  readonly tokens: Tokens;
  readonly serviceTier: string;
  readonly inferenceGeo: string | null;
  readonly speed: string;
}): Readonly<Record<TokenKind, bigint>> {
  const { model, tokens, speed } = request;
  const prompt =
    tokens.uncached_input_tokens +
    tokens.cache_read_input_tokens +
    tokens["cache_creation.ephemeral_5m_input_tokens"] +
    tokens["cache_creation.ephemeral_1h_input_tokens"];
  const price = LIST.find(
    (listed) =>
      listed.model.test(model) &&
      (listed.from === undefined || request.occurredAt >= instant(`${listed.from}T00:00:00Z`)) &&
      prompt > (listed.abovePromptTokens ?? -1),
  );
  const fast = speed === "fast" ? price?.fast : undefined;
  const [input, write5m, write1h, read, out] = fast ?? price?.rates ?? UNKNOWN;
  const isBatch = fast === undefined && request.serviceTier === "batch";
  const isResident = request.inferenceGeo === "us" && WITH_RESIDENCY.test(model);
  const cost = (rate: string, kind: TokenKind): bigint =>
    (BigInt(tokens[kind]) * picoPerToken(rate) * (isResident ? 11n : 10n)) / (isBatch ? 20n : 10n);
  return {
    uncached_input_tokens: cost(input, "uncached_input_tokens"),
    output_tokens: cost(out, "output_tokens"),
    cache_read_input_tokens: cost(read, "cache_read_input_tokens"),
    "cache_creation.ephemeral_5m_input_tokens": cost(
      write5m,
      "cache_creation.ephemeral_5m_input_tokens",
    ),
    "cache_creation.ephemeral_1h_input_tokens": cost(
      write1h,
      "cache_creation.ephemeral_1h_input_tokens",
    ),
  };
}

/** "0.10" dollars per million tokens → 100,000 pico-dollars per token. */
function picoPerToken(rate: string): bigint {
  const [whole = "", fraction = ""] = rate.split(".");
  return BigInt(whole + fraction.padEnd(6, "0"));
}

/** Pico-dollars as Anthropic writes money in reports: fractional cents, "123.78912". */
export function centsText(pico: bigint): string {
  const magnitude = pico < 0n ? -pico : pico;
  const fraction = String(magnitude % PICO_PER_CENT)
    .padStart(10, "0")
    .replace(/0+$/, "");
  const whole = `${pico < 0n ? "-" : ""}${String(magnitude / PICO_PER_CENT)}`;
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
