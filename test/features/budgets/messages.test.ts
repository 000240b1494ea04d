import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd as pico } from "../../../src/domain/money.ts";
import { type Scope, scopeFrom } from "../../../src/domain/scope.ts";
import { instant, PERIOD_KINDS, timeZone } from "../../../src/domain/time.ts";
import { threadMessage } from "../../../src/features/alerts/messages/thread.ts";
import {
  thresholdContent,
  thresholdSeverity,
} from "../../../src/features/budgets/messages/alert.ts";
import {
  budgetListMessage,
  setBudgetAnswer,
  setCommandAnswer,
} from "../../../src/features/budgets/messages/budgets.ts";
import {
  raiseAnswer,
  raiseInfoModal,
  raiseLoadingModal,
  raiseModal,
  refusalNote,
} from "../../../src/features/budgets/messages/raise.ts";
import { raiseAppliedMessage } from "../../../src/features/budgets/messages/raise-news.ts";
import type { NamedStatus } from "../../../src/features/budgets/messages/wording.ts";
import { type BudgetAlert } from "../../../src/features/budgets/rules/evaluate.ts";
import { type BudgetStatus, formatBudgetRef } from "../../../src/features/budgets/rules.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { aShownThread, anAlert as aStoredAlert } from "../../support/alert-builders.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { aBudget } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { messageProblems, viewProblems } from "../../support/shown.ts";

const NOVEMBER = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };
const NOW = instant("2026-11-21T00:00:00Z");
const SEARCH: Scope = { kind: "team", key: "search" };

function anAlert(overrides: Partial<BudgetAlert> = {}): BudgetAlert {
  return {
    budgetId: "search-monthly",
    memberKey: "",
    period: NOVEMBER,
    thresholdPercent: 80,
    limit: usd(500),
    decided: usd(500),
    spend: usd(431.2),
    silentBecause: undefined,
    ...overrides,
  };
}

function aStatus(overrides: Partial<BudgetStatus> = {}): NamedStatus {
  return {
    name: "Search",
    status: {
      budgetId: "search-monthly",
      scope: SEARCH,
      memberKey: "",
      periodKind: "monthly",
      period: NOVEMBER,
      timeZone: timeZone("UTC"),
      weekStartsOn: "monday",
      baseLimit: usd(500),
      grants: usd(0),
      carriedOver: usd(0),
      limit: usd(500),
      spend: usd(431.2),
      percent: 86,
      thresholdPercents: [50, 80, 100],
      forecast: undefined,
      managedBy: "governance",
      ...overrides,
    },
  };
}

/** As people read it: alerts make the message of the content. */
function shown(overrides: Partial<Parameters<typeof thresholdContent>[0]> = {}): SlackMessage {
  const alert = overrides.alert ?? anAlert();
  const severity = thresholdSeverity(alert);
  const content = thresholdContent({
    budget: aBudget(),
    alert: anAlert(),
    scope: SEARCH,
    name: "Search",
    drivers: [
      { kind: "project", name: "checkout", cost: usd(310) },
      { kind: "project", name: "no project", cost: usd(121.2) },
    ],
    now: NOW,
    ...overrides,
  });
  return threadMessage(
    aShownThread({ alerts: [aStoredAlert({ kind: "threshold", severity, content })] }),
  );
}

/** What a person reads, block by block. */
function textsOf(message: SlackMessage): string[] {
  return message.blocks.flatMap((block) => {
    if (block.type === "section") return [block.text?.text ?? ""];
    if (block.type === "context") return block.elements.map((element) => element.text);
    if (block.type === "actions")
      return [block.elements.map((one) => ("text" in one ? one.text.text : "")).join(" | ")];
    return block.type === "header" ? [block.text.text] : [];
  });
}

