/** Phrases that the parts of App Home share. Pure. */
import { changeText, UNCHANGED } from "../../../domain/change-text.ts";
import { dayText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import { formatEstimate, formatLimit } from "../../../domain/money-brief.ts";
import type { MonthWord } from "../../../domain/month-to-date.ts";
import type { Instant } from "../../../domain/time.ts";
import { bar, escapeText, slackDate, truncate } from "../../../slack/blocks.ts";
import { type BudgetLine, isExpectedAbove } from "../rules.ts";

const NAME_CHARS_MAX = 80;
/** As wide as a phone has room for beside a button. */
export const BAR_WIDTH = 8;

/** A name that people chose, short enough for a line and harmless in mrkdwn. */
export function nameText(name: string): string {
  return escapeText(truncate(name.replaceAll(/\s+/g, " "), NAME_CHARS_MAX));
}

/** An amount under a cent is written with a "<". */
export function moneyText(amount: Usd): string {
  return escapeText(formatUsd(amount));
}

/** "▲ 12% vs the same days last month ($110.20)"; undefined where there is nothing to compare with. */
export function comparedText(now: Usd, before: Usd, month: MonthWord): string | undefined {
  const change = changeText(now, before);
  if (change === undefined) return undefined;
  const than = `the same days last ${month} (${moneyText(before)})`;
  return change === UNCHANGED ? `As much as in ${than}` : `${change} vs ${than}`;
}

/** "▰▰▰▰▰▰▱▱ *71%* of $500 monthly", and under it what is left and where it is heading. */
export function budgetLines(budget: BudgetLine, now: Instant): readonly string[] {
  const { percent, limit, spend, periodKind, forecast } = budget;
  const left = limit - spend;
  const isNews = isExpectedAbove(budget) && left >= 0n;
  return [
    `${bar(percent, BAR_WIDTH)} *${String(percent)}%* of ${escapeText(formatLimit(limit))} ${periodKind}`,
    [
      left >= 0n ? `${moneyText(usd(left))} left` : `*${moneyText(usd(-left))} over*`,
      `resets ${dayText(budget.periodEnd, budget.zone, now)}`,
      // What was spent since it was made can have overtaken it.
      ...(forecast === undefined || forecast < spend
        ? []
        : [`forecast ${escapeText(formatEstimate(forecast))}${isNews ? " :warning:" : ""}`]),
    ].join(" · "),
  ];
}

/** In each reader's own zone. */
export function dateText(at: Instant): string {
  return slackDate(at, "{date_short_pretty} at {time}", at.toISOString());
}
