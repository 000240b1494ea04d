/**
 * A calendar month by its name, "2026-10". The name alone has no bounds: those depend on the zone,
 * and for a month that was closed on when that was.
 */
import { assert } from "./assert.ts";
import type { Brand } from "./brand.ts";
import { type Instant, localParts, type Period, startOfLocalDay, type TimeZone } from "./time.ts";

/** Sorts as text. */
export type Month = Brand<string, "Month">;

/** "2026-10"; undefined for anything that is no month of the years 1000 to 9999. */
export function parseMonth(text: string): Month | undefined {
  /* oxlint-disable typescript/no-unsafe-type-assertion -- the brand is minted here and nowhere else */
  return /^[1-9]\d{3}-(?:0[1-9]|1[0-2])$/.test(text) ? (text as Month) : undefined;
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

/** For months that our own database or code wrote. */
export function monthFrom(text: string): Month {
  const month = parseMonth(text);
  assert(month !== undefined, `not a month: ${text}`);
  return month;
}

/** `count` months later; earlier when negative. */
export function addMonths(month: Month, count: number): Month {
  const [year, number] = partsOf(month);
  const index = year * 12 + (number - 1) + count;
  return monthFrom(
    `${String(Math.floor(index / 12))}-${String((index % 12) + 1).padStart(2, "0")}`,
  );
}

/** From the first to the last, both included; none when the last comes before. */
export function monthsBetween(first: Month, last: Month): readonly Month[] {
  const months: Month[] = [];
  for (let month = first; month <= last; month = addMonths(month, 1)) months.push(month);
  return months;
}

/** The month that a calendar on the wall in `zone` shows. */
export function monthOf(at: Instant, zone: TimeZone): Month {
  const { year, month } = localParts(at, zone);
  return monthFrom(`${String(year)}-${String(month).padStart(2, "0")}`);
}

export function monthPeriod(month: Month, zone: TimeZone): Period {
  const [year, number] = partsOf(month);
  return {
    start: startOfLocalDay([year, number, 1], zone),
    end: startOfLocalDay([year, number + 1, 1], zone),
  };
}

function partsOf(month: Month): readonly [year: number, month: number] {
  return [Number(month.slice(0, 4)), Number(month.slice(5))];
}
