/**
 * What becomes of the data blocks that a workspace refuses: a chart its picture, or else text; a
 * data table a plain table, or else text. Pure; when that is needed is `data-blocks.ts`.
 */
import type { Block, ChartBlock, DataTableBlock, TableBlock } from "../block-types.ts";
import { plain } from "../text.ts";
import {
  CHART_TEXT_CHARS_MAX,
  chartText,
  isNumeric,
  TABLE_TEXT_CHARS_MAX,
  tableText,
} from "./as-text.ts";
import { ALT_TEXT_CHARS_MAX, altTextOf, plotOf } from "./plot.ts";

/** Kinds of blocks that Slack is still rolling out, or that not every client shows. */
const DATA_BLOCK_TYPES = ["data_visualization", "data_table", "table"] as const;

const TITLE_CHARS_MAX = 50;
const CHARTS_MAX = 2;
const TABLES_MAX = 1;

export type DataBlockType = (typeof DATA_BLOCK_TYPES)[number];

export function isDataBlockType(type: string): type is DataBlockType {
  return DATA_BLOCK_TYPES.some((known) => known === type);
}

export function isDataBlock(block: Block): block is ChartBlock | DataTableBlock | TableBlock {
  return isDataBlockType(block.type);
}

export function dataTypesIn(blocks: readonly Block[]): ReadonlySet<DataBlockType> {
  return new Set(blocks.map(({ type }) => type).filter(isDataBlockType));
}

/** As many blocks in the same order. `pictures`: ids of uploaded files, by the place of the chart. */
export function withoutRefused(
  blocks: readonly Block[],
  refused: ReadonlySet<DataBlockType>,
  pictures: ReadonlyMap<number, string> = new Map(),
): readonly Block[] {
  return blocks.map((block, index) => {
    if (!isDataBlock(block) || !refused.has(block.type)) return block;
    if (block.type === "data_visualization") return pictureOrText(block, pictures.get(index));
    if (block.type === "data_table" && !refused.has("table")) return plainTable(block);
    return tableText(block);
  });
}

/** Slack takes two charts and one table a message: what is beyond becomes text. */
export function withinCounts(blocks: readonly Block[]): readonly Block[] {
  let charts = 0;
  let tables = 0;
  return blocks.map((block) => {
    if (!isDataBlock(block)) return block;
    if (block.type === "data_visualization") {
      charts += 1;
      return charts > CHARTS_MAX ? chartText(block) : block;
    }
    tables += 1;
    return tables > TABLES_MAX ? tableText(block) : block;
  });
}

/** Characters that people read of a data block, or of what may take its place if that is more. */
export function shownLength(block: ChartBlock | DataTableBlock | TableBlock): number {
  const instead =
    block.type === "data_visualization"
      ? Math.max(stringsLength(chartText(block)), altTextOf(block).length + block.title.length)
      : stringsLength(tableText(block));
  return Math.max(stringsLength(block), instead);
}

/** Never less than `shownLength`. */
export function shownLengthAtMost(block: ChartBlock | DataTableBlock | TableBlock): number {
  const insteadAtMost =
    block.type === "data_visualization"
      ? Math.max(CHART_TEXT_CHARS_MAX, ALT_TEXT_CHARS_MAX + block.title.length)
      : TABLE_TEXT_CHARS_MAX;
  return Math.max(stringsLength(block), insteadAtMost + SECTION_CHARS);
}

/** What a section says of itself beside its text. */
const SECTION_CHARS = "section".length + "mrkdwn".length;

function stringsLength(node: unknown): number {
  if (typeof node === "string") return node.length;
  if (typeof node !== "object" || node === null) return 0;
  return Object.values(node).reduce<number>((sum, part) => sum + stringsLength(part), 0);
}

function pictureOrText(block: ChartBlock, id: string | undefined): Block {
  if (id === undefined) return chartText(block);
  const title = plain(plotOf(block).title, TITLE_CHARS_MAX);
  return { type: "image", slack_file: { id }, alt_text: altTextOf(block), title };
}

function plainTable(table: DataTableBlock): TableBlock {
  return {
    type: "table",
    rows: table.rows.map((row) => row.map(({ text }) => ({ type: "raw_text", text }))),
    column_settings: (table.rows[0] ?? []).map((_, column) => ({
      align: isNumeric(table, column) ? "right" : "left",
    })),
  };
}
