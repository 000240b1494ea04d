/** Digests, the words: one message that a finance lead reads in half a minute. Pure. */
import { dayText, lastDayText, monthText, weekdayText } from "../../domain/date-text.ts";
import { formatUsd, type Usd, ZERO_USD } from "../../domain/money.ts";
import type { Instant, Period, TimeZone } from "../../domain/time.ts";
import {
  actions,
  type Block,
  context,
  fields,
  header,
  message,
  type SlackMessage,
  section,
  slackDate,
} from "../../slack/blocks.ts";
import { digestChart } from "./messages/chart.ts";
import { type Decisions, decisionButtons, decisionLines } from "./messages/decisions.ts";
import {
  budgetsText,
  capitalized,
  changeText,
  countText,
  movedText,
  type NamedMover,
  type NewThings,
  newText,
  teamsText,
  topText,
  UNCHANGED,
} from "./messages/parts.ts";
import type { DayPoint, DigestBudget } from "./rules/content.ts";
import type { DigestInterval } from "./rules.ts";

export interface DigestContent {
  /** How people call the scope; "You" where it is the reader's own. */
  readonly name: string;
  /** Typed after the command it shows the same scope. */
  readonly typed: string;
  readonly isOwn: boolean;
  readonly every: DigestInterval;
  readonly zone: TimeZone;
  readonly period: Period;
  readonly cost: Usd;
  readonly previousCost: Usd;
  readonly requests: number;
  /** Absent where there is nothing to draw. */
  readonly days: readonly DayPoint[];
  readonly by: "team" | "project";
  readonly owners: readonly NamedMover[];
  readonly models: readonly NamedMover[];
  readonly news: NewThings;
  readonly budgets: readonly DigestBudget[];
  /** Of a person: what their teams spent, as far as they may see it. */
  readonly teams: readonly NamedMover[];
  readonly decisions: Decisions;
  readonly basis: {
    readonly kind: "estimated" | "billed" | "reconciled";
    readonly asOf: Instant | undefined;
  };
  /** When usage was last received; undefined: never. */
  readonly lastUsageAt: Instant | undefined;
  readonly asOf: Instant;
}

const SPAN_BEFORE: Readonly<Record<DigestInterval, string>> = {
  day: "the day before",
  week: "the week before",
  month: "the month before",
};

export function digestMessage(content: DigestContent): SlackMessage {
  const { cost, previousCost, requests, name } = content;
  const when = spanText(content);
  const change = totalChangeText(content);
  const text = `${name} spent ${formatUsd(cost)} ${when}${change === undefined ? "" : ` (${change})`}.`;
  const chart = requests === 0 && previousCost === 0n ? undefined : digestChart(content);
  const blocks: Block[] = [
    header(`${name} · ${formatUsd(cost)} ${when}`),
    section(summary(content)),
  ];
  if (chart !== undefined) blocks.push(chart);
  if (requests > 0) {
    const lists = [
      topText(content.by === "team" ? "By team" : "By project", content.owners, content.by),
      topText("By model", content.models, "model"),
    ].filter((list) => list !== undefined);
    if (lists.length > 0) blocks.push(fields(lists));
  }
  const moved = movedText(content.owners, content.models);
  const parts = [
    moved,
    newText(content.news),
    teamsText(content.teams),
    budgetsText(content.budgets),
  ];
  for (const part of parts) if (part !== undefined) blocks.push(section(part));
  const decisions = decisionLines(content.decisions);
  if (decisions.length > 0) blocks.push(section(["*Needs a decision*", ...decisions].join("\n")));
  blocks.push(context(freshnessText(content)));
  blocks.push(actions(decisionButtons(content)));
  return message(text, blocks);
}

/** "*▲ 65% vs the day before* ($40.00) · 2 requests". */
function summary(content: DigestContent): string {
  const { requests, previousCost, every } = content;
  const change = totalChangeText(content);
  const before =
    previousCost > 0n
      ? `${capitalized(SPAN_BEFORE[every])}: ${formatUsd(previousCost)}`
      : undefined;
  const compared =
    change === undefined ? [] : [`*${capitalized(change)}* (${formatUsd(previousCost)})`];
  if (requests === 0) {
    return ["Nothing was used.", ...(before === undefined ? [] : [`${before}.`])].join(" ");
  }
  return [...compared, countText(requests, "request", "requests")].join(" · ");
}

function spanText({ every, period: { start, end }, zone, asOf }: DigestContent): string {
  switch (every) {
    case "day":
      return `on ${weekdayText(start, zone)}`;
    case "week":
      return `from ${dayText(start, zone, asOf)} to ${lastDayText(end, zone, asOf)}`;
    case "month":
      return isCalendarMonth(start, zone)
        ? `in ${monthText(start, zone)}`
        : `from ${dayText(start, zone, asOf)} to ${lastDayText(end, zone, asOf)}`;
  }
}

/** A fiscal month has no name. */
function isCalendarMonth(start: Instant, zone: TimeZone): boolean {
  return dayText(start, zone, start).endsWith(" 1");
}

const BASIS_TEXTS = {
  estimated: "Estimated from usage events",
  billed: "Compared with Anthropic's bill, with differences",
  reconciled: "Reconciled with Anthropic's bill",
} as const;

/** What the figures rest on, and up to when. */
function freshnessText({ basis, asOf, lastUsageAt }: DigestContent): string {
  const parts = [`${BASIS_TEXTS[basis.kind]} · as of ${momentText(basis.asOf ?? asOf)}`];
  if (lastUsageAt === undefined) parts.push("no usage was ever received");
  else parts.push(`last usage ${momentText(lastUsageAt)}`);
  return parts.join(" · ");
}

function momentText(at: Instant): string {
  return slackDate(at, "{date_short_pretty} {time}", at.toISOString());
}

/** "▲ 12% vs the day before"; undefined when there is nothing to compare with. */
function totalChangeText({ cost, every, previousCost }: DigestContent): string | undefined {
  const change = changeText(cost, previousCost);
  if (change === undefined || cost === ZERO_USD) return undefined;
  return `${change === UNCHANGED ? "as much as" : `${change} vs`} ${SPAN_BEFORE[every]}`;
}
