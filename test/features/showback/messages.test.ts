import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usdFromDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, instant, PERIOD_KINDS } from "../../../src/domain/time.ts";
import {
  ownSpendBlocks,
  ownSpendMessage,
} from "../../../src/features/showback/messages/own-spend.ts";
import {
  reportMessage,
  sharedReportMessage,
} from "../../../src/features/showback/messages/report.ts";
import {
  peopleArePrivateMessage,
  unknownPersonMessage,
} from "../../../src/features/showback/messages.ts";
import type { BudgetShare, OwnSpend, SpendReport } from "../../../src/features/showback/rules.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { anyUsd, hostileText } from "../../support/arbitraries.ts";
import { usd } from "../../support/builders.ts";
import { aSpendReport, spendTotals } from "../../support/showback-builders.ts";
import { homeProblems, messageProblems, shownLines } from "../../support/shown.ts";

function aBudgetShare(overrides: Partial<BudgetShare> = {}): BudgetShare {
  return {
    raiseValue: "b|",
    periodKind: "monthly",
    limit: usd(500),
    spend: usd(355),
    percent: 71,
    ...overrides,
  };
}

function ownSpend(overrides: Partial<OwnSpend> = {}): OwnSpend {
  return {
    month: "month",
    mine: spendTotals({ cost: usd(12.5) }),
    myBudgets: [
      aBudgetShare({ periodKind: "weekly", limit: usd(40), spend: usd(50), percent: 125 }),
    ],
    teams: [
      { key: "search", name: "Search & Co", spend: spendTotals(), budgets: [aBudgetShare()] },
      { key: "ads", name: "Ads", spend: spendTotals({ cost: usd(0) }), budgets: [] },
    ],
    organization: undefined,
    ...overrides,
  };
}

/** What the lists of a message say, and which command each entry is. */
function commandsOf({ blocks }: SlackMessage): (readonly [text: string, command: string])[] {
  return blocks
    .flatMap((block) => (block.type === "actions" ? block.elements : []))
    .flatMap((element) => (element.type === "static_select" ? element.options : []))
    .map(({ text, value }) => [text.text, value]);
}

