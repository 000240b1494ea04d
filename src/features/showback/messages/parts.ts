/** Phrases and rows that the messages of showback share. Pure. */
import { changeText, UNCHANGED } from "../../../domain/change-text.ts";
import { dayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, type Usd, usd } from "../../../domain/money.ts";
import { formatEstimate, formatLimit } from "../../../domain/money-brief.ts";
import { addMs, type Instant, type Period, type TimeZone } from "../../../domain/time.ts";
import { type Button, bar, button, escapeText } from "../../../slack/blocks.ts";
import type { BudgetShare, Dimension } from "../rules.ts";

/** "▰▰▰▰▰▰▰▱▱▱ 71% of $500 monthly · $145.00 left · forecast $549 (109%)". */
export function budgetLine({ percent, limit, spend, periodKind, forecast }: BudgetShare): string {
  const left = limit - spend;
  const rest = left >= 0n ? `${formatUsd(usd(left))} left` : `${formatUsd(usd(-left))} over`;
  const heading =
    // What was spent since it was made can have overtaken it.
    forecast === undefined || forecast.expected < spend
      ? ""
      : ` · forecast ${formatEstimate(forecast.expected)} (${String(percentOf(forecast.expected, limit))}%)`;
  return `${bar(percent)} *${String(percent)}%* of ${formatLimit(limit)} ${periodKind} · ${rest}${heading}`;
}

export function raiseButton(budget: BudgetShare): Button {
  return button({
    actionId: "budget_request_raise",
    text: "Request raise",
    value: budget.raiseValue,
  });
}

/** "▲ 12% vs", to be followed by what; undefined when there is nothing to compare with. */
export function comparedText(now: Usd, before: Usd): string | undefined {
  const change = changeText(now, before);
  if (change === undefined) return undefined;
  return change === UNCHANGED ? "as much as" : `${change} vs`;
}

/** "Oct 1–23", "Sep 28–Oct 4", "Nov 3". */
export function daysText({ start, end }: Period, zone: TimeZone, now: Instant): string {
  const from = dayText(start, zone, now);
  const to = dayText(addMs(end, -1), zone, now);
  if (from === to) return from;
  const [month = "", day = ""] = to.split(" ");
  const isSameMonth = from.startsWith(`${month} `) && !to.includes(",");
  return isSameMonth ? `${from}–${day}` : `${from} – ${to}`;
}

/** Of a row without a key: a key that is none of what was asked for. */
const NONE: Readonly<Record<Dimension, string>> = {
  team: "Unallocated",
  project: "no project",
  user: "no person",
  model: "no model",
  api_key: "no API key",
};

/** Plain, for a chart or table. */
export function plainName(key: Dimension, value: string | null): string {
  return value ?? NONE[key];
}

/** For mrkdwn. */
export function nameOf(key: Dimension, value: string | null): string {
  return value === null ? `_${NONE[key]}_` : escapeText(value);
}

/** What part of the whole something positive is, to the nearest percent: "53%", "&lt;1%". */
export function sharePercentText(part: Usd, whole: Usd): string {
  const percent = (part * 200n + whole) / (whole * 2n);
  return percent === 0n ? "&lt;1%" : `${String(percent)}%`;
}

/** Begins with a small letter where it stands inside a sentence; months and days keep theirs. */
export function inSentence(label: string): string {
  return /^(?:Today|Yesterday|Last|Since|Month|Fiscal|Calendar|Week|Quarter|Year)\b/.test(label)
    ? label.charAt(0).toLowerCase() + label.slice(1)
    : label;
}

/** Above a list of them. */
export const TITLES: Readonly<Record<Dimension, string>> = {
  team: "By team",
  project: "By project",
  user: "By person",
  model: "By model",
  api_key: "By API key",
};
