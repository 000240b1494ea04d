/**
 * Slack's mrkdwn as a tree of plain values; what the tree looks like is decided in rich-text.tsx.
 * Pure, so that a test can hold it to its promise: text that was escaped as Slack asks for never
 * becomes a link, a mention or formatting, and no input yields a link with an unsafe scheme.
 */
import { emojiFor } from "./emoji.ts";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "bold" | "italic" | "strike" | "code"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] }
  | { readonly kind: "emoji"; readonly name: string; readonly character: string }
  | { readonly kind: "user" | "channel" | "usergroup"; readonly id: string; readonly label: string }
  | { readonly kind: "broadcast"; readonly range: string }
  | {
      readonly kind: "date";
      readonly seconds: number;
      readonly format: string;
      readonly href: string | undefined;
      readonly fallback: string;
    };

export type Paragraph = {
  readonly kind: "lines" | "quote" | "pre";
  readonly children: readonly Inline[];
};

/** Between these, text is taken as it stands: our own messages put it behind escaped characters. */
const WORD_JOINER = "\u2060";
const FORMATS = { "*": "bold", _: "italic", "~": "strike" } as const;
type Marker = keyof typeof FORMATS;

interface Mode {
  /** Whether bare URLs become links. */
  readonly linksUrls: boolean;
  /** Formats around this text, which don't nest in themselves. */
  readonly inside: string;
}

/** Parses a whole mrkdwn text. With `verbatim`, bare URLs stay text. */
export function parseMrkdwn(text: string, verbatim = false): readonly Paragraph[] {
  const mode: Mode = { linksUrls: !verbatim, inside: "" };
  const paragraphs: Paragraph[] = [];
  // Odd parts are what stood between two fences.
  for (const [index, part] of text.split(/```([^]+?)```/).entries()) {
    if (index % 2 === 1) {
      paragraphs.push({ kind: "pre", children: parsePreformatted(part.replace(/^\n/, "")) });
    } else {
      const before = paragraphs.length > 0 ? part.replace(/^\n/, "") : part;
      if (before !== "") paragraphs.push(...parseLines(before, mode));
    }
  }
  return paragraphs;
}

/** Text without any formatting: plain_text, with emoji unless the text object says otherwise. */
export function parsePlain(text: string, hasEmoji = true): readonly Inline[] {
  const nodes: Inline[] = [];
  let from = 0;
  const matches = hasEmoji ? text.matchAll(/:([a-z0-9_+-]+):|\n/g) : text.matchAll(/\n/g);
  for (const match of matches) {
    const node = match[0] === "\n" ? BREAK : emoji(match[1] ?? "");
    if (node === undefined) continue;
    pushText(nodes, text.slice(from, match.index));
    nodes.push(node);
    from = match.index + match[0].length;
  }
  pushText(nodes, text.slice(from));
  return nodes;
}

const BREAK: Inline = { kind: "break" };

/** Links that a click may follow; anything else ("javascript:") is shown as text. */
export function safeHref(url: string): string | undefined {
  return /^(https?:\/\/|mailto:|tel:)/i.test(url) ? url : undefined;
}

function parseLines(text: string, mode: Mode): readonly Paragraph[] {
  const groups: { kind: "lines" | "quote"; lines: string[] }[] = [];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const toEnd = /^(?:>|&gt;){3} ?/.exec(line);
    if (toEnd !== null) {
      groups.push({
        kind: "quote",
        lines: [line.slice(toEnd[0].length), ...lines.slice(index + 1)],
      });
      break;
    }
    const quote = /^(?:>|&gt;) ?/.exec(line);
    const kind = quote === null ? "lines" : "quote";
    const words = quote === null ? line : line.slice(quote[0].length);
    const last = groups.at(-1);
    if (last?.kind === kind) last.lines.push(words);
    else groups.push({ kind, lines: [words] });
  }
  return groups
    .map(({ kind, lines: own }) => ({ kind, children: parseInline(own.join("\n"), mode) }))
    .filter(({ kind, children }) => kind === "quote" || children.length > 0);
}

function parsePreformatted(text: string): readonly Inline[] {
  const nodes: Inline[] = [];
  for (const part of text.split(/(<[^<>\n]+>)/)) {
    const node = part.startsWith("<") ? parseToken(part) : undefined;
    if (node === undefined) pushText(nodes, unescape(part));
    else nodes.push(node);
  }
  return nodes;
}

function parseInline(text: string, mode: Mode): readonly Inline[] {
  const nodes: Inline[] = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = parseAt(text, at, mode);
    if (found === undefined) {
      plain += text[at] ?? "";
      at += 1;
      continue;
    }
    pushText(nodes, unescape(plain));
    plain = "";
    nodes.push(found.node);
    at += found.length;
  }
  pushText(nodes, unescape(plain));
  return nodes;
}

