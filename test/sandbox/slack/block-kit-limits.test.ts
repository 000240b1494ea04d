import { describe, expect, it } from "vitest";
import {
  actions,
  button,
  check,
  confirmed,
  image,
  input,
  type LimitRow,
  limitCases,
  mrkdwn,
  option,
  plain,
  section,
  select,
  text,
  times,
} from "./block-builders.ts";

const LIMITS: readonly LimitRow[] = [
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
    (n) => confirmed({ title: plain(n) }),
    100,
    "/blocks/0/elements/0/confirm/title/text",
  ],
  [
    "confirm text",
    (n) => confirmed({ text: mrkdwn(n) }),
    300,
    "/blocks/0/elements/0/confirm/text/text",
  ],
  [
    "confirm yes",
    (n) => confirmed({ confirm: plain(n) }),
    30,
    "/blocks/0/elements/0/confirm/confirm/text",
  ],
  [
    "confirm no",
    (n) => confirmed({ deny: plain(n) }),
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
];

describe("limits of blocks and elements", () => {
  it.each(limitCases(LIMITS))("$name: takes the maximum", ({ atLimit, surface }) => {
    expect(check(atLimit, surface)).toMatchObject({ ok: true });
  });

  it.each(limitCases(LIMITS))("$name: refuses one more", ({ above, pointer, surface }) => {
    const result = check(above, surface);

    expect(result.ok ? [] : result.problems.map((problem) => problem.pointer)).toContain(pointer);
  });
});