describe("thresholdContent", () => {
  test("says what happened, how much, what follows and what to do", () => {
    expect(shown().text).toBe(
      "Search passed 80% of its monthly budget: $431.20 of $500.00 (86%). 10 days left, through Nov 30. At this pace $647 by then, $147 over the limit.",
    );
    expect(textsOf(shown())).toEqual([
      ":warning: *Search* passed *80%* of its monthly budget: $431.20 of $500.00 (86%).",
      "▰▰▰▰▰▰▰▰▰▱ *86%*\n10 days left, through Nov 30. At this pace $647 by then, $147 over the limit.\nTop projects: checkout $310.00, no project $121.20",
      "Request raise | Why? | Acknowledge | Snooze | Assign | Feedback",
    ]);
  });

  test("says where the last forecast sees the end, with its band, and no rate beside it", () => {
    const forecast = { expected: usd(548.7), low: usd(510.2), high: usd(590.1) };

    expect(shown({ forecast }).text).toContain(
      "Forecast: $549 by then (likely $510 to $590), $49 over the limit.",
    );
    expect(shown({ forecast }).text).not.toContain("At this pace");
    // Made before most of it was spent: it knows less than the sum.
    const old = { expected: usd(400), low: usd(390), high: usd(410) };
    expect(shown({ forecast: old }).text).toContain("At this pace $647");
  });

  test("says what its figures rest on, and as of when", () => {
    const basis = { kind: "estimated", asOf: "2026-11-20T12:00:00.000Z" } as const;

    expect(textsOf(shown({ basis }))).toContainEqual(
      expect.stringMatching(/^Estimated from usage events · as of <!date\^1795176000\^/),
    );
  });

  test("names a program to who answers for it", () => {
    const scope = { kind: "user", key: "bot@acme.test" } as const;

    expect(shown({ scope, name: "bot@acme.test", isOwn: false }).text).toContain(
      "Bot@acme.test passed 80% of its monthly budget",
    );
  });

  test("speaks to a person of their own budget", () => {
    const scope = scopeFrom("user:bo@acme.test");
    const alert = anAlert({ thresholdPercent: 100, spend: usd(500) });

    expect(shown({ scope, name: "bo@acme.test", alert, drivers: [] }).text).toMatch(
      /^You have used up your monthly budget: \$500\.00 of \$500\.00 \(100%\)\./,
    );
  });

  test.each([
    [79.99, ":warning: You passed *50%* of your monthly budget: $79.99 of $100.00 (79%)."],
    [100, ":rotating_light: You have used up your monthly budget: $100.00 of $100.00 (100%)."],
    [100.99, ":rotating_light: You have used up your monthly budget: $100.99 of $100.00 (100%)."],
    [109.5, ":rotating_light: You are *over* your monthly budget: $109.50 of $100.00 (109%)."],
  ])("at $%d says where the spend is, whatever the threshold", (dollars, text) => {
    const scope = scopeFrom("user:bo@acme.test");
    const alert = anAlert({ thresholdPercent: 50, limit: usd(100), spend: usd(dollars) });

    expect(textsOf(shown({ scope, name: "bo@acme.test", alert }))[0]).toBe(text);
  });

  test("of a day speaks of today", () => {
    const period = {
      start: instant("2026-11-21T00:00:00Z"),
      end: instant("2026-11-22T00:00:00Z"),
    };
    const budget = aBudget({ periodKind: "daily" });
    const alert = anAlert({ period, limit: usd(50), spend: usd(40) });
    const at = (time: string): string | undefined =>
      textsOf(shown({ budget, alert, drivers: [], now: instant(time) }))[1];

    expect(at("2026-11-21T12:00:00Z")).toBe(
      "▰▰▰▰▰▰▰▰▱▱ *80%*\nUntil midnight. At this pace $80 today, $30 over the limit.",
    );
    expect(at("2026-11-21T01:00:00Z")).toBe("▰▰▰▰▰▰▰▰▱▱ *80%*\nThe next one begins at midnight.");
  });

  test("on the last day of a longer period says so", () => {
    expect(shown({ now: instant("2026-11-30T12:00:00Z") }).text).toContain(
      "(86%). Ends today. At this pace $439 by then, within the limit.",
    );
  });

  test("names one driver in the singular", () => {
    const drivers = [{ kind: "model", name: "claude-opus-5-5", cost: usd(310) }] as const;

    expect(textsOf(shown({ drivers }))[1]).toMatch(/\nTop model: claude-opus-5-5 \$310\.00$/);
  });

  test("names no projection while it would be a guess", () => {
    const now = instant("2026-11-02T00:00:00Z");

    expect(shown({ now }).text).toMatch(/29 days left, through Nov 30\.$/);
  });

  test("says so when the pace stays within the limit", () => {
    const alert = anAlert({ thresholdPercent: 50, spend: usd(300) });

    expect(shown({ alert }).text).toContain("At this pace $450 by then, within the limit.");
  });

  test("carries only opaque ids in its buttons", () => {
    const buttons = shown()
      .blocks.flatMap((block) => (block.type === "actions" ? block.elements : []))
      .filter((one) => one.type === "button");

    expect(buttons.map((one) => [one.action_id, one.value])).toEqual([
      ["budget_request_raise", "search-monthly|"],
      ["alert_why", "01930000-0000-7000-8000-0000000000aa"],
      ["alert_acknowledge", "01930000-0000-7000-8000-0000000000aa"],
      ["alert_snooze", "01930000-0000-7000-8000-0000000000aa"],
      ["alert_assign", "01930000-0000-7000-8000-0000000000aa"],
      ["alert_feedback", "01930000-0000-7000-8000-0000000000aa"],
    ]);
  });

  test("a name that people chose stays text", () => {
    const { text } = shown({ name: "<!channel> *R&D*" });

    expect(text).toContain("&lt;!channel&gt;");
    expect(text).toContain("R&amp;D");
    expect(text).not.toContain("<!channel>");
  });
});

