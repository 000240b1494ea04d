/**
 * An alert as every feature that finds one says it: a fact with plain words and exact numbers. What
 * becomes of it (who hears it, when, in which message) is the feature alerts.
 */
import type { FigureBasis } from "./basis.ts";
import type { Usd } from "./money.ts";
import type { Scope } from "./scope.ts";
import type { Period } from "./time.ts";

export const ALERT_KINDS = [
  "threshold",
  "forecast",
  "pace",
  "spike",
  "loop",
  "duplicates",
  "unknown_model",
  "silence",
  "reset",
  "recovery",
  "drift",
  "delivery",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Kinds of alerts as people choose among them. */
export const ALERT_TOPICS = ["budgets", "forecasts", "unusual"] as const;
export type AlertTopic = (typeof ALERT_TOPICS)[number];

export type AlertSeverity = "info" | "warning" | "critical";

/** A piece of a sentence; `strong` stands out. Plain text: it is escaped where it is shown. */
export type AlertWords = string | { readonly strong: string };

/** What spend is broken down by. */
export type AlertDriverKind = "team" | "project" | "user" | "model" | "api_key" | "session";

/** What people call spend that none of them stands for. */
export const NO_DRIVER: Readonly<Record<AlertDriverKind, string>> = {
  team: "no team",
  project: "no project",
  user: "no person",
  model: "no model",
  api_key: "no key",
  session: "no session",
};

export interface AlertDriver {
  readonly name: string;
  readonly cost: Usd;
  /** What is normal for it, where that is known. */
  readonly normal?: Usd;
}

/** What people read of an alert, frozen when it is found: no number of it is ever looked up again. */
export interface AlertContent {
  /** One sentence: who, what, how much. */
  readonly happened: readonly AlertWords[];
  /** The same in a few words, for lists: "80%: $431.20 of $500.00". */
  readonly brief: string;
  /** Draws a bar. */
  readonly percent?: number;
  /** What follows if nobody does anything. */
  readonly follows?: string;
  /** Who or what it comes from, the largest part first. Only what everybody who reads it may see. */
  readonly drivers?: { readonly by: AlertDriverKind; readonly top: readonly AlertDriver[] };
  /** Further lines, for example what was repeated. */
  readonly details?: readonly string[];
  /** What its numbers rest on, and as of when. */
  readonly basis?: FigureBasis;
  /** Value of the button Request raise; absent: more budget would not help. */
  readonly raise?: string;
}

export interface AlertFact {
  readonly kind: AlertKind;
  /** Unique for ever: the same fact is never stored, and so never said, twice. */
  readonly factKey: string;
  /** The one living message that several facts share: a budget's period, a spike's episode. */
  readonly threadKey: string;
  /** Whose spend it is about: decides who hears of it, and who may act on it. */
  readonly scope: Scope;
  readonly severity: AlertSeverity;
  /** No message about a period that is over. */
  readonly period?: Period;
  readonly budget?: {
    readonly budgetId: string;
    readonly memberKey: string;
    readonly thresholdPercent?: number;
    readonly limit: Usd;
    readonly spend: Usd;
  };
  readonly content: AlertContent;
  /** How much more than normal this is about: planned events mute it up to what they expect. */
  readonly excess?: Usd;
  /** Stored, but not announced: 'higher-threshold', 'limit-changed', … */
  readonly silentBecause?: string;
}
