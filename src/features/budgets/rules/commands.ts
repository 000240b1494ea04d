/**
 * What people type after `/claude-spend budget set` and `/claude-spend raise`, taken apart. What a
 * name or date means is decided later, by whoever knows the organization and the time. Pure.
 */

import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { type AmountRefusal, parseAmount } from "../../../domain/money-text.ts";
import type { PeriodKind } from "../../../domain/time.ts";
import { countUntilWords } from "../../../domain/until.ts";
import { parseRaiseAmount, type RaiseAmount, type RaiseAmountRefusal } from "./raise-amount.ts";

export type SetCommand =
  | {
      readonly kind: "set";
      readonly scopeText: string;
      readonly amount: Usd;
      readonly periodKind: PeriodKind;
      /** All from the amount on, as it was typed. */
      readonly restText: string;
    }
  | { readonly kind: "refused"; readonly reason: "usage" | "period" }
  | { readonly kind: "refused"; readonly reason: "amount"; readonly amount: AmountRefusal };

/**
 * One way to read the words before an amount. Only who knows the organization can tell which one
 * is meant: the first whose scope exists.
 */
export interface ScopeReading {
  readonly scopeText: string;
  /** Which of the scope's budgets is meant. */
  readonly periodKind: PeriodKind | undefined;
  /** Words after the scope that mean nothing there; empty when everything was understood. */
  readonly unexpected: string;
}

export type RaiseCommand =
  | {
      readonly kind: "raise";
      readonly readings: readonly ScopeReading[];
      readonly amount: RaiseAmount;
      /** As it was typed, and everything from it on. */
      readonly amountText: string;
      readonly restText: string;
      readonly untilText: string | undefined;
      /** Somebody else whom it is for. */
      readonly beneficiary: Email | undefined;
      readonly reason: string;
    }
  /** Something is missing: the modal asks for it. */
  | {
      readonly kind: "incomplete";
      /** None: no scope was named. */
      readonly readings: readonly ScopeReading[];
      readonly untilText: string | undefined;
      readonly reason: string;
    }
  | { readonly kind: "refused"; readonly amount: RaiseAmountRefusal };

/** How people call a period. */
export const PERIOD_WORDS: Readonly<Record<string, PeriodKind>> = {
  daily: "daily",
  day: "daily",
  weekly: "weekly",
  week: "weekly",
  monthly: "monthly",
  month: "monthly",
  quarterly: "quarterly",
  quarter: "quarterly",
  yearly: "yearly",
  year: "yearly",
  annually: "yearly",
};

/** A word that is meant as an amount, right or wrong: `200`, `$2OO`, `-5`, `€20`, `1e9`. */
const AMOUNT_WORD = /^(?:[-+−]?(?:US)?\p{Sc}|[-+−]?\.?\d)/iu;
/** A word that may stand beside a number: `USD 200`, `200 EUR`, `200 dollars`. */
const CURRENCY_WORD =
  /^(?:usd|us\$|eur|euros?|gbp|chf|jpy|cad|aud|inr|pounds?|yen|dollars?|\p{Sc})$/iu;

/** `SCOPE AMOUNT PERIOD`, for example `search 500 monthly` or `Search Team $1.5k per month`. */
export function parseSetCommand(text: string): SetCommand {
  const words = wordsOf(text);
  const found = findAmount(words);
  if (found === undefined) return { kind: "refused", reason: "usage" };
  const scopeText = scopeOf(words.slice(0, found.from), ["to"]);
  if (scopeText === "") return { kind: "refused", reason: "usage" };
  const parsed = parseAmount(found.text);
  if (parsed.kind === "refused") {
    return { kind: "refused", reason: "amount", amount: parsed.reason };
  }
  const last = words
    .slice(found.to)
    .filter((word) => !/^(?:per|a|an|each|every)$/i.test(word))
    .map((word) => word.toLowerCase());
  const periodKind = last.length === 1 ? PERIOD_WORDS[last[0] ?? ""] : undefined;
  if (periodKind === undefined) return { kind: "refused", reason: "period" };
  const restText = words.slice(found.from).join(" ");
  return { kind: "set", scopeText, amount: parsed.amount, periodKind, restText };
}

