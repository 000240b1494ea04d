/**
 * What becomes of the data blocks that a workspace refuses: a chart its picture, or else text; a
 * data table a plain table, or else text. Pure; when that is needed is `data-blocks.ts`.
 */
import type { Block, ChartBlock, DataTableBlock, TableBlock } from "../block-types.ts";
import { plain } from "../text.ts";
import { chartText, isNumeric, tableText } from "./as-text.ts";
import { altTextOf, plotOf } from "./plot.ts";

/** Kinds of blocks that Slack is still rolling out, or that not every client shows. */
const DATA_BLOCK_TYPES = ["data_visualization", "data_table", "table"] as const;

const TITLE_CHARS_MAX = 50;

export type DataBlockType = (typeof DATA_BLOCK_TYPES)[number];

export function isDataBlockType(type: string): type is DataBlockType {
  return DATA_BLOCK_TYPES.some((known) => known === type);
}

function isDataBlock(block: Block): block is ChartBlock | DataTableBlock | TableBlock {
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
