import { describe, expect, test } from "vitest";
import { z } from "zod";
import { describeIssues, looseCount, tags } from "../../../src/features/ingest/event-fields.ts";
import { parseReportedCost } from "../../../src/features/ingest/field-limits.ts";

describe("looseCount", () => {
  test.each([
    [7, 7],
    ["7", 7],
    ["7.0", 7],
    ["0", 0],
  ])("reads %j", (value, expected) => {
    expect(looseCount.parse(value)).toBe(expected);
  });

  test.each([[-1], [1.5], ["1.5"], ["-1"], [""], [" "], ["1e3"], ["0x10"], [1e13], [null], [true]])(
    "refuses %j",
    (value) => {
      expect(looseCount.safeParse(value).success).toBe(false);
    },
  );
});

describe("parseReportedCost", () => {
  test("takes what sums of many events still hold, and nothing beyond", () => {
    expect(parseReportedCost("1000000000")).toBe(1_000_000_000_000_000_000_000n);
    for (const tooMuch of ["1000000000.000000000001", "999999999999999999", 1e12]) {
      expect(parseReportedCost(tooMuch, "response_cost")).toBe(
        "response_cost: expected at most 1000000000 dollars",
      );
    }
  });
});

describe("describeIssues", () => {
  function problemOf(shape: z.ZodType, value: unknown, within?: string): string {
    const { error } = shape.safeParse(value);
    return error === undefined ? "" : describeIssues(error, within);
  }

  test("names each field, within what was parsed", () => {
    const shape = z.object({ a: z.number(), b: z.string() });
    expect(problemOf(shape, { b: 1 }, "usage.")).toBe(
      "usage.a: invalid input: expected number, received undefined; usage.b: invalid input: expected string, received number",
    );
  });

  test("names at most five problems", () => {
    expect(problemOf(z.array(z.number()), Array(9).fill("x")).split("; ")).toHaveLength(5);
  });

  test("keeps what Postgres can't store, and long texts, out of a sender's own names", () => {
    const problem = problemOf(z.object({ tags }), { tags: { "a\0b\ud800c": 1 } });
    expect(problem).toBe("tags.abc: invalid key in record");
    expect(problemOf(z.object({ tags }), { tags: { ["n".repeat(5_000)]: 1 } }).length).toBeLessThan(
      300,
    );
  });
});
