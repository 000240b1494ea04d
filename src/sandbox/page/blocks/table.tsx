/** The two table blocks: `table` as it stands, `data_table` with sorting and pages. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Json, number, record, records, string } from "../text/json.ts";
import { RichText } from "./rich-text.tsx";

type Row = readonly Json[];

function rowsOf(block: Json): readonly Row[] {
  return Array.isArray(block["rows"]) ? block["rows"].map(records) : [];
}

function Cell({ cell }: { readonly cell: Json }): VNode {
  if (cell["type"] === "rich_text") return <RichText block={cell} />;
  return <>{wordsOf(cell)}</>;
}

function wordsOf(cell: Json): string {
  if (cell["type"] !== "raw_number") return string(cell["text"]);
  return string(cell["text"]) === ""
    ? (number(cell["value"]) ?? 0).toLocaleString("en-US")
    : string(cell["text"]);
}

export function PlainTable({ block }: { readonly block: Json }): VNode {
  const [head = [], ...body] = rowsOf(block);
  const settings = records(block["column_settings"]);
  const alignOf = (column: number): string => {
    const align = string(settings[column]?.["align"]);
    return `align-${align === "" ? "left" : align} ${settings[column]?.["is_wrapped"] === true ? "is-wrapped" : ""}`;
  };
  return (
    <div class="table-frame">
      <table class="table">
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th scope="col" class={alignOf(column)}>
                <Cell cell={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>
              {row.map((cell, column) => (
                <td class={alignOf(column)}>
                  <Cell cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Sorting {
  readonly column: number;
  readonly isDescending: boolean;
}

const PAGE_ROWS = 5;

export function DataTable({ block }: { readonly block: Json }): VNode {
  const [sorting, setSorting] = useState<Sorting>();
  const [page, setPage] = useState(0);
  const [head = [], ...body] = rowsOf(block);
  const rows = sorting === undefined ? body : sorted(body, sorting);
  const size = number(block["page_size"]) ?? PAGE_ROWS;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const at = Math.min(page, pages - 1);
  const rowHeader = number(block["row_header_column_index"]) ?? 0;
  const isNumeric = head.map(
    (_, column) => body.length > 0 && body.every((row) => isNumber(row[column])),
  );
  const align = (column: number): string =>
    isNumeric[column] === true ? "align-right" : "align-left";
  return (
    <div class="data-table">
      <div class="data-table-caption">{string(block["caption"])}</div>
      <div class="table-frame">
        <table class="table" aria-label={string(block["caption"])}>
          <thead>
            <tr>
              {head.map((cell, column) => (
                <th scope="col" class={align(column)} aria-sort={ariaSort(sorting, column)}>
                  <button type="button" onClick={() => setSorting(nextSorting(sorting, column))}>
                    <Cell cell={cell} /> <span aria-hidden="true">{arrow(sorting, column)}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(at * size, (at + 1) * size).map((row) => (
              <tr>
                {row.map((cell, column) =>
                  column === rowHeader ? (
                    <th scope="row" class={align(column)}>
                      <Cell cell={cell} />
                    </th>
                  ) : (
                    <td class={align(column)}>
                      <Cell cell={cell} />
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div class="data-table-pages">
          <span>
            {at * size + 1}–{Math.min(rows.length, (at + 1) * size)} of {rows.length}
          </span>
          <button
            type="button"
            aria-label="Previous page"
            disabled={at === 0}
            onClick={() => setPage(at - 1)}
          >
            ‹
          </button>
          <button
            type="button"
            aria-label="Next page"
            disabled={at === pages - 1}
            onClick={() => setPage(at + 1)}
          >
            ›
          </button>
        </div>
      )}
    </div>
  );
}

function nextSorting(sorting: Sorting | undefined, column: number): Sorting | undefined {
  if (sorting?.column !== column) return { column, isDescending: false };
  return sorting.isDescending ? undefined : { column, isDescending: true };
}

function ariaSort(
  sorting: Sorting | undefined,
  column: number,
): "none" | "ascending" | "descending" {
  if (sorting?.column !== column) return "none";
  return sorting.isDescending ? "descending" : "ascending";
}

function arrow(sorting: Sorting | undefined, column: number): string {
  if (sorting?.column !== column) return "";
  return sorting.isDescending ? "↓" : "↑";
}

function sorted(rows: readonly Row[], { column, isDescending }: Sorting): readonly Row[] {
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((left, right) => sign * compare(left[column], right[column]));
}

function compare(left: Json | undefined, right: Json | undefined): number {
  const [one, other] = [number(left?.["value"]), number(right?.["value"])];
  if (one !== undefined && other !== undefined) return one - other;
  return sortText(left).localeCompare(sortText(right), "en", { numeric: true });
}

function sortText(cell: Json | undefined): string {
  if (cell === undefined) return "";
  if (cell["type"] !== "rich_text") return wordsOf(cell);
  const parts = records(cell["elements"]).flatMap((part) => records(part["elements"]));
  return parts.map((part) => string(record(part)?.["text"])).join("");
}

function isNumber(cell: Json | undefined): boolean {
  return (
    cell !== undefined &&
    (cell["type"] === "raw_number" || /^[-+−]?[$€£]?[\d,.]+\s?[%kKM]?$/.test(wordsOf(cell)))
  );
}
