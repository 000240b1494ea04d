import { describe, expect, test } from "vitest";
import { isOurs, problemSentence } from "../../src/slack/problems.ts";

function refusedBy(code: string): Error {
  return Object.assign(new Error("Postgres says no"), { code });
}

describe("what the database gave up", () => {
  test.each([
    ["a deadlock", "40P01"],
    ["a statement that took too long", "57014"],
    ["a lock that nobody got", "55P03"],
  ])("is nobody's mistake and worth another try: %s", (_name, code) => {
    expect(problemSentence(refusedBy(code), "abc123")).toBe(
      "The database is busy right now, and nothing was changed. Try again in a minute.",
    );
    expect(isOurs(refusedBy(code))).toBe(false);
  });

  test("is not what it refuses because of us", () => {
    expect(problemSentence(refusedBy("23505"), "abc123")).toContain("abc123");
    expect(isOurs(refusedBy("23505"))).toBe(true);
  });
});