describe("budgetListMessage", () => {
  test("shows each budget with its bar", () => {
    const forecast = {
      asOf: NOW,
      expected: usd(548.7),
      low: usd(500),
      high: usd(600),
      accuracy: undefined,
      daysAhead: 3.2,
    };
    const raised = aStatus({ grants: usd(200), limit: usd(700), percent: 61 });
    const message = budgetListMessage({
      statuses: [raised, aStatus({ carriedOver: usd(40), forecast })],
      about: undefined,
      now: NOW,
    });

    expect(message.text).toBe("Monthly budget of Search: $431.20 of $700.00 (61%), and 1 more.");
    expect(textsOf(message)).toEqual([
      "Your budgets",
      "*Search* · monthly\n▰▰▰▰▰▰▱▱▱▱ *61%* · $431.20 of $700.00 · 10 days left · $500.00 plus $200.00 raised",
      "*Search* · monthly\n▰▰▰▰▰▰▰▰▰▱ *86%* · $431.20 of $500.00 · 10 days left · $40.00 carried over\nForecast $549 (109%) · 3 days ahead of plan",
    ]);
  });

  test("says that a day ends today", () => {
    const statuses = [aStatus({ periodKind: "daily" })];

    expect(textsOf(budgetListMessage({ statuses, about: undefined, now: NOW }))[1]).toMatch(
      / · ends today$/,
    );
  });

  test("counts what does not fit", () => {
    const statuses = Array.from({ length: 120 }, () => aStatus());

    expect(textsOf(budgetListMessage({ statuses, about: undefined, now: NOW })).at(-1)).toMatch(
      /more/,
    );
  });

  test.each([
    [undefined, "No budget covers you or your teams yet."],
    [{ typed: "search", name: "Search" }, "There is no budget for Search yet."],
  ])("says what to do where there is none", (about, text) => {
    const message = budgetListMessage({ statuses: [], about, now: NOW });

    expect(message.text).toContain(text);
    expect(message.text).toContain("/claude-spend budget set");
  });
});

