/**
 * Where a budget is heading, in words: alerts about forecast, pace and the beginning of a period,
 * and the answer to `/claude-spend forecast`. A number that would be invented is a dash. Pure.
 */
import type { AlertContent, AlertWords } from "../../../domain/alert.ts";
import type { FigureBasis } from "../../../domain/basis.ts";
import { clockText, dayText, lastDayText } from "../../../domain/date-text.ts";
import { formatUsd, percentOf, type Usd } from "../../../domain/money.ts";
import { formatEstimate, formatLimit } from "../../../domain/money-brief.ts";
import { monthWord } from "../../../domain/month-to-date.ts";
import type { Scope } from "../../../domain/scope.ts";
import {
  type Instant,
  instant,
  localDate,
  MINUTE_MS,
  parseLocalDate,
} from "../../../domain/time.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  type Block,
  commandText,
  context,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { HISTORY_DAYS_MIN } from "../rules/forecast.ts";
import type { Accuracy, Forecast, Outlook } from "../rules/outlook.ts";
import { type Budget, formatBudgetRef } from "../rules.ts";
import { type AskedPeriod, askedPeriodBlocks } from "./asked-period.ts";
import type { NamedScope } from "./budgets.ts";
import { daysText, paceText } from "./heading.ts";
import { barText, nameText } from "./wording.ts";

/** More budgets of one scope than this are a list, which `budget` shows. */
const OUTLOOKS_SHOWN_MAX = 10;

export interface ShownBudget {
  readonly budget: Pick<Budget, "budgetId" | "periodKind" | "timeZone"> &
    Partial<Pick<Budget, "fiscalMonthStartsOn">>;
  readonly memberKey: string;
  /** Concrete: whose budget it is. */
  readonly scope: Scope;
  /** Set: whether it is the reader's own; else so is every person's. */
  readonly isOwn?: boolean;
  readonly name: string;
  readonly now: Instant;
}

export type ShownOutlook = ShownBudget & Outlook;

export function forecastContent(
  shown: ShownOutlook & { readonly forecast: Forecast; readonly thresholdPercent: number },
): AlertContent {
  const { forecast, limit = forecast.expected, thresholdPercent } = shown;
  const reached = reachedText(shown);
  const isOver = forecast.expected >= limit;
  return {
    happened: [
      ...whoWords(shown),
      isOver ? " will likely " : " will likely use ",
      ...(isOver ? [{ strong: "exceed" }] : [{ strong: `${String(thresholdPercent)}%` }, " of"]),
      ` ${whoseText(shown)} ${shown.budget.periodKind} budget: ${forecastText(forecast)} of ${formatLimit(limit)} by ${endText(shown)}.`,
    ],
    brief: `Forecast: ${formatEstimate(forecast.expected)} of ${formatLimit(limit)}`,
    percent: percentOf(shown.spend, limit),
    follows: [
      `${formatUsd(shown.spend)} so far.`,
      ...(reached === undefined ? [] : [`At this rate the limit is reached ${reached}.`]),
      ...(forecast.accuracy === undefined ? [] : [accuracyText(forecast.accuracy)]),
    ].join(" "),
    raise: formatBudgetRef({ budgetId: shown.budget.budgetId, memberKey: shown.memberKey }),
  };
}

export function forecastRecoveredContent(
  shown: ShownOutlook & { readonly forecast: Forecast },
): AlertContent {
  const { forecast, limit = forecast.expected } = shown;
  return {
    happened: [
      "The forecast of ",
      ...whoWords(shown, "you"),
      ` is back: ${forecastText(forecast)} of ${formatLimit(limit)} by ${endText(shown)}.`,
    ],
    brief: `Forecast back at ${formatEstimate(forecast.expected)} of ${formatLimit(limit)}`,
  };
}

export function paceContent(shown: ShownOutlook): AlertContent {
  const { spend, limit = spend, daysAhead = 0, forecast } = shown;
  const days = daysText(Math.floor(daysAhead));
  return {
    happened: [
      ...whoWords(shown),
      ` ${isOwnOf(shown) ? "are" : "is"} `,
      { strong: `${days} ahead of plan` },
      `: ${formatUsd(spend)} of ${formatUsd(limit)} (${String(percentOf(spend, limit))}%) of ${whoseText(shown)} ${shown.budget.periodKind} budget.`,
    ],
    brief: `${days} ahead: ${formatUsd(spend)} of ${formatUsd(limit)}`,
    percent: percentOf(spend, limit),
    ...(forecast === undefined
      ? {}
      : { follows: `Forecast: ${forecastText(forecast)} by ${endText(shown)}.` }),
    raise: formatBudgetRef({ budgetId: shown.budget.budgetId, memberKey: shown.memberKey }),
  };
}

export function paceRecoveredContent(shown: ShownOutlook): AlertContent {
  const { spend, limit = spend } = shown;
  return {
    happened: [
      ...whoWords(shown),
      ` ${isOwnOf(shown) ? "are" : "is"} back on plan: ${formatUsd(spend)} of ${formatUsd(limit)}.`,
    ],
    brief: `Back on plan: ${formatUsd(spend)} of ${formatUsd(limit)}`,
  };
}

export function resetContent(
  shown: ShownBudget & Pick<Outlook, "period"> & { readonly limit: Usd; readonly carriedOver: Usd },
): AlertContent {
  const { limit, carriedOver, budget } = shown;
  const carried =
    carriedOver > 0n ? `, ${formatUsd(carriedOver)} of it left over from the last one` : "";
  return {
    happened: [
      isOwnOf(shown) ? "Your " : "The ",
      `${budget.periodKind} budget`,
      ...(isOwnOf(shown) ? [] : [" of ", { strong: shown.name }]),
      ` begins anew: ${formatUsd(limit)} through ${endText(shown)}${carried}.`,
    ],
    brief: `Begins anew with ${formatUsd(limit)}`,
  };
}

