/**
 * Charts and tables as aligned text, for where neither the native block nor a picture can be shown.
 * Pure. Each becomes one section that fits a phone: a line holds a name, a bar and a number.
 */
import type { Block, ChartBlock, DataTableBlock, TableBlock } from "../block-types.ts";
import { escapeText, mrkdwn } from "../text.ts";
import { exactNumber, type Plot, plotOf, shortNumber } from "./plot.ts";

/** With what stands around them in a message they stay below Slack's limit for all of it. */
export const CHART_TEXT_CHARS_MAX = 1_200;
export const TABLE_TEXT_CHARS_MAX = 2_800;
const BAR_CELLS = 10;
/** More lines than this are no picture any more: each series becomes one line of its course. */
const BAR_LINES_MAX = 24;
const NAME_COLUMNS_MAX = 20;
const FIRST_CELL_COLUMNS_MAX = 24;
const CELL_COLUMNS_MAX = 16;
/** What a code block on a phone shows without breaking the line. */
const PHONE_COLUMNS = 38;
const STEPS = "▁▂▃▄▅▆▇█";
/** Keeps what follows a name from being drawn to its left when the name is read from the right. */
const LEFT_TO_RIGHT = "\u200E";

/** The chart as bars of text, or as one line of its course for each series where there are many. */
export function chartText(block: ChartBlock): Block {
  const drawn = plotOf(block);
  const plot = { ...drawn, unit: plain(drawn.unit) };
  const lines = plot.series.length === 1 ? barLines(plot) : seriesLines(plot);
  return section(`*${escapeText(plot.title)}*`, { lines, charsMax: CHART_TEXT_CHARS_MAX });
}

/** The table as aligned columns. */
export function tableText(table: DataTableBlock | TableBlock): Block {
  const rows = table.rows.map((row) => row.map(({ text }) => text));
  const isRight = (table.rows[0] ?? []).map((_, column) => isNumeric(table, column));
  const widths = isRight.map((_, column) =>
    Math.min(
      column === 0 ? FIRST_CELL_COLUMNS_MAX : CELL_COLUMNS_MAX,
      Math.max(...rows.map((row) => columnsOf(row[column] ?? ""))),
    ),
  );
  const width = widths.reduce((sum, columns) => sum + columns + 2, -2);
  const lines =
    width > PHONE_COLUMNS
      ? rows.flatMap(twoLines)
      : rows.map((row) => {
          const cells = row.map((text, column) =>
            padded(text, { columns: widths[column] ?? 0, isRight: isRight[column] === true }),
          );
          return cells.join("  ").trimEnd();
        });
  const caption = table.type === "data_table" ? `*${escapeText(table.caption)}*` : "";
  return section(caption, { lines, charsMax: TABLE_TEXT_CHARS_MAX });
}

/** A row that is wider than a phone: its name, and below it the rest. */
function twoLines([name = "", ...rest]: readonly string[]): readonly string[] {
  const cells = rest.map((text) => plain(cut(text, CELL_COLUMNS_MAX)));
  return [
    plain(cut(name, PHONE_COLUMNS)),
    ...(cells.length === 0 ? [] : [`  ${cells.join(" · ")}`]),
  ];
}

/** Whether a column holds amounts, which line up at the right. */
export function isNumeric(table: DataTableBlock | TableBlock, column: number): boolean {
  if (table.type === "table") return table.column_settings[column]?.align === "right";
  return table.rows.some((row) => row[column]?.type === "raw_number");
}

function barLines({ categories, series, unit }: Plot): readonly string[] {
  const values = series[0]?.values ?? [];
  const most = Math.max(...values, 0);
  const width = nameColumns(categories);
  return categories.map((name, index) => {
    const value = values[index] ?? 0;
    return barLine(name, { width, value, most, unit });
  });
}