describe("answers", () => {
  test.each<[string, SlackMessage, string]>([
    [
      "may not set",
      setBudgetAnswer({ kind: "may-not-set", name: "Search", typed: "search" }),
      "You can't set the budget of Search yourself. Ask for a raise: `/claude-spend raise search`",
    ],
    [
      "file only",
      setBudgetAnswer({ kind: "file-only", name: "Search", typed: "search" }),
      "Nothing was changed: here only the governance file decides (`GOVERNANCE_FILE_MODE=only`). Change the budget of Search there, or ask for a raise: `/claude-spend raise search`",
    ],
    [
      "several",
      setBudgetAnswer({
        kind: "several",
        name: "Search",
        typed: "search",
        periodKind: "monthly",
        keys: ["a", "b"],
      }),
      "Search has 2 monthly budgets: `a`, `b`. Change the one you mean in `/claude-spend setup`.",
    ],
    [
      "refused",
      setBudgetAnswer({ kind: "refused", problems: ["expected a project, there is no <x>"] }),
      "Nothing was changed: expected a project, there is no &lt;x&gt;.",
    ],
    [
      "unchanged",
      setBudgetAnswer({ kind: "unchanged", named: aStatus() }),
      "The monthly budget of Search already is $500.00.",
    ],
    [
      "created",
      setBudgetAnswer({ kind: "set", named: aStatus(), before: undefined }),
      "The monthly budget of Search is $500.00. Spent so far: $431.20 of $500.00 (86%). Alerts at 50%, 80%, 100%.",
    ],
    [
      "changed",
      setBudgetAnswer({ kind: "set", named: aStatus(), before: usd(300) }),
      "The monthly budget of Search is now $500.00, was $300.00. Spent so far: $431.20 of $500.00 (86%). Alerts at 50%, 80%, 100%.",
    ],
    [
      "usage",
      setCommandAnswer({ reason: "usage" }),
      "Write `/claude-spend budget set SCOPE AMOUNT PERIOD`, for example `/claude-spend budget set project:checkout 500 monthly`.",
    ],
    [
      "period",
      setCommandAnswer({ reason: "period" }),
      "End with a period: daily, weekly, monthly, quarterly or yearly. For example `/claude-spend budget set project:checkout 500 monthly`.",
    ],
    [
      "amount",
      setCommandAnswer({ reason: "amount", amount: "only-usd" }),
      "Amounts are in US dollars: enter 200 or $200, without another currency.",
    ],
    [
      "no budget to raise",
      raiseAnswer({ kind: "no-budget", name: "Ads", typed: "ads" }),
      "There is no budget for Ads to raise: nothing limits it. `/claude-spend ads` shows what it spends.",
    ],
    [
      "no budget of that period",
      raiseAnswer({
        kind: "no-budget-of-period",
        name: "Search",
        typed: "search",
        periodKind: "daily",
        periodKinds: ["quarterly", "monthly", "weekly"],
      }),
      "There is no daily budget of Search to raise, only a quarterly, a monthly and a weekly one. For example `/claude-spend raise search quarterly 200`.",
    ],
    [
      "words that mean nothing",
      raiseAnswer({ kind: "unexpected-words", typed: "search", words: "launch week" }),
      "I don't understand “launch week” after `search`: next comes an amount, perhaps with a period before it, then the reason. For example `/claude-spend raise search 200 launch week`.",
    ],
    [
      "bad date",
      raiseAnswer({ kind: "bad-until", reason: "past" }),
      "Nothing was asked for. Choose a date that is not over yet.",
    ],
    [
      "refused",
      raiseAnswer({ kind: "refused", text: "Nobody could approve this." }),
      "Nothing was asked for. Nobody could approve this.",
    ],
    [
      "requested",
      raiseAnswer({
        kind: "requested",
        named: aStatus(),
        amount: usd(1_234.5),
        endsAt: NOVEMBER.end,
        approvers: ["ana@acme.test", "dana@acme.test"],
        now: NOW,
      }),
      "Asked ana@acme.test and dana@acme.test for $1,234.50 more in the monthly budget of Search, through Nov 30. I'll tell you what they decide.",
    ],
    [
      "applied",
      raiseAppliedMessage({
        name: "Search",
        periodKind: "monthly",
        timeZone: timeZone("UTC"),
        amount: usd(200),
        limit: usd(700),
        endsAt: NOVEMBER.end,
        approvers: ["ana@acme.test", "dana@acme.test"],
        now: NOW,
      }),
      "The monthly budget of Search is $700.00 through Nov 30: ana@acme.test and dana@acme.test approved $200.00 more.",
    ],
  ])("%s", (_, message, text) => {
    expect(message.text).toBe(text);
    expect(messageProblems(message)).toEqual([]);
  });
});

