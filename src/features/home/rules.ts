/**
 * App Home, the decisions: what it shows and how much of it, and which spans it compares. When it is
 * published is rules/publishing.ts, whom a change concerns rules/concerned.ts. Pure.
 */
import { percentOf, type Usd } from "../../domain/money.ts";
import type { MonthWord } from "../../domain/month-to-date.ts";
import {
  type Instant,
  localParts,
  type PeriodKind,
  startOfLocalDay,
  type TimeZone,
} from "../../domain/time.ts";

/** How much of each part is shown: what comes after it must stay in sight, on a phone too. */
export const SHOWN_MAX = {
  requests: 5,
  ownRequests: 3,
  budgets: 4,
  teams: 8,
  models: 3,
} as const;

/** Everything on one person's Home, as facts. */
export interface HomePage {
  readonly now: Instant;
  readonly zone: TimeZone;
  /** What the organization's months are called. */
  readonly month: MonthWord;
  readonly spend: OwnSpend;
  readonly budgets: readonly BudgetLine[];
  /** The first ones that wait for this person's voice, and how many there are. */
  readonly waiting: { readonly shown: readonly WaitingRequest[]; readonly count: number };
  /** For admins and finance: what needs somebody's attention. */
  readonly attention: readonly Attention[];
  readonly ownRequests: { readonly shown: readonly OwnRequest[]; readonly count: number };
  /** For who sees everything. */
  readonly organization: SpendLine | undefined;
  readonly teams: { readonly shown: readonly TeamLine[]; readonly count: number };
  /** In one line. */
  readonly preferences: string;
}

export interface SpendLine {
  readonly name: string;
  readonly cost: Usd;
  readonly previous: Usd;
}

export interface OwnSpend extends Omit<SpendLine, "name"> {
  /** Of each of the last days, today last. */
  readonly days: readonly Usd[];
  readonly models: readonly { readonly name: string; readonly cost: Usd }[];
}

export interface BudgetLine {
  /** Names the budget to the button that asks for a raise; means nothing to people. */
  readonly raiseValue: string;
  readonly periodKind: PeriodKind;
  readonly limit: Usd;
  readonly spend: Usd;
  readonly percent: number;
  /** When it begins anew, in the calendar of `zone`. */
  readonly periodEnd: Instant;
  readonly zone: TimeZone;
  /** Undefined: none could be made yet. */
  readonly forecast: Usd | undefined;
}

export interface TeamLine {
  readonly key: string;
  readonly name: string;
  readonly cost: Usd;
  /** The one nearest to its limit. */
  readonly budget: BudgetLine | undefined;
}

export interface WaitingRequest {
  readonly requestId: string;
  readonly title: string;
  readonly amount: Usd;
  readonly requester: string;
  readonly expiresAt: Instant;
}

export interface OwnRequest {
  readonly requestId: string;
  readonly title: string;
  readonly amount: Usd;
  readonly requestedAt: Instant;
  readonly expiresAt: Instant;
  /** False where somebody else asked for this person. */
  readonly mayWithdraw: boolean;
}

export type Attention =
  | { readonly kind: "rejected"; readonly events: number; readonly sources: readonly string[] }
  | { readonly kind: "unallocated"; readonly cost: Usd; readonly percent: number }
  | { readonly kind: "drift"; readonly days: number; readonly amount: Usd }
  | { readonly kind: "increases"; readonly count: number }
  | { readonly kind: "closed"; readonly channels: readonly string[] };

/** Days in the line of one's own spend. */
const DAYS_SHOWN = 14;

/** The starts of the last local days, the oldest first, and the end of today. */
export function lastDays(now: Instant, zone: TimeZone): readonly Instant[] {
  const { year, month, day } = localParts(now, zone);
  return Array.from({ length: DAYS_SHOWN + 1 }, (_, index) =>
    startOfLocalDay([year, month, day + index + 1 - DAYS_SHOWN], zone),
  );
}

const SPARKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** "▁▃█▂": the largest is the highest; undefined where there is nothing to draw. */
export function sparkline(amounts: readonly Usd[]): string | undefined {
  const most = amounts.reduce((max, amount) => (amount > max ? amount : max), 0n);
  if (most <= 0n) return undefined;
  const top = BigInt(SPARKS.length - 1);
  return amounts
    .map((amount) => {
      const level = amount <= 0n ? 0n : (amount * top + most / 2n) / most;
      // What is not nothing never looks like it.
      return SPARKS[Number(amount > 0n && level === 0n ? 1n : level)] ?? SPARKS[0];
    })
    .join("");
}

/**
 * Which share of the organization's spend belongs to no team, in whole percent; all of it where
 * credits leave less in sum.
 */
export function unallocatedPercent(of: { readonly cost: Usd; readonly unallocated: Usd }): number {
  const { cost, unallocated } = of;
  return unallocated >= cost ? 100 : percentOf(unallocated, cost);
}

/** Which request is shown in full: the one that was opened, or the only one there is. */
export function openedRequest(
  requestIds: readonly string[],
  chosen: string | undefined,
): string | undefined {
  if (chosen !== undefined && requestIds.includes(chosen)) return chosen;
  return requestIds.length === 1 ? requestIds[0] : undefined;
}

/** Whether the period will likely end above the limit. */
export function isExpectedAbove({ forecast, limit }: BudgetLine): boolean {
  return forecast !== undefined && forecast > limit;
}

/** Half of it is used: from here on people think of asking for more. */
const TIGHT_PERCENT = 50;

export function isTight(budget: BudgetLine): boolean {
  return budget.percent >= TIGHT_PERCENT || isExpectedAbove(budget);
}
