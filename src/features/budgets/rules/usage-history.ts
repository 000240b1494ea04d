/**
 * What was spent day by day, as statistics see it. Pure. These are dollars as plain numbers, not
 * money: nothing is charged or counted by them, and an estimate is no more exact than its band.
 */
import { PICO_PER_USD, type Usd, usd } from "../../../domain/money.ts";

/** A day is looked at in parts of three hours, so that "so far today" means something. */
export const PARTS_OF_DAY = 8;

export interface UsageDay {
  /** "2026-11-23", in the budget's zone. */
  readonly date: string;
  /** 0 (Sunday) to 6. */
  readonly weekday: number;
  /** Dollars in each part of the day. */
  readonly parts: readonly number[];
}

/** Without gaps, the oldest first; begins with the first day on which something was spent. */
export type UsageHistory = readonly UsageDay[];

/** What a query found: the sum of one part of one day. */
export interface UsagePart {
  readonly date: string;
  readonly part: number;
  readonly spend: Usd;
}

/** Days without a row spent nothing; credits beyond what was used count as nothing. */
export function usageHistory(found: readonly UsagePart[], lastDate: string): UsageHistory {
  const sums = new Map<string, number[]>();
  for (const { date, part, spend } of found) {
    const parts = sums.get(date) ?? emptyParts();
    parts[part] = (parts[part] ?? 0) + dollarsFrom(spend);
    sums.set(date, parts);
  }
  // What was voided leaves a row behind: a day of which nothing is left is no beginning.
  const first = [...sums.keys()]
    .filter((date) => date <= lastDate && sums.get(date)?.some((dollars) => dollars > 0) === true)
    .toSorted()[0];
  if (first === undefined) return [];
  const days: UsageDay[] = [];
  for (let number = dayNumber(first); number <= dayNumber(lastDate); number += 1) {
    const date = dateOf(number);
    days.push({
      date,
      weekday: (number + EPOCH_WEEKDAY) % 7,
      parts: (sums.get(date) ?? emptyParts()).map((dollars) => Math.max(0, dollars)),
    });
  }
  return days;
}

function emptyParts(): number[] {
  return Array.from({ length: PARTS_OF_DAY }, () => 0);
}

export function dollarsOn(day: UsageDay): number {
  return day.parts.reduce((sum, dollars) => sum + dollars, 0);
}

export function dollarsFrom(amount: Usd): number {
  return Number(amount) / Number(PICO_PER_USD);
}

/** To whole cents: more digits of an estimate would be invented. */
export function usdFromDollars(dollars: number): Usd {
  return usd(BigInt(Math.round(dollars * 100)) * (PICO_PER_USD / 100n));
}

/** January 1, 1970 was a Thursday. */
const EPOCH_WEEKDAY = 4;
const DAY_MS = 86_400_000;

/** Days since 1970 of a date such as "2026-11-23". */
export function dayNumber(date: string): number {
  return Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

export function dateOf(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

export function weekdayOf(number: number): number {
  return (((number + EPOCH_WEEKDAY) % 7) + 7) % 7;
}
