/** Rows as CSV that is safe to open in a spreadsheet. */
import { stringify } from "csv-stringify/sync";

/**
 * Rows as CSV. A cell of text never begins like a formula, since a spreadsheet would run it; amounts
 * are left as they are, minus signs too.
 */
export function csvOf(
  rows: readonly Readonly<Record<string, string | null>>[],
  shape: {
    readonly columns: readonly string[];
    readonly decimals: ReadonlySet<string>;
    readonly header: boolean;
  },
): string {
  return stringify([...rows], {
    header: shape.header,
    columns: [...shape.columns],
    escape_formulas: true,
    cast: {
      string: (value, { column }) =>
        column !== undefined && shape.decimals.has(String(column))
          ? { value, escape_formulas: false }
          : value,
    },
  });
}
