/** What an approver needs to see of a raise, a line each. Plain text: approvals escape it. Pure. */
import { BASIS_TEXT } from "../../../domain/basis.ts";
import { dayText, lastDayText, momentText } from "../../../domain/date-text.ts";
import { addUsd, formatUsd, percentOf, type Usd } from "../../../domain/money.ts";
import { formatEstimate } from "../../../domain/money-brief.ts";
import type { Instant } from "../../../domain/time.ts";
import { daysLeftText, type NamedDriver, type NamedStatus, spendText } from "./wording.ts";

/** An earlier request about the same budget, and what came of it. */
export interface EarlierRaise {
  readonly requestedAt: Instant;
  readonly amount: Usd;
  readonly outcome: "applied" | "denied" | "expired" | "cancelled" | "revoked";
  /** Who decided; undefined where nobody did. */
  readonly by: string | undefined;
  /** What was spent in the period in which it was granted. */
  readonly spent: Usd | undefined;
}

export interface RaiseFacts {
  readonly named: NamedStatus;
  readonly amount: Usd;
  /** Who and what drives the spend, a list for each kind; the largest first. */
  readonly drivers: readonly (readonly NamedDriver[])[];
  readonly forecast: {
    /** What will have been spent by the end of the period; undefined: it would be invented. */
    readonly expected: Usd | undefined;
    /** Of usage, before there can be one. */
    readonly missingDays: number;
  };
  /** How many periods of the budget the raise reaches into. */
  readonly periods: number;
  readonly earlier: readonly EarlierRaise[];
  readonly now: Instant;
}

export function raiseProposalText(facts: RaiseFacts): {
  readonly title: string;
  readonly details: readonly string[];
} {
  const { named, amount, now } = facts;
  const { status } = named;
  const raised = addUsd(status.limit, amount);
  const withRaise = { ...status, limit: raised, percent: percentOf(status.spend, raised) };
  return {
    title: `${named.name}, ${status.periodKind} budget`,
    details: [
      `Now: ${spendText(status)}, ${daysLeftText(status, now)}.`,
      `With the raise: ${spendText(withRaise)}.`,
      forecastLine(facts, raised),
      ...facts.drivers.flatMap(driversLine),
      ...periodsLine(facts),
      ...earlierLine(facts),
      `${BASIS_TEXT.estimated}, as of ${momentText(now, status.timeZone)} (${status.timeZone}).`,
    ],
  };
}

/** Where the period ends, against both limits; a dash where nobody can know yet. */
function forecastLine({ named: { status }, forecast, now }: RaiseFacts, raised: Usd): string {
  const { expected, missingDays } = forecast;
  if (expected === undefined) {
    const needed = `${String(missingDays)} more ${missingDays === 1 ? "day" : "days"}`;
    return missingDays > 0 ? `Forecast: – (needs ${needed} of usage).` : "Forecast: –.";
  }
  const last = lastDayText(status.period.end, status.timeZone, now);
  const by = last === "today" ? "the end of today" : last;
  const without = `${String(percentOf(expected, status.limit))}% of the limit`;
  const withRaise = `${String(percentOf(expected, raised))}% with the raise`;
  return `Forecast: ${formatEstimate(expected)} by ${by}, ${without}, ${withRaise}.`;
}

const CALLED: Readonly<Record<NamedDriver["kind"], string>> = {
  team: "Teams",
  project: "Projects",
  user: "People",
  model: "Models",
};

function driversLine(drivers: readonly NamedDriver[]): string[] {
  const [first] = drivers;
  if (first === undefined) return [];
  const parts = drivers.map(({ name, cost }) => `${name} ${formatUsd(cost)}`);
  return [`${CALLED[first.kind]}: ${parts.join(", ")}.`];
}

function periodsLine({ named: { status }, amount, periods }: RaiseFacts): string[] {
  if (periods < 2) return [];
  return [
    `It reaches into ${String(periods)} periods: up to ${formatUsd(amount)} more in each, on top of a ${status.periodKind} limit.`,
  ];
}

const OUTCOMES: Readonly<Record<EarlierRaise["outcome"], string>> = {
  applied: "approved",
  denied: "denied",
  expired: "expired",
  cancelled: "withdrawn",
  revoked: "approved and ended early",
};

function earlierLine({ earlier, named: { status }, now }: RaiseFacts): string[] {
  if (earlier.length === 0) return ["No earlier raises of this budget."];
  const parts = earlier.map(({ requestedAt, amount, outcome, by, spent }) => {
    const who = by === undefined ? "" : ` by ${by}`;
    const then = spent === undefined ? "" : `, ${formatUsd(spent)} spent in that period`;
    return `${dayText(requestedAt, status.timeZone, now)} ${formatUsd(amount)} ${OUTCOMES[outcome]}${who}${then}`;
  });
  return [`Earlier: ${parts.join("; ")}.`];
}
