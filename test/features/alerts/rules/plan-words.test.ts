import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planDetails, readPlan } from "../../../../src/features/alerts/rules/plan-words.ts";

describe("readPlan", () => {
  test.each([
    ["", []],
    ["search", []],
    ["the Search team", []],
    [
      "search from 2026-11-27 until 2026-11-29 up to 200 for load test",
      {
        scopeText: "search",
        from: "2026-11-27",
        until: "2026-11-29",
        amount: "200",
        name: "load test",
      },
    ],
    [
      "ads 2026-11-24 2026-11-25 launch",
      { scopeText: "ads", from: "2026-11-24", until: "2026-11-25", name: "launch" },
    ],
    ["search 2026-11-24 to 2026-11-25", { scopeText: "search", until: "2026-11-25" }],
    ["search  From 2026-11-24", { scopeText: "search", from: "2026-11-24", until: undefined }],
    ["search up to $1.5k", { scopeText: "search", amount: "$1.5k" }],
    ["search for the launch for all", { scopeText: "search", name: "the launch for all" }],
    ["from 2026-11-24 up to 5", { scopeText: "", from: "2026-11-24", amount: "5" }],
  ])("%j", (text, details) => {
    const [whole, ...others] = readPlan(text);
    expect(whole).toEqual({ scopeText: text.replaceAll(/\s+/g, " ") });
    expect(others).toMatchObject(Array.isArray(details) ? details : [details]);
  });

  test("reads what a button carries as it stood in the form", () => {
    const day = fc
      .date({ min: new Date("2020-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    const words = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(
        day,
        day,
        fc.constantFrom("200", "$1.5k", "$ 20.50"),
        words,
        (from, until, amount, name) => {
          const form = { scopeText: "search", from, until, amount, name };
          const typed = `search ${planDetails(form)}`;
          const called = name.trim().replaceAll(/\s+/g, " ");
          expect(readPlan(typed).at(-1)).toEqual({
            scopeText: "search",
            from,
            until,
            amount: amount.replaceAll(" ", ""),
            name: called === "" ? undefined : called,
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