describe("a report", () => {
  test("says what was spent, compared with what, of which budget, by what", () => {
    const { text, blocks } = reportMessage(aSpendReport());

    expect([text, ...shownLines(blocks)]).toEqual([
      "Search: $355.00, month to date, ▲ 77% vs same days last month.",
      "# Search · $355.00",
      "*Month to date* (Nov 1–23) · ▲ 77% vs $200.00, same days last month (Oct 1–23)",
      "▰▰▰▰▰▰▰▱▱▱ *71%* of $500 monthly · $145.00 left",
      "chart (bar): Spend by day",
      "*By model*\n$300.00  claude-opus-5-5 · 85%\n$55.00  claude-haiku-4-5 · 15%",
      "(1,000 requests · $0.36 each · 80% of prompts from cache)",
      "(Estimated from usage events · as of <2026-11-23T10:07:00.000Z> · up to date)",
      "[Look closer ▾] [Month to date ▾] [Request raise] [Share here]",
    ]);
  });

  test("says where the budget ends and what one of what the business counts cost", () => {
    const { blocks } = reportMessage(
      aSpendReport({
        budgets: [
          aBudgetShare({
            forecast: { expected: usd(548.7), end: instant("2026-12-01T00:00:00Z") },
          }),
        ],
        unitCosts: [{ metric: "tickets_resolved", cost: usd(1.2) }],
      }),
    );

    expect(shownLines(blocks).join("\n")).toContain("$145.00 left · forecast $549 (109%)");
    expect(shownLines(blocks).join("\n")).toContain("· $1.20 per tickets_resolved");
  });

  test("by one dimension shows ten of it and a pie, and leads back", () => {
    const report = aSpendReport({ view: { by: "model", isExact: false } });
    const lines = shownLines(reportMessage(report).blocks);

    expect(lines).toContain("chart (pie): By model (USD)");
    expect(commandsOf(reportMessage(report))).toContainEqual(["Overview", "search mtd"]);
    expect(commandsOf(reportMessage(report))).toContainEqual(["Last 7 days", "search 7d by model"]);
  });

  test("shows every digit on demand", () => {
    const cost = usdFromDecimal("355.000000000001");
    const report = aSpendReport({
      view: { by: undefined, isExact: true },
      spend: spendTotals({ cost }),
    });

    expect(shownLines(reportMessage(report).blocks).join("\n")).toContain(
      "Total | 355.000000000001",
    );
  });

  test("with a name too long for a list leads on by buttons", () => {
    const report = aSpendReport({ typed: `project:${"x".repeat(200)}` });

    expect(shownLines(reportMessage(report).blocks)).toContain(
      "[By project] [By model] [By person] [Last 7 days] [Last 30 days]",
    );
  });

  test("says so when no usage has come in for a while, or ever", () => {
    const stale = aSpendReport({ dataUntil: instant("2026-11-23T08:00:00Z") });
    const none = aSpendReport({ dataUntil: undefined });

    expect(shownLines(reportMessage(stale).blocks).join("")).toContain(
      "no usage since <2026-11-23",
    );
    expect(shownLines(reportMessage(none).blocks).join("")).toContain("no usage has come in yet");
  });

  test("draws at most twenty bars, neighbouring days together, each label once", () => {
    const points = Array.from({ length: 23 }, (_, index) => ({
      at: addMs(instant("2026-11-01T00:00:00Z"), index * DAY_MS),
      cost: usd(1),
    }));
    const { blocks } = reportMessage(aSpendReport({ course: { step: "day", points } }));
    const [drawn] = blocks.filter((block) => block.type === "data_visualization");

    expect(drawn?.title).toBe("Spend by 2 days");
    expect(JSON.stringify(drawn)).toContain('["Nov 1","2–3","4–5"');
  });

  test("for a channel says who shared it and has nothing to click", () => {
    const lines = shownLines(sharedReportMessage(aSpendReport(), "U1").blocks);

    expect(lines.at(-1)).toBe("(Shared by <@U1> · `/claude-spend` shows yours)");
    expect(lines.join("")).not.toContain("▾");
  });

  test("shows the five costliest, the others as one line, and what belongs to nobody", () => {
    const rows = [null, "a", "b", "c", "d", "e", "f"].map((key, index) => ({
      key,
      cost: usd(70 - index * 10),
    }));
    const report = aSpendReport({ breakdowns: [{ key: "team", rows }] });

    expect(shownLines(reportMessage(report).blocks)).toContain(
      [
        "*By team*",
        "$70.00  _Unallocated_ · 20%",
        "$60.00  a · 17%",
        "$50.00  b · 14%",
        "$40.00  c · 11%",
        "$30.00  d · 8%",
        "$30.00  2 others",
      ].join("\n"),
    );
  });

  test.each([
    ["equal", 200, "as much as same days last month"],
    ["less", 100, "▼ 50% vs same days last month"],
    ["a hundred times more", 20_000, "▲ 9,900% vs same days last month"],
  ])("%s than before", (_name, dollars, expected) => {
    const report = aSpendReport({ spend: spendTotals({ cost: usd(dollars) }) });

    expect(reportMessage(report).text).toContain(expected);
  });

  test("compares with nothing when nothing was spent before, and says when nothing was used", () => {
    const none = spendTotals({ cost: usd(0), requests: 0 });
    const first = reportMessage(aSpendReport({ previous: none }));
    const empty = reportMessage(aSpendReport({ spend: none, previous: none, breakdowns: [] }));

    expect(first.text).toBe("Search: $355.00, month to date.");
    expect(shownLines(empty.blocks)).toContain("No usage yet in this period.");
  });

  test("of a span that is over says nothing of how budgets stand today", () => {
    const { period, asOf } = aSpendReport();
    const october = { ...period, current: period.previous };
    const past = aSpendReport({ period: october, budgets: [aBudgetShare()], asOf });

    expect(shownLines(reportMessage(past).blocks).join("\n")).not.toContain("of $500 monthly");
    const empty = aSpendReport({
      period: october,
      spend: spendTotals({ cost: usd(0), requests: 0 }),
    });
    expect(shownLines(reportMessage(empty).blocks)).toContain("No usage in this period.");
  });

  test("a budget that is over says by how much", () => {
    const over = aBudgetShare({ spend: usd(600), percent: 120 });

    expect(shownLines(reportMessage(aSpendReport({ budgets: [over] })).blocks)).toContain(
      "▰▰▰▰▰▰▰▰▰▰ *120%* of $500 monthly · $100.00 over",
    );
  });
});

test("a first event that only the total has seen yet breaks nothing", () => {
  const report = aSpendReport({ breakdowns: [{ key: "model", rows: [] }] });

  expect(messageProblems(reportMessage(report))).toEqual([]);
});

