/** The alert: what happened, how much, what follows, what to do. Pure. */
import { lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, usd } from "../../../domain/money.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import {
  actions,
  type Block,
  button,
  commandText,
  context,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { type BudgetAlert } from "../rules/evaluate.ts";
import { projectSpend } from "../rules/pace.ts";
import { type Budget, type BudgetRef, formatBudgetRef } from "../rules.ts";
import {
  answer,
  barText,
  daysLeftText,
  driversText,
  type NamedDriver,
  nameText,
  spendText,
} from "./wording.ts";

export const REQUEST_RAISE_ACTION = "budget_request_raise";
export const ACKNOWLEDGE_ACTION = "budget_acknowledge";

export interface ShownAlert {
  readonly budget: Budget;
  readonly alert: BudgetAlert;
  /** Concrete: whose budget it is. */
  readonly scope: Scope;
  readonly name: string;
}

/** For whom the alert is; a person reads of "your budget". */
export function alertMessage(
  shown: ShownAlert & { readonly drivers: readonly NamedDriver[]; readonly now: Instant },
): SlackMessage {
  const { budget, alert, scope, drivers, now } = shown;
  const percent = percentOf(alert.spend, alert.limit);
  const icon = percent >= 100 ? ":rotating_light:" : ":warning:";
  const driverLine = driversText(drivers);
  // A person's alert is read by that person.
  const more = commandText(`/claude-spend ${typedScope(scope, scope.key)}`);
  return message(`${headline(shown, plainly)} ${paceText(shown, now)}`, [
    section(`${icon} ${headline(shown, bold)}`),
    section(
      [barText(percent), paceText(shown, now), driverLine]
        .filter((line) => line !== undefined)
        .join("\n"),
    ),
    context(`Planned work? Request a raise. To see what drives the cost: ${more}`),
    actions([
      requestRaiseButton({ budgetId: budget.budgetId, memberKey: alert.memberKey }),
      button({ actionId: ACKNOWLEDGE_ACTION, text: "Acknowledge", value: alert.alertId }),
    ]),
  ]);
}

/** Takes the place of the alert once somebody said that they look after it. */
export function acknowledgedAlertMessage(
  shown: ShownAlert & { readonly by: { readonly slackUserId: string; readonly email: string } },
): SlackMessage {
  const { budget, alert, by } = shown;
  return message(`${headline(shown, plainly)} Acknowledged by ${nameText(by.email)}.`, [
    section(headline(shown, bold)),
    context(`:white_check_mark: Acknowledged by <@${by.slackUserId}>`),
    actions([requestRaiseButton({ budgetId: budget.budgetId, memberKey: alert.memberKey })]),
  ]);
}

export function requestRaiseButton(
  ref: BudgetRef,
): Extract<Block, { type: "actions" }>["elements"][number] {
  return button({
    actionId: REQUEST_RAISE_ACTION,
    text: "Request raise",
    value: formatBudgetRef(ref),
  });
}

export type AcknowledgeResult =
  | { readonly kind: "acknowledged" }
  | { readonly kind: "already"; readonly by: string }
  | { readonly kind: "not-allowed" }
  | { readonly kind: "unknown" };

/** Answers the person who clicked, and nobody else. */
export function acknowledgeAnswer(result: AcknowledgeResult): SlackMessage {
  switch (result.kind) {
    case "acknowledged":
      return answer("Acknowledged. I won't mention this threshold again in this period.");
    case "already":
      return answer(`${nameText(result.by)} acknowledged this before.`);
    case "not-allowed":
      return answer("Only people who may see this budget can acknowledge its alerts.");
    case "unknown":
      return answer("That alert doesn't exist any more.");
  }
}

function headline(
  { budget, alert, scope, name }: ShownAlert,
  strong: (text: string) => string,
): string {
  const isOwn = scope.kind === "user";
  const who = isOwn ? "You" : strong(capitalized(nameText(name)));
  const what = `${isOwn ? "your" : "its"} ${budget.periodKind} budget`;
  const percent = percentOf(alert.spend, alert.limit);
  return `${who} ${reachedText(alert, strong, isOwn)} ${what}: ${spendText({ ...alert, percent })}.`;
}

/** What counts is where the spend is now; the threshold only while there is something left. */
function reachedText(
  { thresholdPercent, spend, limit }: BudgetAlert,
  strong: (text: string) => string,
  isOwn: boolean,
): string {
  const percent = percentOf(spend, limit);
  if (percent > 100) return `${isOwn ? "are" : "is"} ${strong("over")}`;
  if (percent === 100) return `${isOwn ? "have" : "has"} used up`;
  return `passed ${strong(`${String(thresholdPercent)}%`)} of`;
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

function bold(text: string): string {
  return `*${text}*`;
}

function plainly(text: string): string {
  return text;
}
