/** What `top` asks for, and what it answers. Pure. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Usd } from "../../../domain/money.ts";
import type { ReportPeriod } from "../../../domain/report-period.ts";
import type { Dimension, QuestionRefusal, Rest } from "../rules.ts";
import { dimensionOf } from "./words.ts";

/** The dimension that the first word names, if it does, and what follows: a scope and a period. */
export function parseTop(text: string): {
  readonly dimension: Dimension | undefined;
  readonly rest: string;
} {
  const trimmed = text.trim();
  const [first = ""] = trimmed.split(/\s/, 1);
  const dimension = dimensionOf(first);
  return {
    dimension,
    rest: dimension === undefined ? trimmed : trimmed.slice(first.length).trim(),
  };
}

/** A phone shows about as many lines at once. */
export const TOP_SHOWN_MAX = 10;

export interface TopList {
  /** How people call the scope. */
  readonly name: string;
  readonly dimension: Dimension;
  readonly period: ReportPeriod;
  readonly rows: readonly {
    readonly key: string | null;
    readonly cost: Usd;
    /** Undefined: nothing; or not looked up, beyond the costliest `TOP_SHOWN_MAX`. */
    readonly previousCost: Usd | undefined;
  }[];
  /** What is in none of the rows; absent: nothing. */
  readonly rest?: Rest;
  readonly total: Usd;
  readonly basis?: FigureBasis;
}

export type TopResult =
  | { readonly kind: "top"; readonly top: TopList }
  | { readonly kind: "people-are-private"; readonly name: string; readonly typed: string }
  | QuestionRefusal;
