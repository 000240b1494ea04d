/**
 * Standard Markdown of Slack's `markdown` block, as far as bots use it: headings, lists, quotes,
 * fences, tables and rules around lines of inline formatting. Yields the same inline tree as mrkdwn.
 */
import { emojiFor } from "./emoji.ts";
import { type Inline, safeHref } from "./mrkdwn.ts";

export type MarkdownPart =
  | { readonly kind: "heading"; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: "paragraph" | "quote" | "pre"; readonly children: readonly Inline[] }
  | { readonly kind: "list"; readonly items: readonly ListItem[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly (readonly Inline[])[])[] }
  | { readonly kind: "rule" };

interface ListItem {
  readonly depth: number;
  /** Undefined: a bullet. */
  readonly number: number | undefined;
  readonly children: readonly Inline[];
}

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

/** Parses a whole Markdown text; what is not understood stays as it was written. */
export function parseMarkdown(text: string): readonly MarkdownPart[] {
  const parts: MarkdownPart[] = [];
  const lines = text.split("\n");
  let at = 0;
  while (at < lines.length) {
    const { part, taken } = parsePart(lines, at);
    if (part !== undefined) parts.push(part);
    at += taken;
  }
  return parts;
}

interface Parsed {
  readonly part: MarkdownPart | undefined;
  readonly taken: number;
}

function parsePart(lines: readonly string[], at: number): Parsed {
  const line = lines[at] ?? "";
  if (line.trim() === "") return { part: undefined, taken: 1 };
  if (line.startsWith("```")) return parseFence(lines, at);
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading !== null) {
    const [, marks = "", words = ""] = heading;
    return { part: { kind: "heading", level: marks.length, children: inline(words) }, taken: 1 };
  }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return { part: { kind: "rule" }, taken: 1 };
  if (ITEM.test(line)) return parseList(lines, at);
  if (line.startsWith(">")) {
    const taken = countWhile(lines, at, (next) => next.startsWith(">"));
    const quoted = lines.slice(at, at + taken).map((next) => next.replace(/^>\s?/, ""));
    return { part: { kind: "quote", children: inline(quoted.join("\n")) }, taken };
  }
  if (isRow(line) && /^[\s|:-]+$/.test(lines[at + 1] ?? "")) return parseTable(lines, at);
  const taken = 1 + countWhile(lines, at + 1, (next) => next.trim() !== "" && !startsPart(next));
  const paragraph = lines.slice(at, at + taken).join("\n");
  return { part: { kind: "paragraph", children: inline(paragraph) }, taken };
}

function startsPart(line: string): boolean {
  return /^(```|#{1,6}\s|>)/.test(line) || ITEM.test(line);
}

function parseFence(lines: readonly string[], at: number): Parsed {
  const length = countWhile(lines, at + 1, (next) => !next.startsWith("```"));
  const code = lines.slice(at + 1, at + 1 + length).join("\n");
  return { part: { kind: "pre", children: [{ kind: "text", text: code }] }, taken: length + 2 };
}

function parseList(lines: readonly string[], at: number): Parsed {
  const taken = countWhile(lines, at, (next) => ITEM.test(next));
  const items = lines.slice(at, at + taken).map((line) => {
    const [, indent = "", mark = "", words = ""] = ITEM.exec(line) ?? [];
    const number = /^\d/.test(mark) ? Number.parseInt(mark, 10) : undefined;
    return { depth: Math.floor(indent.length / 2), number, children: inline(words) };
  });
  return { part: { kind: "list", items }, taken };
}

function parseTable(lines: readonly string[], at: number): Parsed {
  const taken = countWhile(lines, at, isRow);
  const rows = lines
    .slice(at, at + taken)
    .filter((_, index) => index !== 1)
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => inline(cell.trim())),
    );
  return { part: { kind: "table", rows }, taken };
}

function isRow(line: string): boolean {
  return line.trim().startsWith("|");
}

function countWhile(
  lines: readonly string[],
  from: number,
  test: (line: string) => boolean,
): number {
  let count = 0;
  while (from + count < lines.length && test(lines[from + count] ?? "")) count += 1;
  return count;
}

const INLINE =
  /\\([\\`*_~[\]()#+\-.!|>])|`([^`\n]+)`|\[([^\]\n]+)\]\(([^()\s]+)\)|\*\*(?=\S)([^\n]*?\S)\*\*|~~(?=\S)([^\n]*?\S)~~|\*(?=\S)([^*\n]*?\S)\*|(?<![\p{L}\p{N}])_(?=\S)([^_\n]*?\S)_(?![\p{L}\p{N}])|:([a-z0-9_+-]+):|\n/gu;

function inline(text: string): readonly Inline[] {
  const nodes: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const before = text.slice(from, match.index);
    if (before !== "") nodes.push({ kind: "text", text: before });
    nodes.push(nodeOf(match));
    from = match.index + match[0].length;
  }
  const rest = text.slice(from);
  if (rest !== "") nodes.push({ kind: "text", text: rest });
  return nodes;
}

function nodeOf(match: RegExpExecArray): Inline {
  const [whole, escaped, code, label, url, bold, strike, starred, underscored, shortcode] = match;
  if (whole === "\n") return { kind: "break" };
  if (escaped !== undefined) return { kind: "text", text: escaped };
  if (code !== undefined) return { kind: "code", children: [{ kind: "text", text: code }] };
  if (bold !== undefined) return { kind: "bold", children: inline(bold) };
  if (strike !== undefined) return { kind: "strike", children: inline(strike) };
  const italic = starred ?? underscored;
  if (italic !== undefined) return { kind: "italic", children: inline(italic) };
  const href = url === undefined ? undefined : safeHref(url);
  if (href !== undefined && label !== undefined) {
    return { kind: "link", href, children: inline(label) };
  }
  const character = shortcode === undefined ? undefined : emojiFor(shortcode);
  if (character !== undefined) return { kind: "emoji", name: shortcode ?? "", character };
  return { kind: "text", text: whole };
}
