import { describe, expect, test } from "vitest";
import { ORG_SCOPE } from "../../../src/domain/scope.ts";
import { addMs, instant, MINUTE_MS } from "../../../src/domain/time.ts";
import {
  barAfter,
  type Episode,
  type Finding,
  isOver,
  tellingOf,
} from "../../../src/features/insights/rules.ts";
import { usd } from "../../support/builders.ts";

const NOW = instant("2026-11-23T10:00:00Z");

function episode(overrides: Partial<Episode> = {}): Episode {
  return {
    episodeId: "e",
    kind: "spike",
    subject: "org",
    scope: ORG_SCOPE,
    threadKey: "t",
    openedAt: NOW,
    seenAt: NOW,
    amount: usd(10),
    countedUntil: NOW,
    told: usd(10),
    feedback: undefined,
    ...overrides,
  };
}

function finding(overrides: Partial<Finding> = {}): Finding {
  return {
    kind: "spike",
    subject: "org",
    scope: ORG_SCOPE,
    severity: "warning",
    amount: usd(10),
    countedUntil: NOW,
    content: { happened: ["x"], brief: "x" },
    ...overrides,
  };
}

describe("tellingOf", () => {
  test.each([
    ["a new one", undefined, {}, "first"],
    ["a new one that is part of another", undefined, { partOf: "user:bo" }, "nothing"],
    ["one that was a part until now", { told: undefined }, {}, "first"],
    ["one that goes on", {}, { amount: usd(39) }, "nothing"],
    ["one that is four times as much", {}, { amount: usd(40) }, "again"],
    [
      "one that somebody called a false alarm",
      { feedback: "false" },
      { amount: usd(40) },
      "nothing",
    ],
    ["one that was planned", { feedback: "planned" }, { amount: usd(40) }, "nothing"],
    ["one that is real and grows", { feedback: "real" }, { amount: usd(40) }, "again"],
    ["one without an amount", { told: usd(0) }, { amount: usd(0) }, "nothing"],
  ] as const)("%s", (_, open, found, telling) => {
    const known = open === undefined ? undefined : episode(open);

    expect(tellingOf(known, finding(found)).kind).toBe(telling);
  });
});

describe("isOver", () => {
  test.each([
    ["spike", 59, false],
    ["spike", 60, true],
    ["loop", 19, false],
    ["loop", 20, true],
    ["silence", 0, true],
  ] as const)("a %s that was not seen for %i minutes: %s", (kind, minutes, over) => {
    const seen = episode({ kind });

    expect(isOver(seen, addMs(seen.seenAt, minutes * MINUTE_MS))).toBe(over);
  });
});

describe("barAfter", () => {
  test.each([
    [[], 1n],
    [["false"], 2n],
    [["false", "false"], 4n],
    [["false", "planned", "false", "false", "false", "false"], 8n],
    [["real", "false", "false"], 1n],
    [["false", "real", "false"], 2n],
    [["planned"], 1n],
  ] as const)("of %j, the latest first", (feedback, bar) => {
    expect(barAfter(feedback)).toBe(bar);
  });
});