interface Found {
  readonly node: Inline;
  readonly length: number;
}

function parseAt(text: string, at: number, mode: Mode): Found | undefined {
  const character = text[at];
  switch (character) {
    case "\n":
      return { node: BREAK, length: 1 };
    case "<": {
      const token = matchAt(/<[^<>\n]+>/y, text, at);
      const node = token === undefined ? undefined : parseToken(token);
      return node && token !== undefined ? { node, length: token.length } : undefined;
    }
    case "`": {
      const code = matchAt(/`(?!\u2060)[^`\n]+`(?!\u2060)/y, text, at);
      if (code === undefined) return undefined;
      return {
        node: { kind: "code", children: parsePreformatted(code.slice(1, -1)) },
        length: code.length,
      };
    }
    case ":": {
      const code = matchAt(/:[a-z0-9_+-]+:/y, text, at);
      const node = code === undefined ? undefined : emoji(code.slice(1, -1));
      return node && code !== undefined ? { node, length: code.length } : undefined;
    }
    case "*":
    case "_":
    case "~":
      return parseFormat(text, at, character, mode);
    case "h":
      return mode.linksUrls && isBoundary(text[at - 1]) ? parseUrl(text, at) : undefined;
    default:
      return undefined;
  }
}

function parseFormat(text: string, at: number, marker: Marker, mode: Mode): Found | undefined {
  const next = text[at + 1];
  const canOpen =
    !mode.inside.includes(marker) &&
    isBoundary(text[at - 1]) &&
    next !== undefined &&
    !/\s/.test(next) &&
    next !== WORD_JOINER &&
    next !== marker;
  const end = canOpen ? findClosing(text, at + 1, marker) : undefined;
  if (end === undefined) return undefined;
  const children = parseInline(text.slice(at + 1, end), { ...mode, inside: mode.inside + marker });
  return { node: { kind: FORMATS[marker], children }, length: end + 1 - at };
}

/** The marker that ends a format: on the same line, after no space, outside tokens and code. */
function findClosing(text: string, from: number, marker: Marker): number | undefined {
  let at = from;
  while (at < text.length && text[at] !== "\n") {
    const skipped = matchAt(/<[^<>\n]+>|`(?!\u2060)[^`\n]+`(?!\u2060)/y, text, at);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const next = text[at + 1];
    const closes = text[at] === marker && at > from && !/\s/.test(text[at - 1] ?? " ");
    if (closes && next !== WORD_JOINER && next !== marker && isBoundary(next)) return at;
    at += 1;
  }
  return undefined;
}

function isBoundary(character: string | undefined): boolean {
  return character === undefined || !/[\p{L}\p{N}]/u.test(character);
}

function parseUrl(text: string, at: number): Found | undefined {
  const url = matchAt(/https?:\/\/[^\s<>|*`]*[^\s<>|*`.,;:!?)'"\]_~]/y, text, at);
  if (url === undefined) return undefined;
  const href = unescape(url);
  return {
    node: { kind: "link", href, children: [{ kind: "text", text: href }] },
    length: url.length,
  };
}

/** What stands in angle brackets; undefined when it is none of Slack's forms. */
function parseToken(token: string): Inline | undefined {
  const inner = token.slice(1, -1);
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  if (/^@[UWB]/.test(target)) return { kind: "user", id: target.slice(1), label };
  if (/^#[CG]/.test(target)) return { kind: "channel", id: target.slice(1), label };
  if (target.startsWith("!")) return parseSpecial(target.slice(1), label);
  const href = safeHref(unescape(target));
  if (href === undefined) return undefined;
  const shown = label === "" ? href.replace(/^mailto:/i, "") : label;
  return { kind: "link", href, children: parsePlain(shown) };
}

function parseSpecial(target: string, label: string): Inline | undefined {
  const [name = "", first = "", format = "", link = ""] = target.split("^");
  if (name === "here" || name === "channel" || name === "everyone") {
    return { kind: "broadcast", range: name };
  }
  if (name === "subteam" && first !== "") return { kind: "usergroup", id: first, label };
  if (name === "date" && /^-?\d{1,12}$/.test(first)) {
    const href = safeHref(unescape(link));
    return {
      kind: "date",
      seconds: Number(first),
      format: unescape(format),
      href,
      fallback: label,
    };
  }
  return label === "" ? undefined : { kind: "text", text: label };
}

function emoji(name: string): Inline | undefined {
  const character = emojiFor(name);
  return character === undefined ? undefined : { kind: "emoji", name, character };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}

function pushText(nodes: Inline[], text: string): void {
  if (text !== "") nodes.push({ kind: "text", text });
}

/** `&amp;` last, so that an escaped entity is not unescaped twice. */
function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
