import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALERT_KINDS, type AlertContent } from "../../../src/domain/alert.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { usd as pico } from "../../../src/domain/money.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import {
  actAnswer,
  lookRefusal,
  planAnswer,
} from "../../../src/features/alerts/messages/answers.ts";
import { explanationMessage } from "../../../src/features/alerts/messages/explanation.ts";
import { gatheredMessage } from "../../../src/features/alerts/messages/gathered.ts";
import {
  assignModal,
  feedbackModal,
  planModal,
  planRefusedModal,
  snoozeModal,
} from "../../../src/features/alerts/messages/modals.ts";
import {
  assignedMessage,
  newsMessage,
  resolvedMessage,
  threadMessage,
} from "../../../src/features/alerts/messages/thread.ts";
import { UNTOUCHED } from "../../../src/features/alerts/rules.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { anAlert, aShownThread, aThread } from "../../support/alert-builders.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { usd } from "../../support/builders.ts";
import { messageProblems, viewProblems } from "../../support/shown.ts";

const NOW = instant("2026-11-21T00:00:00Z");
const BO = { email: emailFrom("bo@acme.test"), slackUserId: "U1" };
const ANA = { email: emailFrom("ana@acme.test"), slackUserId: "U2" };

function textsOf({ blocks }: SlackMessage): string[] {
  return blocks.flatMap((block) => {
    if (block.type === "section") return [block.text?.text ?? ""];
    if (block.type === "context") return block.elements.map((element) => element.text);
    return block.type === "actions"
      ? [block.elements.map((one) => ("text" in one ? one.text.text : "")).join(" | ")]
      : [];
  });
}

describe("threadMessage", () => {
  test("says what happened, how much, why, what follows and what to do", () => {
    const message = threadMessage(aShownThread());

    expect(message.text).toBe(
      "Search spends 4 times what is normal. At this pace $120.00 by midnight.",
    );
    expect(textsOf(message)).toEqual([
      ":warning: *Search* spends *4 times* what is normal.",
      "At this pace $120.00 by midnight.\nTop project: checkout $31.00 (usually $4.00)",
      "Why? | Acknowledge | Snooze | Assign | Feedback",
    ]);
  });

  test("names what was said before", () => {
    const earlier = anAlert({ foundAt: instant("2026-11-12T09:00:00Z") });
    const message = threadMessage(aShownThread({ alerts: [anAlert(), earlier] }));

    expect(textsOf(message)[2]).toBe(
      "Before: 4 times normal (<!date^1794474000^{date_short}|2026-11-12>)",
    );
  });

  test("shows who did what, and keeps the actions that are left", () => {
    const state = {
      acknowledged: { by: BO, at: NOW },
      assigned: { by: BO, to: ANA },
      snoozed: { by: ANA, until: instant("2026-11-21T01:00:00Z") },
      feedback: { by: ANA, what: "real" },
    } as const;

    expect(textsOf(threadMessage(aShownThread({ state }))).slice(2)).toEqual([
      ":white_check_mark: Acknowledged by <@U1>",
      ":bust_in_silhouette: <@U2> looks after it (assigned by <@U1>)",
      ":zzz: Snoozed until <!date^1795222800^{date_short_pretty} {time}|2026-11-21T01:00Z> by <@U2>",
      ":thumbsup: A real problem, says <@U2>",
      "Why? | Snooze | Assign | Feedback",
    ]);
  });

  test("says that it is over, and that a snooze is", () => {
    const thread = aThread({ resolved: { at: NOW, because: "the limit was raised." } });
    const state = { ...UNTOUCHED, snoozed: { by: ANA, until: NOW } };
    const lines = textsOf(threadMessage(aShownThread({ thread, state })));

    expect(lines[0]).toMatch(/^:white_check_mark: \*Search\*/);
    expect(lines.slice(2)).toEqual([
      "No longer the case: the limit was raised.",
      "Why? | Feedback",
    ]);
  });

  test.each([
    ["recovery", "info", ":white_check_mark:"],
    ["reset", "info", ":arrows_counterclockwise:"],
    ["spike", "info", ":information_source:"],
    ["spike", "critical", ":rotating_light:"],
  ] as const)("of %s, %s begins with %s", (kind, severity, icon) => {
    const message = threadMessage(aShownThread({ alerts: [anAlert({ kind, severity })] }));

    expect(textsOf(message)[0]?.startsWith(icon)).toBe(true);
  });
});