/** `SCOPE [PERIOD] [AMOUNT] [until DATE] [for PERSON] [reason…]`. The scope may be several words. */
export function parseRaiseCommand(text: string): RaiseCommand {
  const words = wordsOf(text);
  const found = findAmount(words);
  const until = words.findIndex((word, at) => at > 0 && word.toLowerCase() === "until");
  // "search until dec 5": the number belongs to the date.
  if (found === undefined || (until !== -1 && until < found.from)) return incomplete(words, until);

  const parsed = parseRaiseAmount(found.text);
  if (parsed.kind === "refused") return { kind: "refused", amount: parsed.reason };
  const readings = scopeReadings(scopeOf(words.slice(0, found.from), ["by"]));
  const first = splitFor(words.slice(found.to));
  const { untilText, reason } = splitUntil(first.rest);
  const second = first.person === undefined ? splitFor(wordsOf(reason)) : undefined;
  return {
    kind: "raise",
    readings,
    amount: parsed,
    amountText: found.text,
    restText: words.slice(found.from).join(" "),
    untilText,
    beneficiary: first.person ?? second?.person,
    reason: second?.person === undefined ? reason : second.rest.join(" "),
  };
}

/** "for bo@acme.test …": only an address names a person; "for launch week" is a reason. */
function splitFor(words: readonly string[]): {
  readonly person: Email | undefined;
  readonly rest: readonly string[];
} {
  const person = words[0]?.toLowerCase() === "for" ? parseEmail(words[1] ?? "") : undefined;
  return person === undefined ? { person, rest: words } : { person, rest: words.slice(2) };
}

function incomplete(words: readonly string[], until: number): RaiseCommand {
  const named = until === -1 ? words : words.slice(0, until);
  const { untilText, reason } = until === -1 ? NOTHING_ELSE : splitUntil(words.slice(until));
  return { kind: "incomplete", readings: scopeReadings(named.join(" ")), untilText, reason };
}

const NOTHING_ELSE = { untilText: undefined, reason: "" };

/** `SCOPE [PERIOD]`: all of it a name, a name and a period, or a name and something else. */
export function scopeReadings(text: string): ScopeReading[] {
  const words = wordsOf(text);
  const [first = "", ...others] = words;
  if (words.length === 0) return [];
  const readings: ScopeReading[] = [reading(words)];
  if (others.length === 0) return readings;
  const periodKind = PERIOD_WORDS[words.at(-1)?.toLowerCase() ?? ""];
  if (periodKind !== undefined) readings.push({ ...reading(words.slice(0, -1)), periodKind });
  if (periodKind === undefined || others.length > 1) {
    readings.push({ ...reading([first]), unexpected: others.join(" ") });
  }
  return readings;
}

function reading(words: readonly string[]): ScopeReading {
  return { scopeText: words.join(" "), periodKind: undefined, unexpected: "" };
}

function splitUntil(words: readonly string[]): {
  readonly untilText: string | undefined;
  readonly reason: string;
} {
  if (words[0]?.toLowerCase() !== "until") {
    return { untilText: undefined, reason: words.join(" ") };
  }
  const rest = words.slice(1);
  const count = countUntilWords(rest);
  return { untilText: rest.slice(0, count).join(" "), reason: rest.slice(count).join(" ") };
}

/** The first word is always part of the scope: a team may be called "3d". */
function findAmount(
  words: readonly string[],
): { readonly text: string; readonly from: number; readonly to: number } | undefined {
  const at = words.findIndex((word, index) => index > 0 && AMOUNT_WORD.test(word));
  if (at === -1) return undefined;
  const before = words[at - 1] ?? "";
  const from = at > 1 && CURRENCY_WORD.test(before) ? at - 1 : at;
  const isSignAlone = /^[-+−]?(?:US)?\p{Sc}$/iu.test(words[at] ?? "");
  const next = words[at + 1] ?? "";
  const to = at + (isSignAlone || next === "%" || CURRENCY_WORD.test(next) ? 2 : 1);
  return { text: words.slice(from, to).join(" "), from, to };
}

/** The words of a scope without the small word that people put before an amount. */
function scopeOf(words: readonly string[], fillers: readonly string[]): string {
  const last = words.at(-1)?.toLowerCase() ?? "";
  return (words.length > 1 && fillers.includes(last) ? words.slice(0, -1) : words).join(" ");
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
