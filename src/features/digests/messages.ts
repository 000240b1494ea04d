/** Digests, the words: one message that a finance lead reads in half a minute. Pure. */
import { changeText, UNCHANGED } from "../../domain/change-text.ts";
import { dayText, lastDayText, monthText, weekdayText } from "../../domain/date-text.ts";
import { formatUsd, type Usd, ZERO_USD } from "../../domain/money.ts";
import type { Instant, Period, TimeZone } from "../../domain/time.ts";
import { basisText, freshText } from "../../slack/basis-text.ts";
import {
  actions,
  type Block,
  context,
  escapeText,
  fields,
  header,
  message,
  type SlackMessage,
  section,
} from "../../slack/blocks.ts";
import { digestChart } from "./messages/chart.ts";
import { type Decisions, decisionButtons, decisionLines } from "./messages/decisions.ts";
import {
  budgetsText,
  capitalized,
  countText,
  movedText,
  type NamedMover,
  type NewThings,
  newText,
  teamsText,
  topText,
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
  readonly dataUntil: Instant | undefined;
  readonly asOf: Instant;
}

const SPAN_BEFORE: Readonly<Record<DigestInterval, string>> = {
  day: "the day before",
  week: "the week before",
  month: "the month before",
};

export function digestMessage(content: DigestContent): SlackMessage {
  const blocks = [...digestBlocks(content), actions(decisionButtons(content))];
  return message(digestText(content), blocks);
}

/** The digest in one sentence. */
export function digestText(content: DigestContent): string {
  const change = totalChangeText(content);
  return `${escapeText(content.name)} spent ${formatUsd(content.cost)} ${spanText(content)}${change === undefined ? "" : ` (${change})`}.`;
}

/** All of it but the buttons. */
export function digestBlocks(content: DigestContent): readonly Block[] {
  const { requests, previousCost, owners, models, decisions } = content;
  const chart = requests === 0 && previousCost === 0n ? undefined : digestChart(content);
  const lists = [
    topText(content.by === "team" ? "By team" : "By project", owners, content.by),
    topText("By model", models, "model"),
  ].filter((list) => list !== undefined);
  const waiting = decisionLines(decisions);
  const parts = [
    movedText(owners, models, content.by),
    newText(content.news),
    teamsText(content.teams),
    budgetsText(content.budgets),
    waiting.length === 0 ? undefined : ["*Needs a decision*", ...waiting].join("\n"),
  ].filter((part) => part !== undefined);
  return [
    header(`${content.name} · ${formatUsd(content.cost)} ${spanText(content)}`),
    section(summary(content)),
    ...(chart === undefined ? [] : [chart]),
    ...(requests > 0 && lists.length > 0 ? [fields(lists)] : []),
    ...parts.map((part) => section(part)),
    context(freshnessText(content)),
  ];
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

/** What the figures rest on, and up to when. */
function freshnessText({ basis, asOf, dataUntil }: DigestContent): string {
  const { kind, asOf: at = asOf } = basis;
  return `${basisText({ kind, asOf: at.toISOString() })} · ${freshText({ asOf, dataUntil })}`;
}

/** "▲ 12% vs the day before"; undefined when there is nothing to compare with. */
function totalChangeText({ cost, every, previousCost }: DigestContent): string | undefined {
  const change = changeText(cost, previousCost);
  if (change === undefined || cost === ZERO_USD) return undefined;
  return `${change === UNCHANGED ? "as much as" : `${change} vs`} ${SPAN_BEFORE[every]}`;
}
