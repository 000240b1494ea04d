/** What Slack would show of messages and views, and what it would refuse of them. */
import {
  areBlocksTooLong,
  validateBlocks,
  validateView,
} from "../../src/sandbox/slack/block-kit.ts";
import type { Block, HomeView, Modal, SlackMessage } from "../../src/slack/blocks.ts";

let ids = 0;
function newId(): string {
  ids += 1;
  return `id-${String(ids)}`;
}

/** The texts of blocks as a reader sees them, a line a block, buttons in brackets. */
export function shownLines(blocks: readonly Block[]): string[] {
  return blocks
    .map((block) => {
      switch (block.type) {
        case "header":
          return `# ${block.text.text}`;
        case "section": {
          const texts = [block.text?.text, ...(block.fields ?? []).map(({ text }) => text)];
          const button = block.accessory === undefined ? "" : ` [${block.accessory.text.text}]`;
          return texts.filter((text) => text !== undefined).join(" | ") + button;
        }
        case "context":
          return `(${block.elements.map(({ text }) => text).join(" ")})`;
        case "actions":
          return block.elements
            .map((one) =>
              one.type === "button" ? `[${one.text.text}]` : `[${one.placeholder.text} ▾]`,
            )
            .join(" ");
        case "divider":
          return "---";
        case "input":
          return `${block.label.text}: ___`;
        case "data_visualization":
          return `chart (${block.chart.type}): ${block.title}`;
        case "data_table":
        case "table":
          return block.rows.map((row) => row.map(({ text }) => text).join(" | ")).join("\n");
        case "image":
          return `image: ${block.alt_text}`;
      }
    })
    .map((line) => line.replaceAll("\u2060", "").replaceAll(/<!date\^[^|]*\|([^>]*)>/g, "<$1>"));
}

/** What Slack refuses of a message; empty: it takes it. */
export function messageProblems({ text, blocks }: SlackMessage): unknown[] {
  const checked = validateBlocks("message", blocks, newId);
  return [
    ...(checked.ok ? [] : checked.problems),
    ...(checked.ok && areBlocksTooLong(checked.value) ? ["msg_blocks_too_long"] : []),
    ...(text.trim() === "" ? ["no_text"] : []),
    ...(text.length > 4_000 ? ["msg_too_long"] : []),
    ...(/<!(channel|here|everyone|subteam)/i.test(text + JSON.stringify(blocks, withoutPlainText))
      ? ["calls everybody"]
      : []),
  ];
}

const PLAIN_TYPES: ReadonlySet<unknown> = new Set([
  "plain_text",
  "raw_text",
  "raw_number",
  "data_visualization",
  "data_table",
  "image",
]);

/** In plain text nothing is a mention. */
function withoutPlainText(key: string, value: unknown): unknown {
  if (key === "value") return undefined; // Shown to nobody.
  const isPlain = typeof value === "object" && value !== null && "type" in value;
  return isPlain && PLAIN_TYPES.has(value.type) ? undefined : value;
}

/** What Slack refuses of App Home; empty: it takes it. */
export function homeProblems(view: HomeView): unknown[] {
  return viewProblems(view);
}

/** The same of Home or a modal. */
export function viewProblems(view: HomeView | Modal): unknown[] {
  const checked = validateView(view, newId);
  return checked.ok ? [] : [...checked.problems];
}
