/** Phrases that alerts, lists and answers share, so that a thing is called the same everywhere. */
import { formatUsd, type Usd } from "../../../domain/money.ts";
import { type Instant, type PeriodKind } from "../../../domain/time.ts";
import {
  bar,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../../slack/blocks.ts";
import { askAgain, type Suggestion } from "../../../slack/suggestions.ts";
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
/** More names than this are a crowd. */
const PEOPLE_NAMED_MAX = 3;
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

/** "9 days left", "ends today". */
export function daysLeftText(
  { period, periodKind }: Pick<BudgetStatus, "period" | "periodKind">,
  now: Instant,
): string {
  const days = daysLeft(period, now);
  return periodKind === "daily" || days <= 1 ? "ends today" : `${String(days)} days left`;
}

/** "ana@acme.test, bo@acme.test and 2 others". */
export function peopleText(people: readonly string[]): string {
  const named = people.length > PEOPLE_NAMED_MAX + 1 ? people.slice(0, PEOPLE_NAMED_MAX) : people;
  const names = named.map(nameText);
  const rest = people.length - named.length;
  if (rest > 0) return `${names.join(", ")} and ${String(rest)} others`;
  const last = names.at(-1) ?? "nobody";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
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

/** A private answer of one paragraph, perhaps with what leads on; the same words in the notification. */
export function answer(text: string, suggestions: readonly Suggestion[] = []): SlackMessage {
  return message(text, [section(text), ...askAgain(suggestions)]);
}
