/** Phrases that alerts, lists and answers share, so that a thing is called the same everywhere. */
import { formatUsd, type Usd } from "../../../domain/money.ts";
import {
  addMs,
  type Instant,
  localParts,
  type PeriodKind,
  type TimeZone,
} from "../../../domain/time.ts";
import {
  bar,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { daysLeft } from "../rules/pace.ts";
import type { DriverKind } from "../rules/recipients.ts";
import type { BudgetStatus } from "../rules.ts";

/** A budget's standing and what people call its scope. */
export interface NamedStatus {
  readonly status: BudgetStatus;
  readonly name: string;
}

export interface NamedDriver {
  readonly kind: DriverKind;
  readonly name: string;
  readonly cost: Usd;
}

const NAME_CHARS_MAX = 120;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DRIVERS_CALLED: Readonly<Record<DriverKind, string>> = {
  team: "teams",
  project: "projects",
  user: "people",
  model: "models",
};

/** A name that people chose, short enough for a sentence and harmless in mrkdwn. */
export function nameText(name: string): string {
  return escapeText(truncate(name, NAME_CHARS_MAX));
}

/** `$431.20 of $500.00 (86%)` */
export function spendText(of: Pick<BudgetStatus, "spend" | "limit" | "percent">): string {
  return `${formatUsd(of.spend)} of ${formatUsd(of.limit)} (${String(of.percent)}%)`;
}

export function barText(percent: number): string {
  return `${bar(percent)} *${String(percent)}%*`;
}

/** The last day before `end`, as the calendar in `zone` shows it: "Nov 30". */
export function lastDayText(end: Instant, zone: TimeZone): string {
  const { month, day } = localParts(addMs(end, -1), zone);
  return `${MONTHS[month - 1] ?? ""} ${String(day)}`;
}

/** "9 days left", "last day". */
export function daysLeftText(period: BudgetStatus["period"], now: Instant): string {
  const days = daysLeft(period, now);
  return days <= 1 ? "last day" : `${String(days)} days left`;
}

/** "Top projects: checkout $210.00, ranking $130.00"; undefined when nothing was spent. */
export function driversText(drivers: readonly NamedDriver[]): string | undefined {
  const [first] = drivers;
  if (first === undefined) return undefined;
  const parts = drivers.map(({ name, cost }) => `${nameText(name)} ${formatUsd(cost)}`);
  return `Top ${DRIVERS_CALLED[first.kind]}: ${parts.join(", ")}`;
}

/** "monthly budget of Search" */
export function budgetName({
  name,
  periodKind,
}: {
  readonly name: string;
  readonly periodKind: PeriodKind;
}): string {
  return `${periodKind} budget of ${nameText(name)}`;
}

/** Something to type, in a code span: only what would end the span or make markup is replaced. */
export function commandText(text: string): string {
  const safe = text
    .replaceAll("`", "'")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return `\`${truncate(safe, 200)}\``;
}

/** A private answer of one paragraph; the same words in the notification. */
export function answer(text: string): SlackMessage {
  return message(text, [section(text)]);
}
