/** Digests, the words: one message that a finance lead reads in half a minute. Pure. */
import { dayText, lastDayText, monthText, weekdayText } from "../../domain/date-text.ts";
import { formatUsd, type Usd, ZERO_USD } from "../../domain/money.ts";
import type { Instant, Period, PeriodKind, TimeZone } from "../../domain/time.ts";
import {
  type Block,
  bar,
  context,
  escapeText,
  fields,
  header,
  message,
  type SlackMessage,
  section,
  slackDate,
} from "../../slack/blocks.ts";
import type { DigestInterval, Mover } from "./rules.ts";

export interface DigestContent {
  readonly name: string;
  readonly every: DigestInterval;
  readonly zone: TimeZone;
  readonly period: Period;
  readonly cost: Usd | undefined;
  readonly previousCost: Usd | undefined;
  readonly requests: number;
  readonly by: "team" | "project";
  readonly owners: readonly (Mover & { readonly name: string | null })[];
  readonly models: readonly Mover[];
  readonly budgets: readonly {
    readonly name: string;
    readonly periodKind: PeriodKind;
    readonly percent: number;
    readonly limit: Usd;
    readonly spend: Usd;
  }[];
  readonly openRequests: readonly string[];
  readonly rejectedEvents: number;
  /** Alerts and other messages that nobody got. */
  readonly undelivered: number;
  readonly asOf: Instant;
}

const ROWS_MAX = 5;
const BUDGETS_MAX = 6;
const SPAN_BEFORE: Readonly<Record<DigestInterval, string>> = {
  day: "the day before",
  week: "the week before",
  month: "the month before",
};

export function digestMessage(content: DigestContent): SlackMessage {
  const cost = content.cost ?? ZERO_USD;
  const when = spanText(content);
  const change = totalChangeText(cost, content);
  const text = `${content.name} spent ${formatUsd(cost)} ${when}${change === undefined ? "" : ` (${change})`}.`;
  const blocks: Block[] = [
    header(`${content.name} · ${formatUsd(cost)} ${when}`),
    section(
      content.requests === 0
        ? "No usage was reported."
        : [
            ...(change === undefined ? [] : [`*${capitalized(change)}*`]),
            countText(content.requests, "request", "requests"),
          ].join(" · "),
    ),
  ];
  if (content.requests > 0) {
    blocks.push(
      fields([
        listText(content.by === "team" ? "By team" : "By project", content.owners, content.by),
        listText(
          "By model",
          content.models.map((mover) => ({ ...mover, name: mover.key })),
          "model",
        ),
      ]),
    );
  }
  if (content.budgets.length > 0) blocks.push(section(budgetsText(content.budgets)));
  if (content.openRequests.length > 0) {
    blocks.push(
      section(
        `*Waiting for a decision*\n${content.openRequests.map((title) => `• ${escapeText(title)}`).join("\n")}`,
      ),
    );
  }
  if (content.rejectedEvents > 0) {
    blocks.push(
      section(
        `:warning: ${countText(content.rejectedEvents, "usage event was rejected and is", "usage events were rejected and are")} not in these numbers. \`claude-spend doctor\` lists why.`,
      ),
    );
  }
  if (content.undelivered > 0) {
    blocks.push(
      section(
        `:warning: ${countText(content.undelivered, "message", "messages")} reached nobody: a channel or person is not to be found in Slack. \`claude-spend doctor\` says which.`,
      ),
    );
  }
  blocks.push(
    context(
      `Estimated from usage events · as of ${slackDate(content.asOf, "{date_short_pretty} {time}", content.asOf.toISOString())} · details: \`/claude-spend\``,
    ),
  );
  return message(text, blocks);
}

function spanText({ every, period: { start, end }, zone, asOf }: DigestContent): string {
  switch (every) {
    case "day":
      return `on ${weekdayText(start, zone)}`;
    case "week":
      return `from ${dayText(start, zone, asOf)} to ${lastDayText(end, zone, asOf)}`;
    case "month":
      return `in ${monthText(start, zone)}`;
  }
}

function listText(
  title: string,
  rows: readonly (Mover & { readonly name: string | null })[],
  kind: "team" | "project" | "model",
): string {
  const shown = rows.filter((row) => row.cost !== 0n);
  const lines = shown.slice(0, ROWS_MAX).map((row) => {
    const change = changeText(row.cost, row.previousCost);
    const name = row.name === null ? emptyName(kind) : escapeText(row.name);
    return `${formatUsd(row.cost)}  ${name}${change === undefined ? "" : `  _${change}_`}`;
  });
  const rest = shown.length - ROWS_MAX;
  return [`*${title}*`, ...lines, ...othersLine(rest)].join("\n");
}

function emptyName(kind: "team" | "project" | "model"): string {
  return kind === "team" ? "_Unallocated_" : `_no ${kind}_`;
}

function budgetsText(budgets: DigestContent["budgets"]): string {
  const nearest = budgets.toSorted((left, right) => right.percent - left.percent);
  const lines = nearest
    .slice(0, BUDGETS_MAX)
    .map(
      ({ name, percent, limit, spend, periodKind }) =>
        `${bar(percent)} *${String(percent)}%* ${escapeText(name)} · ${formatUsd(spend)} of ${formatUsd(limit)} ${periodKind}`,
    );
  const rest = nearest.length - BUDGETS_MAX;
  return ["*Budgets*", ...lines, ...othersLine(rest)].join("\n");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function othersLine(count: number): string[] {
  return count > 0 ? [`…and ${countText(count, "other", "others")}`] : [];
}

function countText(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** "▲ 12% vs the day before"; undefined when there is nothing to compare with. */
function totalChangeText(now: Usd, { every, previousCost }: DigestContent): string | undefined {
  const change = changeText(now, previousCost);
  if (change === undefined) return undefined;
  return `${change === UNCHANGED ? "as much as" : `${change} vs`} ${SPAN_BEFORE[every]}`;
}

const UNCHANGED = "unchanged";

/** "▲ 12%"; undefined when there is nothing to compare with. */
function changeText(now: Usd, before: Usd | undefined): string | undefined {
  if (before === undefined || before <= 0n) return undefined;
  const percent = Number(((now - before) * 100n) / before);
  if (percent === 0) return UNCHANGED;
  return `${percent > 0 ? "▲" : "▼"} ${Math.abs(percent).toLocaleString("en-US")}%`;
}
