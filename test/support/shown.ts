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
    ...markupProblems(text).map((problem) => `text: ${problem}`),
    ...mrkdwnIn(blocks).flatMap(markupProblems),
  ];
}

/** What our own texts have of Slack's markup: a time that is not the beginning of all, a person, a channel. */
const OURS =
  /<!date\^(?!0\^)-?\d+\^[^<>|^]*\|[^<>|]*>|<@(?!U0EVIL)[UW][^<>|\s]+>|<#[CG][A-Z0-9]+>/g;
/** What would begin more than a character: a closing one alone is none. */
const MARKUP = /<|&(?!(?:amp|lt|gt);)/g;

/** What Slack would make of a text, in a notification or in a block, that no builder means. */
function markupProblems(text: string): string[] {
  const rest = text.replaceAll(OURS, "");
  return [...rest.matchAll(MARKUP)]
    .slice(0, 1)
    .map(({ index }) => `markup at ${rest.slice(Math.max(0, index - 30), index + 30)}`);
}

/** Every text of blocks in which markup counts. */
function mrkdwnIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(mrkdwnIn);
  if (typeof node !== "object" || node === null) return [];
  if ("type" in node && node.type === "mrkdwn" && "text" in node) return [String(node.text)];
  return Object.values(node).flatMap(mrkdwnIn);
}

/** What Slack refuses of App Home; empty: it takes it. */
export function homeProblems(view: HomeView): unknown[] {
  return viewProblems(view);
}

/** The same of Home or a modal. */
export function viewProblems(view: HomeView | Modal): unknown[] {
  const checked = validateView(view, newId);
  return [
    ...(checked.ok ? [] : checked.problems),
    ...mrkdwnIn(view.blocks).flatMap(markupProblems),
  ];
}
