import { describe, expect, it } from "vitest";
import {
  actions,
  bars,
  button,
  card,
  chart,
  check,
  confirm,
  container,
  dataTable,
  image,
  input,
  mrkdwn,
  option,
  pie,
  plain,
  raw,
  type Surface,
  section,
  select,
  table,
  text,
  times,
} from "./block-builders.ts";

/** One row a limit: what is exactly at it, what is one above it, where the error points to. */
const LIMITS: readonly [
  name: string,
  make: (size: number) => readonly object[],
  max: number,
  pointer: string,
  surface?: Surface,
][] = [
  ["blocks of a message", (n) => times(n, () => section()), 50, "/blocks"],
  ["blocks of a modal", (n) => times(n, () => section()), 100, "/blocks", "modal"],
  ["blocks of a home", (n) => times(n, () => section()), 100, "/blocks", "home"],
  ["block_id", (n) => [section({ block_id: text(n) })], 255, "/blocks/0/block_id"],
  [
    "action_id",
    (n) => [actions(button({ action_id: text(n) }))],
    255,
    "/blocks/0/elements/0/action_id",
  ],
  ["section text", (n) => [{ type: "section", text: mrkdwn(n) }], 3000, "/blocks/0/text/text"],
  [
    "section fields",
    (n) => [{ type: "section", fields: times(n, () => plain(1)) }],
    10,
    "/blocks/0/fields",
  ],
  [
    "section field text",
    (n) => [{ type: "section", fields: [mrkdwn(n)] }],
    2000,
    "/blocks/0/fields/0/text",
  ],
  ["header", (n) => [{ type: "header", text: plain(n) }], 150, "/blocks/0/text/text"],
  ["header level", (n) => [{ type: "header", text: plain(5), level: n }], 4, "/blocks/0/level"],
  [
    "context elements",
    (n) => [{ type: "context", elements: times(n, () => mrkdwn(1)) }],
    10,
    "/blocks/0/elements",
  ],
  ["actions elements", (n) => [actions(...times(n, () => button()))], 25, "/blocks/0/elements"],
  [
    "button text",
    (n) => [actions(button({ text: plain(n) }))],
    75,
    "/blocks/0/elements/0/text/text",
  ],
  [
    "button value",
    (n) => [actions(button({ value: text(n) }))],
    2000,
    "/blocks/0/elements/0/value",
  ],
  [
    "button url",
    (n) => [actions(button({ url: `https://${text(n - 8)}` }))],
    3000,
    "/blocks/0/elements/0/url",
  ],
  [
    "button accessibility label",
    (n) => [actions(button({ accessibility_label: text(n) }))],
    75,
    "/blocks/0/elements/0/accessibility_label",
  ],
  [
    "confirm title",
    (n) => [actions(button({ confirm: confirm({ title: plain(n) }) }))],
    100,
    "/blocks/0/elements/0/confirm/title/text",
  ],
  [
    "confirm text",
    (n) => [actions(button({ confirm: { text: mrkdwn(n) } }))],
    300,
    "/blocks/0/elements/0/confirm/text/text",
  ],
  [
    "confirm yes",
    (n) => [actions(button({ confirm: confirm({ confirm: plain(n) }) }))],
    30,
    "/blocks/0/elements/0/confirm/confirm/text",
  ],
  [
    "confirm no",
    (n) => [actions(button({ confirm: confirm({ deny: plain(n) }) }))],
    30,
    "/blocks/0/elements/0/confirm/deny/text",
  ],
  [
    "option text",
    (n) => [actions(select({ options: [{ text: plain(n), value: "v" }] }))],
    75,
    "/blocks/0/elements/0/options/0/text/text",
  ],
  [
    "option value",
    (n) => [actions(select({ options: [{ text: plain(3), value: text(n) }] }))],
    150,
    "/blocks/0/elements/0/options/0/value",
  ],
  [
    "option description",
    (n) => [actions(select({ options: [option(0, { description: plain(n) })] }))],
    75,
    "/blocks/0/elements/0/options/0/description/text",
  ],
  [
    "options of a select",
    (n) => [actions(select({ options: times(n, option) }))],
    100,
    "/blocks/0/elements/0/options",
  ],
  [
    "option groups",
    (n) => [
      actions(
        select({
          options: undefined,
          option_groups: times(n, (i) => ({ label: plain(1), options: [option(i)] })),
        }),
      ),
    ],
    100,
    "/blocks/0/elements/0/option_groups",
  ],
  [
    "group label",
    (n) => [
      actions(
        select({ options: undefined, option_groups: [{ label: plain(n), options: [option(0)] }] }),
      ),
    ],
    75,
    "/blocks/0/elements/0/option_groups/0/label/text",
  ],
  [
    "overflow options",
    (n) => [actions({ type: "overflow", options: times(n, option) })],
    5,
    "/blocks/0/elements/0/options",
  ],
  [
    "check boxes",
    (n) => [actions({ type: "checkboxes", options: times(n, option) })],
    10,
    "/blocks/0/elements/0/options",
  ],
  [
    "radio buttons",
    (n) => [actions({ type: "radio_buttons", options: times(n, option) })],
    10,
    "/blocks/0/elements/0/options",
  ],
  [
    "placeholder",
    (n) => [actions(select({ placeholder: plain(n) }))],
    150,
    "/blocks/0/elements/0/placeholder/text",
  ],
  ["image alt text", (n) => [image({ alt_text: text(n) })], 2000, "/blocks/0/alt_text"],
  ["image title", (n) => [image({ title: plain(n) })], 2000, "/blocks/0/title/text"],
  [
    "image url",
    (n) => [image({ image_url: `https://${text(n - 8)}` })],
    3000,
    "/blocks/0/image_url",
  ],
  [
    "input label",
    (n) => [input({ type: "plain_text_input" }, { label: plain(n) })],
    2000,
    "/blocks/0/label/text",
  ],
  [
    "input hint",
    (n) => [input({ type: "plain_text_input" }, { hint: plain(n) })],
    2000,
    "/blocks/0/hint/text",
  ],
  [
    "min_length",
    (n) => [input({ type: "plain_text_input", min_length: n })],
    3000,
    "/blocks/0/element/min_length",
  ],
  [
    "max_length",
    (n) => [input({ type: "plain_text_input", max_length: n })],
    3000,
    "/blocks/0/element/max_length",
  ],
  [
    "files of a file input",
    (n) => [input({ type: "file_input", max_files: n })],
    10,
    "/blocks/0/element/max_files",
    "modal",
  ],
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

describe("limits of Block Kit", () => {
  it.each(LIMITS)("%s: takes the maximum", (_name, make, max, _pointer, surface) => {
    expect(check(make(max), surface)).toMatchObject({ ok: true });
  });

  it.each(LIMITS)("%s: refuses one more", (_name, make, max, pointer, surface) => {
    const result = check(make(max + 1), surface);

    expect(result.ok ? [] : result.problems.map((problem) => problem.pointer)).toContain(pointer);
  });
});
