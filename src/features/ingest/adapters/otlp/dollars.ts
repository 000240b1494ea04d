/** Dollars in telemetry: mostly floats, some of them as text with an exponent. */
import { parseUsd } from "../../../../domain/money.ts";
import type { UsageEvent } from "../../../../domain/usage.ts";
import { parseReportedCost } from "../../field-limits.ts";

const FLOAT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i;

/** Undefined when absent; a text as the result says what is wrong with `field`. */
export function parseDollars(value: unknown, field: string): UsageEvent["reportedCost"] | string {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") {
    return parseReportedCost(typeof value === "number" ? value : Number.NaN, field);
  }
  const isFloat = parseUsd(value) === undefined && FLOAT.test(value);
  return parseReportedCost(isFloat ? Number(value) : value, field);
}
