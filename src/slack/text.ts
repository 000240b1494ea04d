/**
 * Texts for Slack, each within its limit for any input: what people typed made harmless, cut to
 * size, wrapped into Block Kit's text objects. Pure; the blocks around them are `blocks.ts`.
 */
import type { Mrkdwn, PlainText } from "./block-types.ts";

/** Ours: nobody types more. */
const COMMAND_CHARS_MAX = 200;
const FALLBACK_CHARS_MAX = 4_000;

/** Makes text that people typed harmless in mrkdwn: no mention, link or formatting comes of it. */
export function escapeText(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      // A word joiner after a format character keeps it visible but without effect.
      .replace(/[*_~`]/g, "$&\u2060")
  );
}

/**
 * Something to copy and type, in a code span: only what would end the span or make markup is
 * replaced.
 */
export function commandText(text: string): string {
  const safe = text
    .replaceAll("`", "'")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return `\`${truncate(safe, COMMAND_CHARS_MAX)}\``;
}

/** At most `charsMax` characters, the last an ellipsis when something was cut. Never empty. */
export function truncate(text: string, charsMax: number): string {
  const characters = storable(text);
  if (characters.length <= charsMax) return characters === "" ? " " : characters;
  const cut = characters.slice(0, charsMax - 1);
  // Never cut a surrogate pair or an escape in two.
  return `${cut.replace(/[\uD800-\uDBFF]$/, "").replace(/&[a-z]{0,3}$/, "")}…`;
}

/**
 * Without what Postgres and Slack's form encoding refuse (control characters, halves of surrogate
 * pairs) and without direction overrides, which can make a number read backwards.
 */
function storable(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- removing them is the point
      .replace(/[\u0000-\u0008\u000B-\u001F\u007F\u202A-\u202E\u2066-\u2069]/g, "")
      .replace(/\p{Surrogate}/gu, "\uFFFD")
  );
}

export function plain(text: string, charsMax: number): PlainText {
  return { type: "plain_text", text: truncate(text, charsMax), emoji: true };
}

/** Markup of ours, in which no text can call a channel or turn into a link by accident. */
export function mrkdwn(text: string, charsMax: number): Mrkdwn {
  const quiet = withoutAccidents(text);
  const fitting = truncate(quiet, charsMax);
  // A link or date that was cut in two would show its markup.
  const whole = quiet.length > charsMax ? fitting.replace(/<[^<>]*…$/, "…") : fitting;
  return { type: "mrkdwn", text: whole, verbatim: true };
}

/**
 * The second net below `escapeText`: this bot never has a reason to call a whole channel, and
 * "<$0.01" is an amount, not the beginning of a link.
 */
function withoutAccidents(text: string): string {
  return text
    .replace(/<(?=!(?:channel|here|everyone|group|subteam))/gi, "&lt;")
    .replace(/<(?=\$)/g, "&lt;")
    .replace(/>(?=-\$)/g, "&gt;");
}

/**
 * What a notification says, and a place that shows no blocks: markup, too, so names in it are
 * escaped. Never blank, which Slack refuses.
 */
export function fallbackText(text: string): string {
  const said = truncate(withoutAccidents(text), FALLBACK_CHARS_MAX);
  return said.trim() === "" ? NO_TEXT : said;
}

/** Stands where a name, cell or label is empty, which Slack refuses. */
export const NO_TEXT = "–";

/** One line of plain text, never empty, at most `charsMax` characters. */
export function oneLine(text: string, charsMax: number): string {
  const words = storable(text).replace(/\s+/g, " ").trim();
  return words === "" ? NO_TEXT : truncate(words, charsMax).replace(/\s…$/, "…");
}
