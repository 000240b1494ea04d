/** The smallest valid block or element of each kind; a test adds what it is about. */
import { validateBlocks, validateView } from "../../../src/sandbox/slack/block-kit.ts";

export type Surface = Parameters<typeof validateBlocks>[0];

export const text = (chars: number) => "x".repeat(chars);
export const plain = (chars: number) => ({ type: "plain_text", text: text(chars) });
export const mrkdwn = (chars: number) => ({ type: "mrkdwn", text: text(chars) });
export const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));
export const section = (extra: object = {}) => ({ type: "section", text: mrkdwn(5), ...extra });
export const actions = (...elements: object[]) => ({ type: "actions", elements });
export const input = (element: object, extra: object = {}) => ({
  type: "input",
  label: plain(5),
  element,
  ...extra,
});
export const button = (extra: object = {}) => ({ type: "button", text: plain(5), ...extra });
export const option = (index: number | string, extra: object = {}) => ({
  text: plain(3),
  value: `v${String(index)}`,
  ...extra,
});
export const select = (extra: object = {}) => ({
  type: "static_select",
  options: [option(0)],
  ...extra,
});
export const image = (extra: object = {}) => ({
  type: "image",
  image_url: "https://a.test/i.png",
  alt_text: "a",
  ...extra,
});
export const raw = (chars: number) => ({ type: "raw_text", text: text(chars) });
export const table = (rows: number, columns: number) => ({
  type: "table",
  rows: times(rows, () => times(columns, () => raw(1))),
});
export const dataTable = (rows: number, extra: object = {}) => ({
  type: "data_table",
  caption: "c",
  rows: times(rows, () => [raw(1)]),
  ...extra,
});
export const pie = (segments: number, value = 1) => ({
  type: "pie",
  segments: times(segments, (i) => ({ label: `s${String(i)}`, value })),
});
export const chart = (extra: object = {}) => ({
  type: "data_visualization",
  title: "t",
  chart: pie(2),
  ...extra,
});
export const bars = (series: number, points: number, label = "p") => ({
  type: "bar",
  series: times(series, (s) => ({
    name: `s${String(s)}`,
    data: times(points, (p) => ({ label: `${label}${String(p)}`, value: p })),
  })),
  axis_config: { categories: times(points, (p) => `${label}${String(p)}`) },
});
export const rich = (chars: number) => ({
  type: "rich_text",
  elements: [{ type: "rich_text_section", elements: [{ type: "text", text: text(chars) }] }],
});
export const card = (extra: object = {}) => ({ type: "card", title: mrkdwn(5), ...extra });
export const container = (extra: object = {}) => ({
  type: "container",
  title: plain(5),
  child_blocks: [section()],
  ...extra,
});
export const confirmed = (extra: object) => [
  actions(button({ confirm: { text: plain(5), ...extra } })),
];

let counter = 0;
export function check(blocks: readonly object[], surface: Surface = "message") {
  return validateBlocks(surface, blocks, () => `id${String((counter += 1))}`);
}

/** Checks a view, with generated ids for what has none. */
export const checkView = (view: unknown) => validateView(view, () => `id${String((counter += 1))}`);

/** What is exactly at a limit, how large that is, and where the error points to above it. */
export type LimitRow = readonly [
  name: string,
  make: (size: number) => readonly object[],
  max: number,
  pointer: string,
  surface?: Surface,
];

/** Each row as the blocks at the limit and one above it. */
export function limitCases(rows: readonly LimitRow[]) {
  return rows.map(([name, make, max, pointer, surface]) => ({
    name,
    pointer,
    surface,
    atLimit: make(max),
    above: make(max + 1),
  }));
}
