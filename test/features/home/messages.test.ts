import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Usd } from "../../../src/domain/money.ts";
import {
  answerModal,
  homeBlocks,
  homeView,
  loadingModal,
  rejectedModal,
  unknownPersonHome,
} from "../../../src/features/home/messages/page.ts";
import type { Attention, HomePage } from "../../../src/features/home/rules.ts";
import {
  actions,
  type Block,
  button,
  chart,
  escapeText,
  header,
  message,
  section,
} from "../../../src/slack/blocks.ts";
import { anyUsd, hostileText } from "../../support/arbitraries.ts";
import { usd } from "../../support/builders.ts";
import { aBudgetLine, aHomePage, aWaitingRequest, HOME_NOW } from "../../support/home-builders.ts";
import { homeProblems, shownLines, viewProblems } from "../../support/shown.ts";

const NO_PARTS = { opened: undefined, further: [] } as const;

function linesOf(page: HomePage, parts: Parameters<typeof homeBlocks>[1] = NO_PARTS): string[] {
  return shownLines(homeBlocks(page, parts));
}

describe("App Home", () => {
  test("of a full morning fits a glance, what waits for a decision first", () => {
    const page = aHomePage({
      waiting: { shown: [aWaitingRequest("a"), aWaitingRequest("b")], count: 7 },
      attention: [
        { kind: "rejected", events: 1_200, sources: ["checkout", "litellm"] },
        { kind: "unallocated", cost: usd(43.2), percent: 3 },
      ],
      spend: {
        cost: usd(123.4),
        previous: usd(110.2),
        days: [usd(0), usd(1), usd(4), usd(8)],
        models: [
          { name: "claude-opus-5-5", cost: usd(100) },
          { name: "claude-haiku-5", cost: usd(23.4) },
        ],
      },
      budgets: [aBudgetLine({ limit: usd(40), spend: usd(30), percent: 75, periodKind: "weekly" })],
      ownRequests: {
        count: 1,
        shown: [
          {
            requestId: "r",
            title: "ana@acme.test, weekly budget",
            amount: usd(20),
            requestedAt: HOME_NOW,
            expiresAt: HOME_NOW,
            mayWithdraw: true,
          },
        ],
      },
      organization: { name: "Acme", cost: usd(900), previous: usd(1_000) },
      teams: {
        count: 2,
        shown: [{ key: "search", name: "Search", cost: usd(355), budget: aBudgetLine() }],
      },
    });

    expect(linesOf(page)).toMatchSnapshot();
  });

  test("with nothing to say is short", () => {
    expect(linesOf(aHomePage())).toEqual([
      "# You · $0.00 this month",
      "No usage recorded yet.",
      "---",
      "# Teams this month",
      "You are in no team yet. An admin or the team's owner can add you.",
      "---",
      "*Preferences*\nMessages about my spend · no digest · no quiet hours · UTC [Change]",
      "[Request a raise] [Help]",
    ]);
  });

  test("shows the opened request in full at its place, and the others as a line", () => {
    const card = [
      section("the card"),
      actions([button({ actionId: "a", text: "Approve", value: "b" })]),
    ];
    const page = aHomePage({
      waiting: {
        shown: [aWaitingRequest("a"), aWaitingRequest("b"), aWaitingRequest("c")],
        count: 3,
      },
    });
    const lines = linesOf(page, { opened: { requestId: "b", card }, further: [] });

    expect(lines.slice(0, 7)).toEqual([
      "# Waiting for your decision · 3",
      expect.stringContaining("[Open]"),
      "---",
      "the card",
      "[Approve]",
      "---",
      expect.stringContaining("[Open]"),
    ]);
  });

  test("warns of a forecast above the limit while the limit holds, not afterwards", () => {
    const warned = (spend: Usd): boolean =>
      linesOf(
        aHomePage({ budgets: [aBudgetLine({ limit: usd(500), spend, forecast: usd(600) })] }),
      ).some((line) => line.includes(":warning:"));

    expect(
      linesOf(aHomePage({ budgets: [aBudgetLine({ spend: usd(490) })] })).join("\n"),
    ).not.toContain("forecast");
    expect(warned(usd(499))).toBe(true);
    expect(warned(usd(501))).toBe(false);
  });

  test("keeps what stands below in sight, however much another feature draws", () => {
    const further = Array.from({ length: 300 }, () => section("set up"));
    const lines = linesOf(aHomePage(), { opened: undefined, further: [further, []] });

    expect(lines.filter((line) => line === "set up")).toHaveLength(12);
    expect(lines).toContain("[Request a raise] [Help]");
  });

  test("puts what is left to do, which has a heading, before one's own spend, and the rest last", () => {
    const task = [header("Set up"), section("Choose a channel")];
    const lines = linesOf(aHomePage(), { opened: undefined, further: [[section("links")], task] });

    expect(lines.slice(0, 4)).toEqual([
      "# Set up",
      "Choose a channel",
      "---",
      "# You · $0.00 this month",
    ]);
    expect(lines.at(-1)).toBe("links");
  });

  test("calls the organization's month fiscal where it is not the calendar's", () => {
    const spend = { cost: usd(5), previous: usd(4), days: [], models: [] };
    const organization = { name: "Acme", cost: usd(5), previous: usd(4) };
    const attention = [{ kind: "unallocated", cost: usd(1), percent: 20 }] as const;
    const page = { spend, organization, attention, teams: { shown: [], count: 0 } };
    const text = (month: "month" | "fiscal month"): string =>
      linesOf(aHomePage({ ...page, month })).join("\n");

    expect(text("fiscal month").match(/fiscal month/g)).toHaveLength(5);
    expect(text("fiscal month").replaceAll("fiscal month", "month")).toBe(text("month"));
  });

  test("offers a raise from half of a budget on, or where it will not suffice", () => {
    const offers = (line: Parameters<typeof aBudgetLine>[0]): boolean =>
      linesOf(aHomePage({ budgets: [aBudgetLine(line)] })).some((one) =>
        one.includes("[Request raise]"),
      );

    expect(offers({ percent: 49, forecast: undefined })).toBe(false);
    expect(offers({ percent: 50, forecast: undefined })).toBe(true);
    expect(offers({ percent: 10, limit: usd(500), forecast: usd(501) })).toBe(true);
    expect(offers({ percent: 10, limit: usd(500), forecast: usd(500) })).toBe(false);
  });

  const name = hostileText;
  const line = fc.record({
    limit: anyUsd,
    spend: anyUsd,
    forecast: fc.option(anyUsd, { nil: undefined }),
  });
  const request = fc
    .record({ title: name, amount: anyUsd, requester: name })
    .map((given) => ({ ...aWaitingRequest("r"), ...given }));
  const attention: fc.Arbitrary<Attention> = fc.oneof(
    fc.record({
      kind: fc.constant("rejected" as const),
      events: fc.nat(),
      sources: fc.array(name),
    }),
    fc.record({ kind: fc.constant("unallocated" as const), cost: anyUsd, percent: fc.nat() }),
    fc.record({ kind: fc.constant("drift" as const), days: fc.nat(), amount: anyUsd }),
    fc.record({ kind: fc.constant("closed" as const), channels: fc.array(name) }),
  );

  test("is one that Slack takes, whatever names and amounts there are", () => {
    const page = fc.record({
      requests: fc.array(request, { maxLength: 5 }),
      attention: fc.array(attention, { maxLength: 5 }),
      spend: fc.record({
        cost: anyUsd,
        previous: anyUsd,
        days: fc.array(anyUsd, { maxLength: 14 }),
        models: fc.array(fc.record({ name, cost: anyUsd }), { maxLength: 20 }),
      }),
      budgets: fc.array(line.map(aBudgetLine), { maxLength: 20 }),
      teams: fc.array(
        fc.record({
          key: fc.string({ maxLength: 200 }),
          name,
          cost: anyUsd,
          budget: line.map(aBudgetLine),
        }),
        {
          maxLength: 8,
        },
      ),
      whole: fc.option(fc.record({ name, cost: anyUsd, previous: anyUsd }), { nil: undefined }),
      card: fc.array(
        name.map((text): Block => section(escapeText(text))),
        { minLength: 1, maxLength: 40 },
      ),
    });
    fc.assert(
      fc.property(page, ({ requests, teams, whole, card, ...given }) => {
        const shown = requests.map((one, index) => ({ ...one, requestId: String(index) }));
        const blocks = homeBlocks(
          aHomePage({
            ...given,
            waiting: { shown, count: 1_000 },
            ownRequests: {
              count: 1_000,
              shown: shown
                .slice(0, 3)
                .map((one) => ({ ...one, requestedAt: HOME_NOW, mayWithdraw: true })),
            },
            teams: { shown: teams, count: 1_000 },
            organization: whole,
          }),
          { opened: { requestId: "1", card }, further: [card, [header("Set up"), ...card]] },
        );
        const view = homeView(blocks, HOME_NOW);

        expect(homeProblems(view)).toEqual([]);
        expect(view.blocks).toHaveLength(blocks.length + 1);
      }),
      { numRuns: 60 },
    );
    expect(homeProblems(unknownPersonHome())).toEqual([]);
  });
});