describe("private answers", () => {
  test("Why? compares with the span before", () => {
    const message = explanationMessage({
      name: "Search",
      span: { start: instant("2026-11-01T00:00:00Z"), end: NOW },
      before: { start: instant("2026-10-12T00:00:00Z"), end: instant("2026-11-01T00:00:00Z") },
      total: { now: usd(37), before: usd(5) },
      movers: [
        { by: "user", top: [{ name: "bo@acme.test", now: usd(30), before: usd(5) }] },
        {
          by: "project",
          top: [
            { name: "ranking", now: usd(7), before: usd(0) },
            { name: "old", now: usd(0), before: usd(3) },
          ],
        },
        { by: "model", top: [] },
      ],
    });

    expect(textsOf(message).slice(0, 3)).toEqual([
      "*Search: $37.00, $32.00 more than $5.00.*",
      "*People*\n+$25.00  bo@acme.test · $30.00",
      "*Projects*\n+$7.00  ranking · $7.00\n−$3.00  old · $0.00",
    ]);
  });

  test.each([
    [
      { kind: "acknowledge" },
      { kind: "already", by: "ana@acme.test" },
      "ana@acme.test acknowledged this before.",
    ],
    [
      { kind: "acknowledge" },
      { kind: "done" },
      "Acknowledged. I'll speak up again only when there is something new.",
    ],
    [
      { kind: "snooze", how: "hour" },
      { kind: "done" },
      "Snoozed for an hour. The message stays up to date, without a sound.",
    ],
    [
      { kind: "snooze", how: "period" },
      { kind: "period-over" },
      "Its period is over: there is nothing left to snooze.",
    ],
    [
      { kind: "feedback", what: "real" },
      { kind: "not-allowed" },
      "Only people who may see this budget can act on its alerts.",
    ],
    [{ kind: "assign", to: ANA }, { kind: "unknown" }, "That alert doesn't exist any more."],
  ] as const)("%j, %j", (did, outcome, text) => {
    expect(actAnswer(did, outcome).text).toBe(text);
  });
});

describe("whatever people call things", () => {
  const name = fc.oneof(hostileText, fc.string({ maxLength: 4_000, unit: "binary" }));
  const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 24n }).map((value) => pico(value));
  const content: fc.Arbitrary<AlertContent> = fc.record(
    {
      happened: fc.array(
        fc.oneof(
          name,
          name.map((strong) => ({ strong })),
        ),
        { maxLength: 8 },
      ),
      brief: name,
      percent: fc.integer({ min: 0, max: 100_000 }),
      follows: name,
      drivers: fc.record({
        by: fc.constantFrom("team" as const, "session" as const),
        top: fc.array(fc.record({ name, cost: amount, normal: amount }), { maxLength: 12 }),
      }),
      details: fc.array(name, { maxLength: 30 }),
      raise: name,
    },
    { requiredKeys: ["happened", "brief"] },
  );
  const alert = fc
    .record({
      content,
      kind: fc.constantFrom(...ALERT_KINDS),
      severity: fc.constantFrom("info" as const, "warning" as const, "critical" as const),
    })
    .map((one) => anAlert(one));

  test("messages fit Slack's limits and call nobody", () => {
    fc.assert(
      fc.property(fc.array(alert, { minLength: 1, maxLength: 6 }), name, (alerts, because) => {
        const [first = anAlert(), ...rest] = alerts;
        const thread = aThread({ resolved: { at: NOW, because } });
        const gathered = Array.from({ length: 60 }, (_, i) => ({
          alert: alerts[i % alerts.length] ?? first,
          threadId: "t",
        }));
        const messages = [
          threadMessage(aShownThread({ alerts: [first, ...rest], thread })),
          newsMessage(first),
          resolvedMessage(because),
          gatheredMessage({ count: gathered.length, latest: gathered }),
          assignedMessage({ by: "U1", happened: first.content.happened, threadId: "t" }),
        ];
        expect(messages.flatMap(messageProblems)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("answers, forms and Home fit Slack's limits", () => {
    fc.assert(
      fc.property(name, amount, (called, cost) => {
        const top = Array.from({ length: 4 }, () => ({ name: called, now: cost, before: usd(1) }));
        const span = { start: NOW, end: NOW };
        const event = { name: called, startsAt: NOW, endsAt: NOW, expected: cost };
        const answers = [
          explanationMessage({
            name: called,
            span,
            before: span,
            total: { now: cost, before: cost },
            movers: [{ by: "user", top }],
            words: called,
          }),
          planAnswer({ kind: "planned", event, scopeName: called, zone: timeZone("UTC") }),
          planAnswer(
            { kind: "not-yours", scopeName: called, offered: [{ name: called, typed: called }] },
            { scope: called, details: called },
          ),
          ...(["no-date", "over", "turned"] as const).map((reason) =>
            planAnswer({ kind: "impossible-dates", reason }, { scope: called, details: called }),
          ),
          lookRefusal({ kind: "unknown" }),
        ];
        expect(answers.flatMap(messageProblems)).toEqual([]);
        const words = { scopeText: called, from: called, until: called, amount: called };
        expect(viewProblems(planModal({ ...words, name: called }))).toEqual([]);
        expect(viewProblems(planModal({ scopeText: "", from: "2026-02-31" }))).toEqual([]);
        for (const said of answers) expect(viewProblems(planRefusedModal(said))).toEqual([]);
      }),
      { numRuns: 40 },
    );
    for (const view of [snoozeModal("t"), assignModal("t"), feedbackModal("t")]) {
      expect(viewProblems(view)).toEqual([]);
    }
  });
});