describe("raiseModal", () => {
  const form = {
    statuses: [aStatus()],
    selected: undefined,
    untilDate: undefined,
    mayAskForOthers: false,
    amount: "",
    reason: "",
  };

  test("offers the wanted budget first, though a select can't hold all", () => {
    const statuses = Array.from({ length: 150 }, (_, i) => aStatus({ budgetId: `b${String(i)}` }));
    const view = raiseModal({ ...form, statuses, selected: { budgetId: "b149", memberKey: "" } });
    const [first] = view.blocks;

    expect(
      first?.type === "input" && first.element.type === "static_select"
        ? first.element.initial_option?.value
        : "",
    ).toBe("b149|");
    expect(viewProblems(view)).toEqual([]);
  });

  test("fills in what was typed", () => {
    const view = raiseModal({
      ...form,
      mayAskForOthers: true,
      untilDate: "2026-11-27",
      reason: "launch",
    });

    expect(JSON.stringify(view)).toContain('"initial_date":"2026-11-27"');
    expect(JSON.stringify(view)).toContain('"initial_value":"launch"');
  });

  test("leaves out a budget whose name does not fit an option", () => {
    const tooLong = aStatus({ memberKey: "x".repeat(200) });

    expect(viewProblems(raiseModal({ ...form, statuses: [tooLong, aStatus()] }))).toEqual([]);
    expect(raiseModal({ ...form, statuses: [tooLong] }).submit).toBeUndefined();
    expect(formatBudgetRef(tooLong.status).length).toBeGreaterThan(150);
  });

  test("the views without a form are accepted, too", () => {
    expect(viewProblems(raiseLoadingModal())).toEqual([]);
    expect(viewProblems(raiseInfoModal("No."))).toEqual([]);
  });
});

describe("whatever people call things", () => {
  const name = fc.oneof(hostileText, fc.string({ maxLength: 4_000, unit: "binary" }));
  const amount = fc.bigInt({ min: 0n, max: 10n ** 24n }).map((value) => pico(value));

  test("alerts and lists fit Slack's limits", () => {
    fc.assert(
      fc.property(
        name,
        amount,
        fc.array(name, { maxLength: 3 }),
        fc.constantFrom(...PERIOD_KINDS),
        (called, spend, drivers, periodKind) => {
          const message = shown({
            name: called,
            scope: { kind: "team", key: called === "" ? "x" : called },
            budget: aBudget({ periodKind }),
            alert: anAlert({ spend }),
            drivers: drivers.map((one) => ({ kind: "project", name: one, cost: spend })),
          });
          const list = budgetListMessage({
            statuses: Array.from({ length: 60 }, () => ({ ...aStatus({ spend }), name: called })),
            about: { typed: called, name: called },
            asked: { kind: "other-time", label: called, command: called },
            now: NOW,
          });

          expect([...messageProblems(message), ...messageProblems(list)]).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("forms and answers fit Slack's limits", () => {
    fc.assert(
      fc.property(name, (called) => {
        const view = raiseModal({
          statuses: [{ ...aStatus(), name: called }],
          selected: undefined,
          untilDate: undefined,
          mayAskForOthers: false,
          amount: called,
          reason: called,
          note: refusalNote({ kind: "not-allowed", text: called, viewable: [] }),
        });
        const answer = setBudgetAnswer({ kind: "may-not-set", name: called, typed: called });

        expect([...viewProblems(view), ...messageProblems(answer)]).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
