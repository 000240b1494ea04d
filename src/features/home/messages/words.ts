/** Phrases that the parts of App Home share. Pure. */
import { dayText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import { bar, escapeText, slackDate, truncate } from "../../../slack/blocks.ts";
import { type BudgetLine, changePercent } from "../rules.ts";

const NAME_CHARS_MAX = 80;

/** A name that people chose, short enough for a line and harmless in mrkdwn. */
export function nameText(name: string): string {
  return escapeText(truncate(name.replaceAll(/\s+/g, " "), NAME_CHARS_MAX));
}

/** An amount under a cent is written with a "<". */
export function moneyText(amount: Usd): string {
  return escapeText(formatUsd(amount));
}

/** "▲ 12%"; undefined where there is nothing to compare with. */
export function changeText(now: Usd, before: Usd): string | undefined {
  const percent = changePercent(now, before);
  if (percent === undefined) return undefined;
  if (percent === 0) return "±0%";
  return `${percent > 0 ? "▲" : "▼"} ${Math.abs(percent).toLocaleString("en-US")}%`;
}

/** "▰▰▰▰▰▰▰▱▱▱ *71%* of $500.00 monthly · $145.00 left". */
export function shareText({ percent, limit, spend, periodKind }: BudgetLine): string {
  const left = limit - spend;
  const rest = left >= 0n ? `${moneyText(usd(left))} left` : `${moneyText(usd(-left))} over`;
  return `${bar(percent)} *${String(percent)}%* of ${moneyText(limit)} ${periodKind} · ${rest}`;
}

/** "resets Dec 1 · forecast $548.70 :warning:". */
export function courseText(budget: BudgetLine, now: Instant): string {
  const { forecast, limit, spend } = budget;
  const resets = `resets ${dayText(budget.periodEnd, budget.zone, now)}`;
  if (forecast === undefined) return resets;
  const isNews = forecast > limit && spend <= limit;
  return `${resets} · forecast ${moneyText(forecast)}${isNews ? " :warning:" : ""}`;
}

/** In each reader's own zone. */
export function dateText(at: Instant): string {
  return slackDate(at, "{date_short_pretty} at {time}", at.toISOString());
}
