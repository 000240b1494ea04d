import { describe, expect, it } from "vitest";
import {
  bars,
  button,
  card,
  chart,
  check,
  container,
  dataTable,
  type LimitRow,
  limitCases,
  mrkdwn,
  pie,
  plain,
  raw,
  section,
  table,
  text,
  times,
} from "./block-builders.ts";

const LIMITS: readonly LimitRow[] = [
  ["markdown", (n) => [{ type: "markdown", text: text(n) }], 12_000, "/blocks/0/text"],
  [
    "markdown in all",
    (n) => [
      { type: "markdown", text: text(n - 1) },
      { type: "markdown", text: "x" },
    ],
    12_000,
    "/blocks",
  ],
  ["table rows", (n) => [table(n, 1)], 100, "/blocks/0/rows"],
  ["table columns", (n) => [table(1, n)], 20, "/blocks/0/rows/0"],
  ["table characters", (n) => [{ type: "table", rows: [[raw(n)]] }], 10_000, "/blocks/0/rows"],
  [
    "table column settings",
    (n) => [{ ...table(1, 1), column_settings: times(n, () => ({ align: "left" })) }],
    20,
    "/blocks/0/column_settings",
  ],
  ["data table rows", (n) => [dataTable(n)], 101, "/blocks/0/rows"],
  ["data table page", (n) => [dataTable(2, { page_size: n })], 100, "/blocks/0/page_size"],
  [
    "data table characters",
    (n) => [dataTable(2, { rows: [[raw(1)], [raw(n - 1)]] })],
    10_000,
    "/blocks/0/rows",
  ],
  ["chart title", (n) => [chart({ title: text(n) })], 50, "/blocks/0/title"],
  ["pie segments", (n) => [chart({ chart: pie(n) })], 6, "/blocks/0/chart/segments"],
  ["chart series", (n) => [chart({ chart: bars(n, 2) })], 6, "/blocks/0/chart/series"],
  ["chart points", (n) => [chart({ chart: bars(1, n) })], 20, "/blocks/0/chart/series/0/data"],
  [
    "chart labels",
    (n) => [chart({ chart: bars(1, 1, text(n - 1)) })],
    20,
    "/blocks/0/chart/series/0/data/0/label",
  ],
  [
    "chart axis label",
    (n) => [
      chart({ chart: { ...bars(1, 1), axis_config: { categories: ["p0"], x_label: text(n) } } }),
    ],
    50,
    "/blocks/0/chart/axis_config/x_label",
  ],
  ["card title", (n) => [card({ title: mrkdwn(n) })], 150, "/blocks/0/title/text"],
  ["card body", (n) => [card({ body: mrkdwn(n) })], 200, "/blocks/0/body/text"],
  ["card buttons", (n) => [card({ actions: times(n, () => button()) })], 3, "/blocks/0/actions"],
  [
    "carousel cards",
    (n) => [{ type: "carousel", elements: times(n, () => card()) }],
    10,
    "/blocks/0/elements",
  ],
  ["container title", (n) => [container({ title: plain(n) })], 150, "/blocks/0/title/text"],
  [
    "container blocks",
    (n) => [container({ child_blocks: times(n, () => section()) })],
    10,
    "/blocks/0/child_blocks",
  ],
  ["alert text", (n) => [{ type: "alert", text: plain(n) }], 200, "/blocks/0/text/text", "modal"],
  [
    "context actions",
    (n) => [
      {
        type: "context_actions",
        elements: times(n, () => ({ type: "icon_button", icon: "trash", text: plain(3) })),
      },
    ],
    5,
    "/blocks/0/elements",
  ],
];

describe("limits of tables, charts, cards and containers", () => {
  it.each(limitCases(LIMITS))("$name: takes the maximum", ({ atLimit, surface }) => {
    expect(check(atLimit, surface)).toMatchObject({ ok: true });
  });

  it.each(limitCases(LIMITS))("$name: refuses one more", ({ above, pointer, surface }) => {
    const result = check(above, surface);

    expect(result.ok ? [] : result.problems.map((problem) => problem.pointer)).toContain(pointer);
  });
});
