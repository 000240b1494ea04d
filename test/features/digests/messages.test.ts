import { describe, expect, test } from "vitest";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { type DigestContent, digestMessage } from "../../../src/features/digests/messages.ts";
import { usd } from "../../support/builders.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const BERLIN = timeZone("Europe/Berlin");
const DAY = { start: instant("2026-11-21T23:00:00Z"), end: instant("2026-11-22T23:00:00Z") };

function aDigest(overrides: Partial<DigestContent> = {}): DigestContent {
  return {
    name: "Acme",
    every: "day",
    zone: BERLIN,
    period: DAY,
    cost: usd(43.82),
    previousCost: usd(36),
    requests: 1_200,
    by: "team",
    owners: [],
    models: [],
    budgets: [],
    openRequests: [],
    rejectedEvents: 0,
    undelivered: 0,
    asOf: instant("2026-11-23T08:00:00Z"),
    ...overrides,
  };
}

function owner(index: number) {
  const key = `team-${String(index)}`;
  return { key, name: key, cost: usd(100 - index), previousCost: usd(0) };
}

describe("a digest", () => {
  const week = { start: instant("2026-11-15T23:00:00Z"), end: DAY.end };
  const december = {
    start: instant("2026-11-30T23:00:00Z"),
    end: instant("2026-12-31T23:00:00Z"),
  };

  test.each([
    ["day", DAY, "Acme spent $43.82 on Sun, Nov 22 (▲ 21% vs the day before)."],
    ["week", week, "Acme spent $43.82 from Nov 16 to Nov 22 (▲ 21% vs the week before)."],
    ["month", december, "Acme spent $43.82 in December 2026 (▲ 21% vs the month before)."],
  ] as const)("of a %s names its dates as the zone's calendar does", (every, period, text) => {
    const message = digestMessage(aDigest({ every, period }));

    expect(message.text).toBe(text);
    expect(shownLines(message.blocks)[1]).toBe(`*▲ 21% vs the ${every} before* · 1,200 requests`);
    expect(messageProblems(message)).toEqual([]);
  });

  test("says that as much was spent, or nothing about a span without spend", () => {
    const unchanged = digestMessage(aDigest({ previousCost: usd(43.82) }));
    expect(unchanged.text).toBe("Acme spent $43.82 on Sun, Nov 22 (as much as the day before).");
    expect(shownLines(unchanged.blocks)[1]).toMatch(/^\*As much as the day before\* · /);
    expect(digestMessage(aDigest({ previousCost: usd(0) })).text).toBe(
      "Acme spent $43.82 on Sun, Nov 22.",
    );
  });

  test.each([
    [1, "1 request", "…and 1 other", "1 usage event was rejected and is not"],
    [2, "2 requests", "…and 2 others", "2 usage events were rejected and are not"],
  ])("counts %d in its grammatical number", (count, requests, others, rejected) => {
    const owners = Array.from({ length: 5 + count }, (_, index) => owner(index));
    const lines = shownLines(
      digestMessage(aDigest({ requests: count, owners, rejectedEvents: count })).blocks,
    ).join("\n");

    expect(lines).toContain(` · ${requests}\n`);
    expect(lines).toContain(others);
    expect(lines).toContain(rejected);
  });
});
