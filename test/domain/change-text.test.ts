import { describe, expect, test } from "vitest";
import { changeText } from "../../src/domain/change-text.ts";
import { usd } from "../support/builders.ts";

describe("changeText", () => {
  test.each([
    [150, 100, "▲ 50%"],
    [50, 100, "▼ 50%"],
    [100, 100, "unchanged"],
    [100.99, 100, "unchanged"],
    [0, 100, "▼ 100%"],
    [-10, 100, "▼ 110%"],
    [1_334, 100, "▲ 1,234%"],
    [10_099, 100, "▲ 9,999%"],
    [10_100, 100, "▲ >9,999%"],
    [-20_000, 1, "▼ >9,999%"],
  ])("of %d against %d is %s", (now, before, expected) => {
    expect(changeText(usd(now), usd(before))).toBe(expected);
  });

  test.each([0, -5])("is none against %d: there is nothing to compare with", (before) => {
    expect(changeText(usd(5), usd(before))).toBeUndefined();
  });
});
