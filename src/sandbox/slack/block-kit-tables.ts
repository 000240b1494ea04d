/**
 * Blocks that carry numbers: `table`, `data_table` and the charts of `data_visualization`, as zod
 * schemas. All three are for messages only; how many a message may have is `block-kit.ts`.
 */
import { z } from "zod";
import { bounded, id } from "./block-kit-objects.ts";
import { richTextBlock } from "./block-kit-rich-text.ts";

const TABLE_ROWS_MAX = 100;
const DATA_TABLE_ROWS_MAX = 101;
const COLUMNS_MAX = 20;
const TABLE_CHARS_MAX = 10_000;
const CHART_LABEL_CHARS_MAX = 20;
const CHART_POINTS_MAX = 20;
/** Newer references say 12, older ones 6: six is accepted by every published version. */
const CHART_SERIES_MAX = 6;

const rawText = z.strictObject({ type: z.literal("raw_text"), text: z.string().min(1) });
const rawNumber = z.strictObject({
  type: z.literal("raw_number"),
  value: z.number(),
  text: z.string().min(1).optional(),
});

/** Slack's types also name `raw_number`, but its API refuses it in this block. */
const tableCell = z.discriminatedUnion("type", [rawText, richTextBlock]);
const dataCell = z.discriminatedUnion("type", [rawText, rawNumber, richTextBlock]);

export const tableBlock = z
  .strictObject({
    type: z.literal("table"),
    block_id: id.optional(),
    rows: z.array(z.array(tableCell).min(1).max(COLUMNS_MAX)).min(1).max(TABLE_ROWS_MAX),
    column_settings: z
      .array(
        z
          .strictObject({
            align: z.enum(["left", "center", "right"]).optional(),
            is_wrapped: z.boolean().optional(),
          })
          .nullable(),
      )
      .max(COLUMNS_MAX)
      .optional(),
  })
  .superRefine((table, context) => {
    checkGrid(table.rows, context);
  });

export const dataTableBlock = z
  .strictObject({
    type: z.literal("data_table"),
    block_id: id.optional(),
    caption: z.string().min(1),
    rows: z.array(z.array(dataCell).min(1).max(COLUMNS_MAX)).min(2).max(DATA_TABLE_ROWS_MAX),
    page_size: z.int().min(1).max(100).optional(),
    row_header_column_index: z.int().min(0).optional(),
  })
  .superRefine((table, context) => {
    checkGrid(table.rows, context);
    const header = table.rows[0] ?? [];
    header.forEach((cell, column) => {
      if (cell.type === "rich_text") {
        report(context, ["rows", 0, column], "a header cell must be raw_text or raw_number");
      }
    });
    if ((table.row_header_column_index ?? 0) >= header.length) {
      report(context, ["row_header_column_index"], "must be the index of a column");
    }
  });

function checkGrid(rows: readonly (readonly unknown[])[], context: z.RefinementCtx): void {
  rows.forEach((row, index) => {
    if (row.length !== rows[0]?.length) {
      report(context, ["rows", index], "all rows must have the same number of cells");
    }
  });
  if (countTextChars(rows) > TABLE_CHARS_MAX) {
    report(
      context,
      ["rows"],
      `must be no more than ${String(TABLE_CHARS_MAX)} characters in total`,
    );
  }
}

/** Characters of all `text` fields below `node`, however deep. */
function countTextChars(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  return Object.entries(node).reduce(
    (sum, [key, value]) =>
      sum + (key === "text" && typeof value === "string" ? value.length : countTextChars(value)),
    0,
  );
}

const label = bounded(CHART_LABEL_CHARS_MAX);
const point = z.strictObject({ label, value: z.number() });
const series = z.strictObject({
  name: label,
  data: z.array(point).min(1).max(CHART_POINTS_MAX),
});

function axisChart<Type extends string>(type: Type) {
  return z
    .strictObject({
      type: z.literal(type),
      series: z.array(series).min(1).max(CHART_SERIES_MAX),
      axis_config: z.strictObject({
        categories: z.array(label).min(1).max(CHART_POINTS_MAX),
        x_label: bounded(50).optional(),
        y_label: bounded(50).optional(),
      }),
    })
    .superRefine((chart, context) => {
      const names = chart.series.map((entry) => entry.name);
      if (new Set(names).size !== names.length) {
        report(context, ["series"], "series must have unique names");
      }
      const categories = new Set(chart.axis_config.categories);
      if (categories.size !== chart.axis_config.categories.length) {
        report(context, ["axis_config", "categories"], "categories must be unique");
      }
      chart.series.forEach((entry, index) => {
        const labels = entry.data.map((value) => value.label);
        const isComplete =
          labels.length === categories.size &&
          new Set(labels).size === labels.length &&
          labels.every((text) => categories.has(text));
        if (!isComplete) {
          report(context, ["series", index, "data"], "must have exactly one point per category");
        }
      });
    });
}

const pieChart = z.strictObject({
  type: z.literal("pie"),
  segments: z
    .array(z.strictObject({ label, value: z.number().positive() }))
    .min(1)
    .max(CHART_SERIES_MAX),
});

export const dataVisualizationBlock = z.strictObject({
  type: z.literal("data_visualization"),
  block_id: id.optional(),
  title: bounded(50),
  chart: z.discriminatedUnion("type", [
    pieChart,
    axisChart("bar"),
    axisChart("line"),
    axisChart("area"),
  ]),
});

function report(context: z.RefinementCtx, path: (string | number)[], message: string): void {
  context.addIssue({ code: "custom", path, message });
}
