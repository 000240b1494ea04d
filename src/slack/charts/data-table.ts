/** Slack's native data tables, within its limits for any input. Pure; see `chart.ts`. */
import type { DataTableBlock, TableCell } from "../block-types.ts";
import { NO_TEXT, oneLine } from "../text.ts";

const COLUMNS_MAX = 20;
/** Below the header; the older `table`, to which one may degrade, takes a row less than this. */
const ROWS_MAX = 99;
const CELL_CHARS_MAX = 100;
const CAPTION_CHARS_MAX = 150;
/** Slack's 10,000 for one table are nearly all that a message may have. */
const TABLE_CHARS_MAX = 5_000;
const PAGE_ROWS = 10;
const PAGE_ROWS_MAX = 100;

export interface DataTableOptions {
  /** What the table is about; read aloud before it. */
  readonly caption: string;
  /** `align: "right"` for amounts: their cells are sorted as numbers where they are such. */
  readonly columns: readonly { readonly name: string; readonly align?: "left" | "right" }[];
  readonly rows: readonly (readonly string[])[];
  /** How many rows there would be if all were given; those that are, unless told. */
  readonly rowCount?: number;
  /** Rows shown at once; ten unless told. */
  readonly pageSize?: number;
}

/** A table for a message (never a modal or Home), one a message. Its first column names the row. */
export function dataTable(options: DataTableOptions): DataTableBlock {
  const columns = (options.columns.length === 0 ? [{ name: NO_TEXT }] : options.columns).slice(
    0,
    COLUMNS_MAX,
  );
  const head: readonly TableCell[] = columns.map(({ name }) => rawText(name));
  const given = options.rows.length === 0 ? [[]] : options.rows;
  const rows: (readonly TableCell[])[] = [];
  let chars = lengthOf(head);
  for (const cells of given.slice(0, ROWS_MAX)) {
    const row = columns.map(({ align }, index) => cellFrom(cells[index] ?? "", align));
    chars += lengthOf(row);
    if (rows.length > 0 && chars > TABLE_CHARS_MAX) break;
    rows.push(row);
  }
  const count = Math.max(given.length, options.rowCount ?? 0);
  const ending =
    count === rows.length
      ? ""
      : ` (first ${String(rows.length)} of ${count.toLocaleString("en-US")})`;
  return {
    type: "data_table",
    caption: oneLine(options.caption, CAPTION_CHARS_MAX - ending.length) + ending,
    rows: [head, ...rows],
    page_size: Math.max(1, Math.min(PAGE_ROWS_MAX, Math.trunc(options.pageSize ?? PAGE_ROWS) || 1)),
    row_header_column_index: 0,
  };
}

function lengthOf(cells: readonly TableCell[]): number {
  return cells.reduce((chars, { text }) => chars + text.length, 0);
}

function rawText(text: string) {
  return { type: "raw_text", text: oneLine(text, CELL_CHARS_MAX) } as const;
}

function cellFrom(text: string, align: "left" | "right" | undefined): TableCell {
  const cell = rawText(text);
  const value = align === "right" ? amountIn(cell.text) : undefined;
  return value === undefined ? cell : { type: "raw_number", value, text: cell.text };
}

const AMOUNT = /^[<>≈~]?\s?([-−+]?)[$€£]?\s?(\d[\d,]*(?:\.\d+)?)\s?([kKMBT]?)\s?%?$/u;
const SCALE: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, t: 1e12 };

/** "$1,234.56", "−$3", "12.5 %", "$1.2k" as the number by which to sort; else undefined. */
function amountIn(text: string): number | undefined {
  const match = AMOUNT.exec(text);
  if (match === null) return undefined;
  const [, sign = "", digits = "", scale = ""] = match;
  const value = Number(digits.replaceAll(",", "")) * (SCALE[scale.toLowerCase()] ?? 1);
  return sign === "-" || sign === "−" ? 0 - value : value;
}