function seriesLines(plot: Plot): readonly string[] {
  const { categories, series, unit } = plot;
  if (categories.length * (series.length + 1) > BAR_LINES_MAX) return courseLines(plot);
  const most = Math.max(0, ...series.flatMap(({ values }) => values));
  const width = nameColumns(series.map(({ name }) => name));
  return categories.flatMap((category, index) => [
    plain(category),
    ...series.map(({ name, values }) => {
      const line = barLine(name, { width, value: values[index] ?? 0, most, unit });
      return ` ${line}`;
    }),
  ]);
}

function courseLines({ categories, series, unit }: Plot): readonly string[] {
  const all = series.flatMap(({ values }) => values);
  const [least, most] = [Math.min(0, ...all), Math.max(0, ...all)];
  const step = (value: number): string => {
    const share = most === least ? 0 : (value - least) / (most - least);
    return STEPS[Math.round(share * (STEPS.length - 1))] ?? "";
  };
  return [
    `${plain(categories.at(0) ?? "")} to ${plain(categories.at(-1) ?? "")}`,
    ...series.flatMap(({ name, values }) => {
      const ends = `${shortNumber(values.at(0) ?? 0, unit)} → ${shortNumber(values.at(-1) ?? 0, unit)}`;
      const peak = `max ${shortNumber(Math.max(...values), unit)}`;
      return [`${plain(name)}, ${peak}`, ` ${values.map(step).join("")}  ${ends}`];
    }),
  ];
}

function barLine(
  name: string,
  of: {
    readonly width: number;
    readonly value: number;
    readonly most: number;
    readonly unit: string;
  },
): string {
  const share = of.most === 0 ? 0 : Math.max(0, of.value) / of.most;
  // What is there at all shows as one cell.
  const filled = of.value > 0 ? Math.max(1, Math.round(share * BAR_CELLS)) : 0;
  const bar = "▇".repeat(filled) + "▁".repeat(BAR_CELLS - filled);
  return `${padded(name, { columns: of.width, isRight: false })} ${bar} ${exactNumber(of.value, of.unit)}`;
}

function nameColumns(names: readonly string[]): number {
  return Math.min(NAME_COLUMNS_MAX, Math.max(...names.map(columnsOf)));
}

/** Inside a code block; nothing in it may end the block or become markup. */
function plain(text: string): string {
  const safe = text
    .replaceAll("`", "'")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return `${safe}${/[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF]/.test(safe) ? LEFT_TO_RIGHT : ""}`;
}

function padded(text: string, to: { readonly columns: number; readonly isRight: boolean }): string {
  const fitting = cut(text, to.columns);
  const space = " ".repeat(Math.max(0, to.columns - columnsOf(fitting)));
  return to.isRight ? space + plain(fitting) : plain(fitting) + space;
}

function cut(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  let columns = 1; // The ellipsis.
  let kept = "";
  for (const { segment } of graphemes.segment(text)) {
    columns += columnsOfGrapheme(segment);
    if (columns > columnsMax) break;
    kept += segment;
  }
  return `${kept}…`;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const WIDE =
  /^(?:\p{Extended_Pictographic}(?<![©®™])|\p{Regional_Indicator}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}])/u;

/** Each character is one column; splitting most texts would be all the work. */
const PLAIN = /^[ -~]*$/;

/** Columns in a font of one width, as nearly as can be told without the font. */
function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return Array.from(graphemes.segment(text)).reduce(
    (sum, { segment }) => sum + columnsOfGrapheme(segment),
    0,
  );
}

function columnsOfGrapheme(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return /^[\p{M}\p{Cf}\p{Cc}]+$/u.test(grapheme) ? 0 : 1;
}

function section(
  title: string,
  { lines, charsMax }: { readonly lines: readonly string[]; readonly charsMax: number },
): Block {
  const kept: string[] = [];
  let chars = title.length + 40;
  for (const line of lines) {
    chars += line.length + 1;
    if (chars > charsMax) break;
    kept.push(line);
  }
  const left = lines.length - kept.length;
  const more = left === 0 ? [] : [`… ${String(left)} more`];
  const code = `\`\`\`\n${[...kept, ...more].join("\n")}\n\`\`\``;
  return { type: "section", text: mrkdwn(title === "" ? code : `${title}\n${code}`, charsMax) };
}
