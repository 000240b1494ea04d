import { describe, expect, test } from "vitest";
import { dayText, lastDayText, monthText, weekdayText } from "../../src/domain/date-text.ts";
import { instant, timeZone } from "../../src/domain/time.ts";

const BERLIN = timeZone("Europe/Berlin");
const NOW = instant("2026-11-23T10:00:00Z");

describe("dates as people read them", () => {
  test("are those of the zone's calendar", () => {
    expect(dayText(instant("2026-11-29T23:30:00Z"), BERLIN, NOW)).toBe("Nov 30");
    expect(weekdayText(instant("2026-11-21T23:30:00Z"), BERLIN)).toBe("Sun, Nov 22");
    expect(monthText(instant("2026-10-31T23:30:00Z"), BERLIN)).toBe("November 2026");
  });

  test("name a year that is not the current one", () => {
    expect(dayText(instant("2027-01-05T12:00:00Z"), BERLIN, NOW)).toBe("Jan 5, 2027");
  });

  test.each([
    ["2026-11-30T23:00:00Z", "Nov 30"],
    ["2026-11-23T23:00:00Z", "today"],
    ["2026-11-24T23:00:00Z", "Nov 24"],
    ["2026-12-31T23:00:00Z", "Dec 31"],
  ])("the midnight %s ends %s", (end, text) => {
    expect(lastDayText(instant(end), BERLIN, NOW)).toBe(text);
  });
});
