import { describe, expect, test } from "vitest";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { NO_DECISIONS } from "../../../src/features/digests/messages/decisions.ts";
import { type DigestContent, digestMessage } from "../../../src/features/digests/messages.ts";
import { usd } from "../../support/builders.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const BERLIN = timeZone("Europe/Berlin");
const DAY = { start: instant("2026-11-21T23:00:00Z"), end: instant("2026-11-22T23:00:00Z") };

function aDigest(overrides: Partial<DigestContent> = {}): DigestContent {
  return {
    name: "Acme",
    typed: "org",
    isOwn: false,
    every: "day",
    zone: BERLIN,
    period: DAY,
    cost: usd(43.82),
    previousCost: usd(36),
    requests: 1_200,
    by: "team",
    owners: [],
    models: [],
    news: { models: [], projects: [], apiKeys: [], people: 0 },
    days: [],
    budgets: [],
    teams: [],
    decisions: NO_DECISIONS,
    basis: { kind: "estimated", asOf: undefined },
    dataUntil: undefined,
    asOf: instant("2026-11-23T08:00:00Z"),
    ...overrides,
  };
}

/** The first days of October, each with an amount. */
function spent(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    day: `2026-10-${String(index + 1).padStart(2, "0")}`,
    cost: usd(1),
  }));
}

function waiting(requests: readonly string[], requestCount: number) {
  return { ...NO_DECISIONS, requests, requestCount };
}

function owner(index: number) {
  const key = `team-${String(index)}`;
  return { key, name: key, cost: usd(100 - index), previousCost: usd(0) };
}

describe("a digest", () => {
  test.each([
    [waiting(["Search", "Ads", "Search"], 4), "• 4 requests wait: Search (2); Ads; 1 more"],
    [waiting(["Search"], 1), "• 1 request waits: Search"],
    [waiting([], 2), "• 2 requests wait"],
  ])("names what waits for a decision once", (decisions, line) => {
    const lines = shownLines(digestMessage(aDigest({ decisions })).blocks);
    expect(lines.join("\n").split("\n")).toContain(line);
  });

  test.each([
    [20, "Spend by day"],
    [31, "Spend by 2 days"],
  ])("of a month says of %i days how many a bar stands for", (count, title) => {
    const { blocks } = digestMessage(aDigest({ every: "month", days: spent(count) }));
    expect(shownLines(blocks)).toContain(`chart (bar): ${title}`);
  });

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
    expect(shownLines(message.blocks)[1]).toBe(
      `*▲ 21% vs the ${every} before* ($36.00) · 1,200 requests`,
    );
    expect(messageProblems(message)).toEqual([]);
  });

  test("says that as much was spent, or nothing about a span without spend", () => {
    const unchanged = digestMessage(aDigest({ previousCost: usd(43.82) }));
    expect(unchanged.text).toBe("Acme spent $43.82 on Sun, Nov 22 (as much as the day before).");
    expect(shownLines(unchanged.blocks)[1]).toMatch(
      /^\*As much as the day before\* \(\$43\.82\) · /,
    );
    expect(digestMessage(aDigest({ previousCost: usd(0) })).text).toBe(
      "Acme spent $43.82 on Sun, Nov 22.",
    );
  });

  test.each([
    [1, "1 request", "1 usage event was rejected"],
    [2, "2 requests", "2 usage events were rejected"],
  ])("counts %d in its grammatical number", (count, requests, rejected) => {
    const owners = Array.from({ length: 7 }, (_, index) => owner(index));
    const decisions = { ...NO_DECISIONS, rejectedEvents: count };
    const lines = shownLines(
      digestMessage(aDigest({ requests: count, owners, decisions })).blocks,
    ).join("\n");

    expect(lines).toContain(` · ${requests}\n`);
    expect(lines).toContain("$189.00  2 others");
    expect(lines).toContain(rejected);
  });

  test("calls what has no project so, and no team Unallocated", () => {
    const owners = [owner(1), { key: null, name: null, cost: usd(5), previousCost: usd(50) }];
    const lines = (by: "team" | "project") =>
      shownLines(digestMessage(aDigest({ by, owners })).blocks).join("\n");

    expect(lines("project")).toContain("▼ $45.00  _no project_, from $50.00");
    expect(lines("team")).toContain("▼ $45.00  _Unallocated_, from $50.00");
  });
});
