/**
 * The form in which published prices are written down. Every price stands as the vendor prints it,
 * in dollars per million tokens; nothing is derived from anything else, because the old habits
 * ("a cache read is a tenth of the input") stopped holding with the newest models.
 */
import type { TokenType } from "../../../../domain/usage.ts";

/** Decimal dollars per million tokens. */
export type PublishedRates = Readonly<Record<TokenType, string>>;

export interface PublishedTier {
  /** The tier is for prompts of more tokens than this; it then prices the whole request. */
  readonly abovePromptTokens: number;
  readonly rates: PublishedRates;
}

/** What `speed: "fast"` costs: rates of its own, or the same as standard. */
export type PublishedFastMode =
  | { readonly kind: "rates"; readonly rates: PublishedRates; readonly until?: string }
  | { readonly kind: "billed-as-standard" };

export interface PublishedPrice {
  /** First day in UTC; absent when the list does not know when the price began. */
  readonly from?: string;
  /** First day in UTC on which the price no longer holds. */
  readonly until?: string;
  /** Ascending; the first tier starts at 0. */
  readonly tiers: readonly [PublishedTier, ...PublishedTier[]];
  /** Absent: the model has no fast mode. */
  readonly fast?: PublishedFastMode;
  /** Where the numbers come from and what about them is uncertain. */
  readonly source: string;
}

/**
 * Which kinds of data residency cost extra: none before the 4.5 models, regional endpoints of
 * Bedrock and Vertex from 4.5 on, and from 4.6 on also `inference_geo: "us"`.
 */
export type ResidencyPremium = "none" | "cloud-regions" | "everywhere";

export interface PublishedModel {
  /** Without snapshot date, so that all snapshots of a model are one line in a report. */
  readonly modelId: string;
  /** Other names of the model. A name that only appends a date needs no entry. */
  readonly aliases?: readonly string[];
  readonly residencyPremium: ResidencyPremium;
  /** In order of time, each beginning where the one before ends. */
  readonly prices: readonly [PublishedPrice, ...PublishedPrice[]];
}

/** The usual case: one price for prompts of any size. */
export function forAnyPrompt(rates: PublishedRates): readonly [PublishedTier] {
  return [{ abovePromptTokens: 0, rates }];
}

export const PRICING_PAGE = "platform.claude.com/docs/en/about-claude/pricing, 2026-08-22";
export const NOVEMBER_LISTS =
  "models.dev lists of 2026-11-10 (Claude API, Bedrock, OpenRouter and Vercel agree)";