describe("what one person sees first", () => {
  test("is their own spend, then their teams", () => {
    expect(shownLines(ownSpendBlocks(ownSpend()))).toEqual([
      "# You · $12.50 this month",
      "▰▰▰▰▰▰▰▰▰▰ *125%* of $40 weekly · $10.00 over [Request raise]",
      "*Search &amp; Co* · $355.00 this month\n▰▰▰▰▰▰▰▱▱▱ *71%* of $500 monthly · $145.00 left [Request raise]",
      "*Ads* · $0.00 this month",
      "(Details: `/claude-spend search 7d` · all commands: `/claude-spend help`)",
    ]);
  });

  test("an admin sees the whole; who is in no team is told how to get into one", () => {
    const whole = ownSpend({ teams: [], organization: { name: "Acme", spend: spendTotals() } });

    expect(shownLines(ownSpendBlocks(whole))).toContain("*Acme* · $355.00 this month");
    expect(shownLines(ownSpendBlocks(whole)).at(-2)).toContain("Ask an admin to add you to one");
    expect(shownLines(ownSpendBlocks(whole)).at(-1)).toContain("/claude-spend org 7d");
  });

  test("of very many teams shows some, says so, and still ends with how to see more", () => {
    const teams = Array.from({ length: 200 }, (_, index) => ({
      key: `t${String(index)}`,
      name: `Team ${String(index)}`,
      spend: spendTotals(),
      budgets: [],
    }));
    const lines = shownLines(ownSpendBlocks(ownSpend({ teams })));

    expect(lines.length).toBeLessThan(48);
    expect(lines.at(-2)).toBe("(…and 180 more teams: name one to see it.)");
    expect(lines.at(-1)).toContain("/claude-spend t0 7d");
  });
});

describe("an answer that is no report", () => {
  test("to somebody without an address says whom to ask for what", () => {
    expect(messageProblems(unknownPersonMessage())).toEqual([]);
    expect(unknownPersonMessage().text).toContain("e-mail address");
  });

  test("about people leads on to what may be seen", () => {
    const { blocks } = peopleArePrivateMessage({ name: "Search", typed: "search" });

    expect(shownLines(blocks).at(-1)).toBe("[Top projects] [Top models]");
  });
});

const anyTotals = fc.record({ cost: anyUsd, requests: fc.nat() }).map(spendTotals);
const anyBudgets = fc.array(
  fc.record({
    raiseValue: fc.string({ minLength: 1, maxLength: 300 }),
    periodKind: fc.constantFrom(...PERIOD_KINDS),
    limit: anyUsd,
    spend: anyUsd,
    percent: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  }),
  { maxLength: 12 },
);
const anyRows = fc.array(fc.record({ key: fc.option(hostileText), cost: anyUsd }), {
  maxLength: 30,
});
const DIMENSIONS = ["team", "model", "user", "project", "api_key"] as const;
const anyPoints = fc.array(
  fc.record({
    at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map(instant),
    cost: anyUsd,
  }),
  { maxLength: 400 },
);
const anyReport: fc.Arbitrary<SpendReport> = fc
  .record({
    name: hostileText,
    typed: fc.oneof(hostileText, fc.string({ minLength: 1_900, maxLength: 2_100 })),
    view: fc.record({
      by: fc.option(fc.constantFrom(...DIMENSIONS), { nil: undefined }),
      isExact: fc.boolean(),
    }),
    course: fc.record({ step: fc.constantFrom("day", "hour"), points: anyPoints }),
    unitCosts: fc.array(fc.record({ metric: hostileText, cost: anyUsd }), { maxLength: 5 }),
    spend: anyTotals,
    previous: anyTotals,
    budgets: anyBudgets,
    breakdowns: fc.array(fc.record({ key: fc.constantFrom(...DIMENSIONS), rows: anyRows }), {
      maxLength: 4,
    }),
  })
  .map(aSpendReport);
const anyOwnSpend: fc.Arbitrary<OwnSpend> = fc.record({
  month: fc.constantFrom("month", "fiscal month"),
  mine: anyTotals,
  myBudgets: anyBudgets,
  teams: fc.oneof(
    fc.array(
      fc.record({ key: hostileText, name: hostileText, spend: anyTotals, budgets: anyBudgets }),
      { maxLength: 30 },
    ),
    fc
      .record({ key: hostileText, name: hostileText, spend: anyTotals, budgets: anyBudgets })
      .map((team) => Array.from({ length: 1_000 }, () => team)),
  ),
  organization: fc.option(fc.record({ name: hostileText, spend: anyTotals }), { nil: undefined }),
});

describe("whatever people and numbers are called", () => {
  test("every report is one that Slack takes", () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        expect(messageProblems(reportMessage(report))).toEqual([]);
        expect(messageProblems(sharedReportMessage(report, "U1"))).toEqual([]);
      }),
    );
  });

  test("what one person sees is one that Slack takes, as message and in App Home", () => {
    fc.assert(
      fc.property(anyOwnSpend, (own) => {
        expect(messageProblems(ownSpendMessage(own))).toEqual([]);
        expect(homeProblems({ type: "home", blocks: ownSpendBlocks(own) })).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
