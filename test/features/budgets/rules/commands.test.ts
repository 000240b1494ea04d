import { describe, expect, test } from "vitest";
import {
  parseRaiseCommand,
  parseSetCommand,
  type ScopeReading,
} from "../../../../src/features/budgets/rules/commands.ts";
import { usd } from "../../../support/builders.ts";

describe("parseSetCommand", () => {
  test.each([
    ["search 500 monthly", "search", 500, "monthly"],
    ["Search Team $1.5k per month", "Search Team", 1_500, "monthly"],
    ["project:checkout 20.50 usd weekly", "project:checkout", 20.5, "weekly"],
    ["search to 500 a year", "search", 500, "yearly"],
    ["3d 7 daily", "3d", 7, "daily"],
    ["org USD 9,000 quarterly", "org", 9_000, "quarterly"],
  ])("reads %j", (text, scopeText, dollars, periodKind) => {
    expect(parseSetCommand(text)).toMatchObject({
      kind: "set",
      scopeText,
      amount: usd(dollars),
      periodKind,
    });
  });

  test.each([
    ["", { reason: "usage" }],
    ["search", { reason: "usage" }],
    ["search monthly", { reason: "usage" }],
    ["500 monthly", { reason: "usage" }],
    ["search 500", { reason: "period" }],
    ["search 500 fortnightly", { reason: "period" }],
    ["search 500 monthly please", { reason: "period" }],
    ["search 0 monthly", { reason: "amount", amount: "not-positive" }],
    ["search -5 monthly", { reason: "amount", amount: "not-positive" }],
    ["search $2OO monthly", { reason: "amount", amount: "not-a-number" }],
    ["search 1e9 monthly", { reason: "amount", amount: "not-a-number" }],
    ["search 200 EUR monthly", { reason: "amount", amount: "only-usd" }],
    ["search 1,000,001 monthly", { reason: "amount", amount: "too-large" }],
  ])("refuses %j", (text, refusal) => {
    expect(parseSetCommand(text)).toEqual({ kind: "refused", ...refusal });
  });
});

function named(scopeText: string): ScopeReading {
  return { scopeText, periodKind: undefined, unexpected: "" };
}

describe("parseRaiseCommand", () => {
  test.each([
    ["search 200", { readings: [named("search")], amount: usd(200) }],
    [
      "search by $200 until end of month",
      { readings: [named("search")], amount: usd(200), untilText: "end of month" },
    ],
    [
      "bo@acme.test 1.5k UNTIL 2026-12-05",
      { readings: [named("bo@acme.test")], amount: usd(1_500), untilText: "2026-12-05" },
    ],
    [
      "Search Team 200 until friday launch week",
      {
        readings: [named("Search Team"), { ...named("Search"), unexpected: "Team" }],
        amount: usd(200),
        untilText: "friday",
        reason: "launch week",
      },
    ],
    [
      "search 200 usd until dec 5 re-indexing",
      { readings: [named("search")], amount: usd(200), untilText: "dec 5", reason: "re-indexing" },
    ],
    [
      "search daily 50",
      {
        readings: [named("search daily"), { ...named("search"), periodKind: "daily" }],
        amount: usd(50),
      },
    ],
    [
      "search per 50 more",
      {
        readings: [named("search per"), { ...named("search"), unexpected: "per" }],
        amount: usd(50),
        reason: "more",
      },
    ],
    [
      "search launch Week by 50",
      {
        readings: [
          named("search launch Week"),
          { ...named("search launch"), periodKind: "weekly" },
          { ...named("search"), unexpected: "launch Week" },
        ],
        amount: usd(50),
      },
    ],
    [
      "search $ 200 re-indexing until friday",
      { readings: [named("search")], amount: usd(200), reason: "re-indexing until friday" },
    ],
    [
      "search 200 for bo@acme.test until friday launch",
      {
        readings: [named("search")],
        amount: usd(200),
        untilText: "friday",
        beneficiary: "bo@acme.test",
        reason: "launch",
      },
    ],
    [
      "search 200 until dec 5 for Bo@acme.test launch",
      {
        readings: [named("search")],
        amount: usd(200),
        untilText: "dec 5",
        beneficiary: "bo@acme.test",
        reason: "launch",
      },
    ],
    [
      "search 200 for launch week",
      { readings: [named("search")], amount: usd(200), reason: "for launch week" },
    ],
  ])("reads %j", (text, { amount, ...asked }) => {
    expect(parseRaiseCommand(text)).toMatchObject({
      kind: "raise",
      amount: { kind: "amount", amount },
      beneficiary: undefined,
      untilText: undefined,
      reason: "",
      ...asked,
    });
  });

  test.each([
    ["search 20%", 2000],
    ["search 12.5 % until friday", 1250],
    ["search by 100%", 10_000],
  ])("reads the share in %j", (text, hundredths) => {
    expect(parseRaiseCommand(text)).toMatchObject({
      readings: [{ scopeText: "search" }],
      amount: { kind: "share", hundredths },
    });
  });

  test.each([
    ["search 200 EUR", "only-usd"],
    ["search €200", "only-usd"],
    ["search $2OO", "not-a-number"],
    ["search 1e9", "not-a-number"],
    ["search -5", "not-positive"],
    ["search 0", "not-positive"],
    ["search 1000001", "too-large"],
    ["search 0%", "percent"],
    ["search -5%", "percent"],
    ["search 1001%", "percent"],
    ["search 2O%", "percent"],
  ])("refuses %j", (text, amount) => {
    expect(parseRaiseCommand(text)).toEqual({ kind: "refused", amount });
  });

  test("keeps what was typed from the amount on, for whoever meant another name", () => {
    expect(parseRaiseCommand("serach $1.5k until friday launch week")).toMatchObject({
      amountText: "$1.5k",
      restText: "$1.5k until friday launch week",
    });
    expect(parseSetCommand("serach to 500 per month")).toMatchObject({ restText: "500 per month" });
  });

  test("without an amount, what follows the scope is no reason", () => {
    expect(parseRaiseCommand("search launch")).toEqual({
      kind: "incomplete",
      readings: [named("search launch"), { ...named("search"), unexpected: "launch" }],
      untilText: undefined,
      reason: "",
    });
  });

  test("takes a number of the date for no amount", () => {
    expect(parseRaiseCommand("search monthly until dec 5 launch")).toEqual({
      kind: "incomplete",
      readings: [named("search monthly"), { ...named("search"), periodKind: "monthly" }],
      untilText: "dec 5",
      reason: "launch",
    });
  });

  test("without a scope has no reading", () => {
    expect(parseRaiseCommand("  ")).toEqual({
      kind: "incomplete",
      readings: [],
      untilText: undefined,
      reason: "",
    });
  });
});
