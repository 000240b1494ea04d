/** Phrases that the messages of alerts share. Pure. */
import type { AlertContent, AlertDriverKind, AlertWords } from "../../../domain/alert.ts";
import { formatUsd } from "../../../domain/money.ts";
import {
  bar,
  commandText,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { askAgain, type Suggestion } from "../../../slack/suggestions.ts";
import type { Alert } from "../rules.ts";

const NAME_CHARS_MAX = 120;
const LINE_CHARS_MAX = 600;

const DRIVERS_CALLED: Readonly<
  Record<AlertDriverKind, { readonly one: string; readonly many: string }>
> = {
  team: { one: "team", many: "teams" },
  project: { one: "project", many: "projects" },
  user: { one: "person", many: "people" },
  model: { one: "model", many: "models" },
  api_key: { one: "key", many: "keys" },
  session: { one: "session", many: "sessions" },
};

/** A name that people chose, short enough for a sentence and harmless in mrkdwn. */
export function nameText(name: string): string {
  return escapeText(truncate(name, NAME_CHARS_MAX));
}

/** Of our own command line, between backticks: to be copied, and nothing that people chose. */
const OWN_COMMAND = /`(\/?claude-spend [A-Za-z0-9 ._-]+)`/;

/** Text of somebody else's making, as one harmless line. */
export function lineText(text: string): string {
  return truncate(text.replaceAll(/\s+/g, " "), LINE_CHARS_MAX)
    .split(OWN_COMMAND)
    .map((part, index) => (index % 2 === 1 ? commandText(part) : escapeText(part)))
    .join("");
}

export function boldText(words: readonly AlertWords[]): string {
  return words
    .map((part) => (typeof part === "string" ? lineText(part) : `*${lineText(part.strong)}*`))
    .join("");
}

/** For notifications, which show no markup. */
export function plainText(words: readonly AlertWords[]): string {
  return words.map((part) => lineText(typeof part === "string" ? part : part.strong)).join("");
}

export function iconOf({ kind, severity }: Pick<Alert, "kind" | "severity">): string {
  if (kind === "recovery") return ":white_check_mark:";
  if (kind === "reset") return ":arrows_counterclockwise:";
  if (severity === "critical") return ":rotating_light:";
  return severity === "warning" ? ":warning:" : ":information_source:";
}

export function barText(percent: number): string {
  return `${bar(percent)} *${String(percent)}%*`;
}

/** "Top projects: checkout $210.00, ranking $130.00 (usually $40.00)"; undefined without any. */
export function driversText(drivers: AlertContent["drivers"]): string | undefined {
  if (drivers === undefined || drivers.top.length === 0) return undefined;
  const parts = drivers.top.map(({ name, cost, normal }) => {
    const usually = normal === undefined ? "" : ` (usually ${formatUsd(normal)})`;
    return `${nameText(name)} ${formatUsd(cost)}${usually}`;
  });
  const { one, many } = DRIVERS_CALLED[drivers.by];
  return `Top ${drivers.top.length === 1 ? one : many}: ${parts.join(", ")}`;
}

/** A private answer of one paragraph; the same words in the notification. Suggestions are its buttons. */
export function answer(text: string, suggestions: readonly Suggestion[] = []): SlackMessage {
  return message(text, [section(text), ...askAgain(suggestions)]);
}