describe("the windows of App Home", () => {
  test("show an answer without what a modal refuses, and offer it in full as a message", () => {
    const answer = message("Search: $3.", [
      header("Search"),
      section("$3", button({ actionId: "raise", text: "Request raise", value: "x" })),
      chart({
        title: "By day",
        kind: "bar",
        categories: ["Mon"],
        series: [{ name: "Cost", values: [3] }],
      }),
      actions([button({ actionId: "drill", text: "By person", value: "x" })]),
    ]);
    const modal = answerModal("Report", answer, "team:search");

    expect(shownLines(modal.blocks)).toEqual(["# Search", "$3", "[Send it to me]"]);
    expect(viewProblems(modal)).toEqual([]);
  });

  test("are ones that Slack takes", () => {
    fc.assert(
      fc.property(fc.array(hostileText, { maxLength: 200 }), (texts) => {
        const blocks = texts.map((text) => section(escapeText(text)));
        expect(viewProblems(answerModal("Report", { text: "x", blocks }, "org"))).toEqual([]);
        expect(viewProblems(rejectedModal("Could not be recorded", blocks))).toEqual([]);
      }),
      { numRuns: 30 },
    );
    expect(viewProblems(loadingModal("Report"))).toEqual([]);
    expect(shownLines(rejectedModal("x", undefined).blocks)).toEqual([
      "Only admins and finance can see this.",
    ]);
    expect(shownLines(rejectedModal("x", []).blocks)).toEqual(["Everything was recorded."]);
  });
});
