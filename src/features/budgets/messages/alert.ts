/** What an alert about a budget says, as plain parts: alerts make the message of them. Pure. */
import type { AlertContent, AlertSeverity, AlertWords } from "../../../domain/alert.ts";
import { lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, type Usd, usd } from "../../../domain/money.ts";
import { type Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import { type Button, button } from "../../../slack/blocks.ts";
import { type BudgetAlert } from "../rules/evaluate.ts";
import { projectSpend } from "../rules/pace.ts";
import { type Budget, type BudgetRef, formatBudgetRef } from "../rules.ts";
import { daysLeftText, type NamedDriver, spendText } from "./wording.ts";

/** Also stands on the messages of alerts, which know it as an opaque value. */
export const REQUEST_RAISE_ACTION = "budget_request_raise";

export interface ShownAlert {
  readonly budget: Budget;
  readonly alert: BudgetAlert;
  /** Concrete: whose budget it is. */
  readonly scope: Scope;
  readonly name: string;
}

/** What counts is where the spend is, not which threshold it passed on its way. */
export function thresholdSeverity(alert: Pick<BudgetAlert, "spend" | "limit">): AlertSeverity {
  return percentOf(alert.spend, alert.limit) >= 100 ? "critical" : "warning";
}

/** For whom the alert is; a person reads of "your budget". */
export function thresholdContent(
  shown: ShownAlert & { readonly drivers: readonly NamedDriver[]; readonly now: Instant },
): AlertContent {
  const { budget, alert, drivers, now } = shown;
  const percent = percentOf(alert.spend, alert.limit);
  const [first] = drivers;
  return {
    happened: headline(shown),
    brief: `${String(alert.thresholdPercent)}%: ${formatUsd(alert.spend)} of ${formatUsd(alert.limit)}`,
    percent,
    follows: paceText(shown, now),
    ...(first === undefined
      ? {}
      : { drivers: { by: first.kind, top: drivers.map(({ name, cost }) => ({ name, cost })) } }),
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

function headline({ budget, alert, scope, name }: ShownAlert): AlertWords[] {
  const isOwn = scope.kind === "user";
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

/** What is left of the period, and where it ends at this pace when that can be said. */
function paceText({ budget, alert }: ShownAlert, now: Instant): string {
  const { period, spend, limit } = alert;
  const projected = projectSpend(spend, period, now);
  const isDaily = budget.periodKind === "daily";
  const left = isDaily ? "Until midnight." : `${endText({ budget, alert }, now)}.`;
  if (projected === undefined) return isDaily ? "The next one begins at midnight." : left;
  const over = usd(projected - limit);
  const versus = over > 0n ? `${formatUsd(over)} over the limit` : "within the limit";
  return `${left} At this pace ${formatUsd(projected)} ${isDaily ? "today" : "by then"}, ${versus}.`;
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
