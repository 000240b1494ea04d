import { describe, expect, it } from "vitest";
import {
  actions,
  bars,
  button,
  chart,
  check,
  container,
  dataTable,
  image,
  input,
  mrkdwn,
  option,
  pie,
  plain,
  raw,
  rich,
  type Surface,
  section,
  select,
  table,
} from "./block-builders.ts";

const REFUSED: readonly [
  name: string,
  blocks: readonly object[],
  pointer: string,
  surface?: Surface,
][] = [
  ["an unknown block", [{ type: "hologram" }], "/blocks/0/type"],
  ["an unknown field", [section({ colour: "red" })], "/blocks/0"],
  ["an unknown field of a button", [actions(button({ colour: "red" }))], "/blocks/0/elements/0"],
  [
    "an empty text",
    [{ type: "section", text: { type: "mrkdwn", text: "" } }],
    "/blocks/0/text/text",
  ],
  ["an empty block_id", [section({ block_id: "" })], "/blocks/0/block_id"],
  ["a section without text and fields", [{ type: "section" }], "/blocks/0"],
  ["mrkdwn in a header", [{ type: "header", text: mrkdwn(3) }], "/blocks/0/text/type"],
  [
    "an input element among actions",
    [actions({ type: "plain_text_input" })],
    "/blocks/0/elements/0/type",
  ],
  ["a button as an input", [input(button())], "/blocks/0/element/type"],
  ["no elements", [actions()], "/blocks/0/elements"],
  [
    "a repeated block_id",
    [section({ block_id: "a" }), section({ block_id: "a" })],
    "/blocks/1/block_id",
  ],
  [
    "a repeated action_id",
    [actions(button({ action_id: "a" }), button({ action_id: "a" }))],
    "/blocks/0/elements/1/action_id",
  ],
  [
    "a repeated option value",
    [actions(select({ options: [option(1), option(1)] }))],
    "/blocks/0/elements/0/options",
  ],
  [
    "options and groups at once",
    [actions(select({ option_groups: [{ label: plain(1), options: [option(1)] }] }))],
    "/blocks/0/elements/0",
  ],
  [
    "an initial option that is not offered",
    [actions(select({ initial_option: option(9) }))],
    "/blocks/0/elements/0/initial_option",
  ],
  [
    "a wrong date",
    [actions({ type: "datepicker", initial_date: "2026-13-01" })],
    "/blocks/0/elements/0/initial_date",
  ],
  [
    "a wrong time",
    [actions({ type: "timepicker", initial_time: "9:30" })],
    "/blocks/0/elements/0/initial_time",
  ],
  [
    "a number input whose limit is a number",
    [input({ type: "number_input", is_decimal_allowed: true, min_value: 1 })],
    "/blocks/0/element/min_value",
  ],
  [
    "an image without alt text",
    [{ type: "image", image_url: "https://a.test/i.png" }],
    "/blocks/0/alt_text",
  ],
  ["an image with two sources", [image({ slack_file: { id: "F12345678" } })], "/blocks/0"],
  ["an image that is no URL", [image({ image_url: "i.png" })], "/blocks/0/image_url"],
  [
    "a malformed file id",
    [image({ image_url: undefined, slack_file: { id: "12" } })],
    "/blocks/0/slack_file/id",
  ],
  ["a second table", [table(1, 1), dataTable(2)], "/blocks/1"],
  ["a third chart", [chart(), chart(), chart()], "/blocks/2"],
  [
    "raw_number in a table",
    [{ type: "table", rows: [[{ type: "raw_number", value: 1, text: "1" }]] }],
    "/blocks/0/rows/0/0/type",
  ],
  [
    "an empty table cell",
    [{ type: "table", rows: [[{ type: "raw_text", text: "" }]] }],
    "/blocks/0/rows/0/0/text",
  ],
  [
    "rows of different length",
    [{ type: "table", rows: [[raw(1)], [raw(1), raw(1)]] }],
    "/blocks/0/rows/1",
  ],
  ["a data table without rows below its header", [dataTable(1)], "/blocks/0/rows"],
  [
    "rich text in the header of a data table",
    [dataTable(2, { rows: [[rich(1)], [raw(1)]] })],
    "/blocks/0/rows/0/0",
  ],
  [
    "a row header outside the data table",
    [dataTable(2, { row_header_column_index: 1 })],
    "/blocks/0/row_header_column_index",
  ],
  ["a pie segment of nothing", [chart({ chart: pie(1, 0) })], "/blocks/0/chart/segments/0/value"],
  [
    "a series that lacks a category",
    [chart({ chart: { ...bars(1, 2), axis_config: { categories: ["p0", "p1", "p2"] } } })],
    "/blocks/0/chart/series/0/data",
  ],
  [
    "series with one name",
    [chart({ chart: { ...bars(1, 1), series: [...bars(1, 1).series, ...bars(1, 1).series] } })],
    "/blocks/0/chart/series",
  ],
  ["an empty card", [{ type: "card" }], "/blocks/0"],
  ["a container without a title", [container({ title: undefined })], "/blocks/0/title"],
  [
    "a container inside a container",
    [container({ child_blocks: [container()] })],
    "/blocks/0/child_blocks/0/type",
  ],
  ["an alert in a message", [{ type: "alert", text: plain(3) }], "/blocks/0/type"],
  ["a table in a modal", [table(1, 1)], "/blocks/0/type", "modal"],
  ["a chart in a home", [chart()], "/blocks/0/type", "home"],
  ["markdown in a modal", [{ type: "markdown", text: "a" }], "/blocks/0/type", "modal"],
  ["a file input in a message", [input({ type: "file_input" })], "/blocks/0/element"],
  [
    "two focused elements",
    [
      input({ type: "plain_text_input", focus_on_load: true }),
      input({ type: "plain_text_input", focus_on_load: true }),
    ],
    "/blocks/1/element",
  ],
];

describe("what Block Kit refuses", () => {
  it.each(REFUSED)("%s", (_name, blocks, pointer, surface) => {
    const result = check(blocks, surface);

    expect(result.ok ? [] : result.problems.map((problem) => problem.pointer)).toContain(pointer);
  });

  it("names what is missing, what is too long and what is unknown", () => {
    const result = check([
      { type: "header" },
      { type: "header", text: plain(151) },
      section({ colour: 1 }),
    ]);

    expect(result.ok ? [] : result.problems).toEqual([
      { pointer: "/blocks/0/text", message: "missing required field" },
      { pointer: "/blocks/1/text/text", message: "must be less than 151 characters" },
      { pointer: "/blocks/2", message: "invalid additional property: colour" },
    ]);
  });
});
