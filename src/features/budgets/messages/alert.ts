/** What an alert about a budget says, as plain parts: alerts make the message of them. Pure. */
import type { AlertContent, AlertSeverity, AlertWords } from "../../../domain/alert.ts";
import type { FigureBasis } from "../../../domain/basis.ts";
import { lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, type Usd, usd } from "../../../domain/money.ts";
import { formatEstimate } from "../../../domain/money-brief.ts";
import { type Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import { type Button, button } from "../../../slack/blocks.ts";
import { type BudgetAlert } from "../rules/evaluate.ts";
import { projectSpend } from "../rules/pace.ts";
import { type Budget, type BudgetRef, formatBudgetRef, type LastForecast } from "../rules.ts";
import { daysLeftText, type NamedDriver, spendText } from "./wording.ts";

/** Also stands on the messages of alerts, which know it as an opaque value. */
export const REQUEST_RAISE_ACTION = "budget_request_raise";

export interface ShownAlert {
  readonly budget: Budget;
  readonly alert: BudgetAlert;
  /** Concrete: whose budget it is. */
  readonly scope: Scope;
  /** Set: whether it is the reader's own; else so is every person's. */
  readonly isOwn?: boolean;
  readonly name: string;
}

/** What counts is where the spend is, not which threshold it passed on its way. */
export function thresholdSeverity(alert: Pick<BudgetAlert, "spend" | "limit">): AlertSeverity {
  return percentOf(alert.spend, alert.limit) >= 100 ? "critical" : "warning";
}

/** For whom the alert is; a person reads of "your budget". */
export function thresholdContent(
  shown: ShownAlert & {
    readonly drivers: readonly NamedDriver[];
    /** The last one of this period; where there is none, it goes on at the average so far. */
    readonly forecast?: Pick<LastForecast, "expected" | "low" | "high"> | undefined;
    readonly basis?: FigureBasis;
    readonly now: Instant;
  },
): AlertContent {
  const { budget, alert, drivers, forecast, basis, now } = shown;
  const percent = percentOf(alert.spend, alert.limit);
  const [first] = drivers;
  return {
    happened: headline(shown),
    brief: `${String(alert.thresholdPercent)}%: ${formatUsd(alert.spend)} of ${formatUsd(alert.limit)}`,
    percent,
    follows: outlookText(shown, forecast, now),
    ...(first === undefined
      ? {}
      : { drivers: { by: first.kind, top: drivers.map(({ name, cost }) => ({ name, cost })) } }),
    ...(basis === undefined ? {} : { basis }),
    raise: formatBudgetRef({ budgetId: budget.budgetId, memberKey: alert.memberKey }),
  };
}

/** Why an alert is no longer the case: "Spend is at $320.00 of $700.00 (45%)." */
export function spendRecoveredText(of: { readonly spend: Usd; readonly limit: Usd }): string {
  return `Spend is at ${spendText({ ...of, percent: percentOf(of.spend, of.limit) })}.`;
}

export function requestRaiseButton(ref: BudgetRef): Button {
  return button({
    actionId: REQUEST_RAISE_ACTION,
    text: "Request raise",
    value: formatBudgetRef(ref),
  });
}

function headline(shown: ShownAlert): AlertWords[] {
  const { budget, alert, scope, name, isOwn = scope.kind === "user" } = shown;
  const what = `${isOwn ? "your" : "its"} ${budget.periodKind} budget`;
  const percent = percentOf(alert.spend, alert.limit);
  return [
    isOwn ? "You" : { strong: capitalized(name) },
    " ",
    ...reachedWords(alert, isOwn),
    ` ${what}: ${spendText({ ...alert, percent })}.`,
  ];
}

/** What counts is where the spend is now; the threshold only while there is something left. */
function reachedWords(
  { thresholdPercent, spend, limit }: BudgetAlert,
  isOwn: boolean,
): AlertWords[] {
  const percent = percentOf(spend, limit);
  if (percent > 100) return [`${isOwn ? "are" : "is"} `, { strong: "over" }];
  if (percent === 100) return [`${isOwn ? "have" : "has"} used up`];
  return ["passed ", { strong: `${String(thresholdPercent)}%` }, " of"];
}

/** What is left of the period, and where it ends: by the forecast, or else at this pace. */
function outlookText(
  { budget, alert }: ShownAlert,
  forecast: Pick<LastForecast, "expected" | "low" | "high"> | undefined,
  now: Instant,
): string {
  const { period, spend, limit } = alert;
  const isDaily = budget.periodKind === "daily";
  const left = isDaily ? "Until midnight." : `${endText({ budget, alert }, now)}.`;
  const versus = (end: Usd): string =>
    end > limit ? `${formatEstimate(usd(end - limit))} over the limit` : "within the limit";
  const then = isDaily ? "today" : "by then";
  // One that was made before this was spent is not worth telling.
  if (forecast !== undefined && forecast.expected > spend) {
    const { expected, low, high } = forecast;
    return `${left} Forecast: ${formatEstimate(expected)} ${then} (likely ${formatEstimate(low)} to ${formatEstimate(high)}), ${versus(expected)}.`;
  }
  const projected = projectSpend(spend, period, now);
  if (projected === undefined) return isDaily ? "The next one begins at midnight." : left;
  return `${left} At this pace ${formatEstimate(projected)} ${then}, ${versus(projected)}.`;
}

/** "9 days left, through Nov 30", "Ends today". */
function endText({ budget, alert }: Pick<ShownAlert, "budget" | "alert">, now: Instant): string {
  const { period } = alert;
  const left = daysLeftText({ period, periodKind: budget.periodKind }, now);
  const last = lastDayText(period.end, budget.timeZone, now);
  return capitalized(last === "today" ? left : `${left}, through ${last}`);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