/** Answers `/claude-spend forecast`: each budget of the scope, or the month where there is none. */
export function forecastAnswer(answer: {
  readonly about: NamedScope;
  readonly outlooks: readonly ShownOutlook[];
  readonly basis?: FigureBasis | undefined;
  readonly asked?: AskedPeriod | undefined;
}): SlackMessage {
  const { about, outlooks, basis, asked } = answer;
  const shown = outlooks.slice(0, OUTLOOKS_SHOWN_MAX);
  const rest = outlooks.length - shown.length;
  const [first] = shown;
  const title = `Forecast of ${about.name}`;
  const summary = `${nameText(title)}${first === undefined ? "" : `: ${outlookLine(first)}`}`;
  return message(summary, [
    header(title),
    ...shown.map(outlookBlock),
    ...(rest > 0
      ? [context(`${String(rest)} more budgets: ${commandText("/claude-spend budget")}`)]
      : []),
    ...(basis === undefined ? [] : [context(basisText(basis))]),
    context(`To see what drives the cost: ${commandText(`/claude-spend ${about.typed}`)}`),
    ...askedPeriodBlocks(asked),
  ]);
}

function outlookBlock(shown: ShownOutlook): Block {
  const { limit, spend, forecast, budget, daysAhead } = shown;
  const reached = reachedText(shown);
  const pace = paceText(daysAhead, budget.periodKind);
  const lines = [
    limit === undefined
      ? `*${runningText(budget)}*, no budget`
      : `*${capitalized(budget.periodKind)} budget*`,
    limit === undefined
      ? `${formatUsd(spend)} so far`
      : `${barText(percentOf(spend, limit))} · ${formatUsd(spend)} of ${formatUsd(limit)} so far`,
    `Forecast: ${outlookText(shown)}`,
    limit === undefined || forecast === undefined || spend >= limit
      ? undefined
      : `The limit is ${reached === undefined ? "not reached in this period" : `reached ${reached}`}`,
    pace === undefined ? undefined : capitalized(pace),
    forecast === undefined ? undefined : accuracyText(forecast.accuracy),
  ];
  return section(lines.filter((line) => line !== undefined).join("\n"));
}

/** "This month": the period of a budget that there is not. */
function runningText({ periodKind, ...calendar }: ShownBudget["budget"]): string {
  switch (periodKind) {
    case "daily":
      return "Today";
    case "weekly":
      return "This week";
    case "monthly":
      return `This ${monthWord(calendar)}`;
    case "quarterly":
      return "This quarter";
    case "yearly":
      return "This year";
  }
}

function outlookLine(shown: ShownOutlook): string {
  return `${formatUsd(shown.spend)} so far, ${outlookText(shown)}.`;
}

/** "$549 by Nov 30 (likely $510 to $590), 109% of the limit" or "–" and what is missing. */
function outlookText(shown: ShownOutlook): string {
  const { forecast, limit, missingDays } = shown;
  if (forecast === undefined) {
    return `– (needs ${daysText(HISTORY_DAYS_MIN)} of usage, ${daysText(missingDays)} more)`;
  }
  const text = `${formatEstimate(forecast.expected)} by ${endText(shown)} (likely ${formatEstimate(forecast.low)} to ${formatEstimate(forecast.high)})`;
  return limit === undefined
    ? text
    : `${text}, ${String(percentOf(forecast.expected, limit))}% of the limit`;
}

function forecastText({ expected, low, high }: Forecast): string {
  return `${formatEstimate(expected)} (${formatEstimate(low)} to ${formatEstimate(high)})`;
}

function accuracyText(accuracy: Accuracy | undefined): string {
  if (accuracy === undefined) return "Accuracy so far: – (no former period to check against)";
  const { periods, withinPercent } = accuracy;
  const last =
    periods === 1 ? "The last forecast was" : `The last ${String(periods)} forecasts were`;
  return `${last} within ${String(withinPercent)}% of what was spent.`;
}

/** When a limit is reached: "today around 3:30 PM", "around Nov 24". */
function reachedText({
  reachesLimitOn: date,
  reachesLimitAt: at,
  budget: { timeZone: zone },
  now,
}: ShownOutlook): string | undefined {
  const day = date === undefined ? undefined : parseLocalDate(date, zone);
  if (day === undefined) return undefined;
  if (date !== localDate(now, zone)) return `around ${dayText(day, zone, now)}`;
  if (at === undefined) return "today";
  const about = nextHalfHour(at);
  return localDate(about, zone) === date
    ? `today around ${clockText(about, zone)}`
    : "by the end of today";
}

/** Nobody forecasts minutes. */
function nextHalfHour(at: Instant): Instant {
  const halfHourMs = 30 * MINUTE_MS;
  return instant(Math.ceil(at.getTime() / halfHourMs) * halfHourMs);
}

function endText({ period, budget, now }: ShownBudget & Pick<Outlook, "period">): string {
  const last = lastDayText(period.end, budget.timeZone, now);
  return last === "today" ? "the end of today" : last;
}

function isOwnOf({ scope, isOwn = scope.kind === "user" }: ShownBudget): boolean {
  return isOwn;
}

function whoWords(shown: ShownBudget, own = "You"): AlertWords[] {
  const { name } = shown;
  return [isOwnOf(shown) ? own : { strong: own === "You" ? capitalized(name) : name }];
}

function whoseText(shown: ShownBudget): string {
  return isOwnOf(shown) ? "your" : "its";
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
