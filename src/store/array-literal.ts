/**
 * Arrays as Postgres reads them. The driver makes the same from an array of values, looking at each
 * one more than once: that took a sixth of the time of a batch of usage.
 */
import type { Usd } from "../domain/money.ts";
import type { Instant } from "../domain/time.ts";

/** A value that has one spelling in an array. */
export type Cell = string | number | boolean | null;

/** A column of rows as the text of an array, to be cast in the statement: `$1::text[]`. */
export function arrayColumn<Row>(rows: readonly Row[], read: (row: Row) => Cell): string {
  const cells: Cell[] = [];
  for (const row of rows) cells.push(read(row));
  // Native, and an array of Postgres but for its brackets, unless something is escaped in a way
  // that only JSON knows. `null` is Postgres' NULL in any case of letters.
  const json = JSON.stringify(cells);
  if (json.includes("\\") && ONLY_JSON.test(json)) return `{${cells.map(element).join(",")}}`;
  return `{${json.slice(1, -1)}}`;
}

/**
 * The same of what is mostly absent. Where no row has it, the array is empty: `unnest` fills it up with
 * nulls beside the longer columns, of which there must be one.
 */
export function optionalColumn<Row>(rows: readonly Row[], read: (row: Row) => Cell): string {
  return rows.every((row) => read(row) === null) ? "{}" : arrayColumn(rows, read);
}

/** A column of points in time. Rows that follow each other often have the same one: it is told once. */
export function timesColumn<Row>(
  rows: readonly Row[],
  read: (row: Row) => Instant | undefined,
): string {
  let lastMs: number | undefined;
  let last: string | null = null;
  return arrayColumn(rows, (row) => {
    const at = read(row);
    if (at === undefined) return null;
    const ms = at.getTime();
    if (ms !== lastMs) {
      lastMs = ms;
      last = at.toISOString();
    }
    return last;
  });
}

/** A backslash before anything but a quote or a backslash; finds a few too many, which does no harm. */
const ONLY_JSON = /\\[^"\\]/;
const EVERY_SPECIAL = /["\\]/g;

function element(value: Cell): string {
  if (value === null) return "NULL";
  if (typeof value !== "string") return String(value);
  // Quoted, nothing but these two has a meaning; unquoted, even the text NULL would.
  return `"${value.replace(EVERY_SPECIAL, "\\$&")}"`;
}

/** An amount as Postgres reads it into a numeric: exact like `usdToDecimal`, for no one to read. */
export function numericCell(amount: Usd): string {
  return `${String(amount)}e-12`;
}
