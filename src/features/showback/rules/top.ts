/** What `top` asks for, and what it answers. Pure. */
import type { Usd } from "../../../domain/money.ts";
import type { GroupKey, QuestionRefusal, ReportPeriod } from "../rules.ts";

export type TopDimension = Extract<GroupKey, "user" | "project" | "model" | "api_key" | "team">;

const DIMENSION_OF_WORD: ReadonlyMap<string, TopDimension> = new Map([
  ["users", "user"],
  ["user", "user"],
  ["people", "user"],
  ["projects", "project"],
  ["project", "project"],
  ["models", "model"],
  ["model", "model"],
  ["keys", "api_key"],
  ["key", "api_key"],
  ["teams", "team"],
]);

/** The dimension that the first word names, if it does, and what follows: a scope and a period. */
export function parseTop(text: string): {
  readonly dimension: TopDimension | undefined;
  readonly rest: string;
} {
  const trimmed = text.trim();
  const [first = ""] = trimmed.split(/\s/, 1);
  const dimension = DIMENSION_OF_WORD.get(first.toLowerCase());
  return {
    dimension,
    rest: dimension === undefined ? trimmed : trimmed.slice(first.length).trim(),
  };
}

export interface TopList {
  /** How people call the scope. */
  readonly name: string;
  readonly dimension: TopDimension;
  readonly period: ReportPeriod;
  readonly rows: readonly {
    readonly key: string | null;
    readonly cost: Usd;
    readonly previousCost: Usd | undefined;
  }[];
  readonly total: Usd;
}

export type TopResult =
  | { readonly kind: "top"; readonly top: TopList }
  | { readonly kind: "people-are-private"; readonly name: string }
  | QuestionRefusal;
