import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { usd as usdFromPico } from "../../../src/domain/money.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import {
  decisionAnswer,
  refusalAnswer,
  requestRefusalText,
} from "../../../src/features/approvals/messages/answers.ts";
import { approvalCardMessage } from "../../../src/features/approvals/messages/card.ts";
import {
  denyModal,
  otherAmountModal,
  parseFormOrigin,
} from "../../../src/features/approvals/messages/modals.ts";
import { askedNotice, outcomeNotice } from "../../../src/features/approvals/messages/notices.ts";
import { NO_SLACK_IDS, peopleText } from "../../../src/features/approvals/messages/wording.ts";
import type { DecisionRefusal, NewVote } from "../../../src/features/approvals/rules/decide.ts";
import {
  APPROVAL_STATUSES,
  type ApprovalRequest,
  type RequestRefusal,
  type Vote,
} from "../../../src/features/approvals/rules.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import {
  ANA,
  anApprovalRequest,
  aPolicy,
  aVote,
  BO,
  DANA,
  EVE,
} from "../../support/approvals-builders.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { usd } from "../../support/builders.ts";
import { messageProblems, viewProblems } from "../../support/shown.ts";

const decidedAt = instant("2026-11-23T12:00:00Z");
const open = anApprovalRequest();
const applied = anApprovalRequest({
  status: "applied",
  approvedAmount: usd(150),
  decidedBy: DANA,
  decidedAt,
  decisionReason: "Enough until the launch?",
});
const denied = anApprovalRequest({
  status: "denied",
  decidedBy: DANA,
  decidedAt,
  decisionReason: "Wait for Q1",
});
const expired = anApprovalRequest({ status: "expired", decidedAt });
const cancelled = anApprovalRequest({ status: "cancelled", decidedAt });

function voice(dollars: number): NewVote {
  return { for: undefined, steps: [0], amount: usd(dollars), endsAt: undefined };
}

/** The words of a message as a reader sees them, buttons in brackets. */
function shown(message: SlackMessage): string {
  const lines = message.blocks.flatMap((block): string[] => {
    if (block.type === "section") return [block.text?.text ?? ""];
    if (block.type === "context") return block.elements.map((element) => element.text);
    if (block.type === "actions")
      return [block.elements.map((one) => ("text" in one ? `[${one.text.text}]` : "")).join(" ")];
    return [];
  });
  return [`text: ${message.text}`, ...lines]
    .join("\n")
    .replaceAll("\u2060", "")
    .replaceAll(/<!date\^[^|]*\|([^>]*)>/g, "<$1>");
}

describe("the card", () => {
  test("says who asks for how much for what until when, and why", () => {
    expect(
      shown(approvalCardMessage({ request: open, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS })),
    ).toMatchInlineSnapshot(`
      "text: bo@acme.test asks for $200.00 for Search, monthly budget, through Nov 30.
      *bo@acme.test* asks for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      Now: $480.00 of $500.00 (96 %)
      After: $480.00 of $700.00 (68 %)
      One approval is enough · expires <Nov 26, 2026, 10:00 UTC>
      [Approve] [Approve other amount] [Ask a question] [Deny]"
    `);
  });

  test("shows what was approved so far", () => {
    const request = anApprovalRequest({ policy: aPolicy({ quorum: 2 }) });
    const votes = [aVote(ANA, 150)];

    expect(
      shown(approvalCardMessage({ request, votes, viewer: DANA, slackIds: NO_SLACK_IDS })),
    ).toMatchInlineSnapshot(`
      "text: bo@acme.test asks for $200.00 for Search, monthly budget, through Nov 30. 1 of 2 approved, by ana@acme.test ($150.00).
      *bo@acme.test* asks for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      Now: $480.00 of $500.00 (96 %)
      After: $480.00 of $700.00 (68 %)
      1 of 2 approved, by ana@acme.test ($150.00) · expires <Nov 26, 2026, 10:00 UTC>
      [Approve] [Approve other amount] [Ask a question] [Deny]"
    `);
    const waiting = { ...request, waitingFor: [DANA] };
    expect(
      shown(approvalCardMessage({ request: waiting, votes, viewer: ANA, slackIds: NO_SLACK_IDS })),
    ).toContain("1 of 2 approved, by ana@acme.test ($150.00) · waits for dana@acme.test");
  });

  test("becomes its outcome, with nothing left to decide", () => {
    const cards = [
      approvalCardMessage({
        request: applied,
        votes: [aVote(DANA, 150)],
        viewer: ANA,
        slackIds: NO_SLACK_IDS,
      }),
      approvalCardMessage({ request: denied, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS }),
      approvalCardMessage({ request: expired, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS }),
      approvalCardMessage({ request: cancelled, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS }),
    ].map(shown);

    expect(cards.join("\n\n")).toMatchInlineSnapshot(`
      "text: bo@acme.test asked for $200.00 for Search, monthly budget, through Nov 30. Approved by dana@acme.test: $150.00 of $200.00.
      *bo@acme.test* asked for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      :white_check_mark: Approved by dana@acme.test: $150.00 of $200.00 · <Nov 23, 2026, 12:00 UTC>
      > Enough until the launch?
      [End early]

      text: bo@acme.test asked for $200.00 for Search, monthly budget, through Nov 30. Denied by dana@acme.test.
      *bo@acme.test* asked for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      :no_entry: Denied by dana@acme.test · <Nov 23, 2026, 12:00 UTC>
      > Wait for Q1

      text: bo@acme.test asked for $200.00 for Search, monthly budget, through Nov 30. Expired: nobody decided in time.
      *bo@acme.test* asked for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      :hourglass: Expired: nobody decided in time · <Nov 23, 2026, 12:00 UTC>

      text: bo@acme.test asked for $200.00 for Search, monthly budget, through Nov 30. Withdrawn by bo@acme.test.
      *bo@acme.test* asked for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      :leftwards_arrow_with_hook: Withdrawn by bo@acme.test · <Nov 23, 2026, 12:00 UTC>"
    `);
  });

  test("mentions people whom Slack knows, in blocks only", () => {
    const slackIds = new Map([
      [BO, "UBO"],
      [DANA, "UDANA"],
    ]);
    const votes = [aVote(DANA, 150)];
    const waiting = anApprovalRequest({ policy: aPolicy({ quorum: 2 }) });
    const messages = [
      approvalCardMessage({ request: waiting, votes, viewer: ANA, slackIds }),
      approvalCardMessage({ request: applied, votes, viewer: ANA, slackIds }),
      askedNotice({ request: waiting, votes, slackIds }),
      outcomeNotice({ request: applied, votes, slackIds }),
      outcomeNotice({ request: denied, votes: [], slackIds }),
    ];

    expect(messages.map((message) => shown(message)).join("\n\n")).toMatchInlineSnapshot(`
      "text: bo@acme.test asks for $200.00 for Search, monthly budget, through Nov 30. 1 of 2 approved, by dana@acme.test ($150.00).
      *<@UBO>* asks for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      Now: $480.00 of $500.00 (96 %)
      After: $480.00 of $700.00 (68 %)
      1 of 2 approved, by <@UDANA> ($150.00) · expires <Nov 26, 2026, 10:00 UTC>
      [Approve] [Approve other amount] [Ask a question] [Deny]

      text: bo@acme.test asked for $200.00 for Search, monthly budget, through Nov 30. Approved by dana@acme.test: $150.00 of $200.00.
      *<@UBO>* asked for *$200.00* for Search, monthly budget, through Nov 30.
      > Re-indexing before the launch
      :white_check_mark: Approved by <@UDANA>: $150.00 of $200.00 · <Nov 23, 2026, 12:00 UTC>
      > Enough until the launch?
      [End early]

      text: I asked ana@acme.test and dana@acme.test to decide on $200.00 for Search, monthly budget, through Nov 30. The request expires Nov 26, 2026, 10:00 UTC.
      You asked for *$200.00* for Search, monthly budget, through Nov 30. I asked ana@acme.test and <@UDANA>.
      1 of 2 approved, by <@UDANA> ($150.00) · expires <Nov 26, 2026, 10:00 UTC>
      [Withdraw]

      text: :white_check_mark: dana@acme.test approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      :white_check_mark: <@UDANA> approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      > Enough until the launch?

      text: :no_entry: dana@acme.test denied your request for $200.00 for Search, monthly budget.
      :no_entry: <@UDANA> denied your request for $200.00 for Search, monthly budget.
      > Wait for Q1"
    `);
    expect(messages.map((message) => message.text).join("\n")).not.toContain("<@");
  });

  test("says today where that is the last day, in the request's own calendar", () => {
    const request = anApprovalRequest({
      endsAt: instant("2026-11-23T23:00:00Z"),
      timeZone: timeZone("Europe/Berlin"),
    });

    expect(
      approvalCardMessage({ request, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS }).text,
    ).toBe("bo@acme.test asks for $200.00 for Search, monthly budget, through today.");
  });

  test("names the amount before it is approved, and carries nothing but the id", () => {
    const { blocks } = approvalCardMessage({
      request: open,
      votes: [],
      viewer: ANA,
      slackIds: NO_SLACK_IDS,
    });
    const buttons = blocks
      .flatMap((block) => (block.type === "actions" ? block.elements : []))
      .filter((one) => one.type === "button");

    expect(buttons.map(({ action_id, style }) => [action_id, style])).toEqual([
      ["approval_approve", "primary"],
      ["approval_other_amount", undefined],
      ["approval_ask", undefined],
      ["approval_deny", "danger"],
    ]);
    expect(new Set(buttons.map(({ value }) => value))).toEqual(new Set([open.requestId]));
    expect(buttons[0]?.confirm?.title.text).toBe("Approve $200.00?");
  });

  test("lets no markup through, however it is typed", () => {
    const evil = "<!channel> *bold* <https://evil.test|click> &lt;@U1>";
    const request = anApprovalRequest({
      title: evil,
      details: [evil],
      reason: `${evil}\n${evil}`,
      requester: emailFrom("a_b*c@acme.test"),
    });
    const json = JSON.stringify([
      approvalCardMessage({ request, votes: [], viewer: ANA, slackIds: NO_SLACK_IDS }),
      approvalCardMessage({
        request: { ...request, status: "denied", decidedBy: ANA, decidedAt, decisionReason: evil },
        votes: [],
        viewer: ANA,
        slackIds: NO_SLACK_IDS,
      }),
      askedNotice({ request, votes: [], slackIds: NO_SLACK_IDS }),
    ]);

    const withoutPlainText = json.replaceAll(/"type":"plain_text","text":"[^"]*"/g, "");
    expect(withoutPlainText).not.toMatch(/<!channel|<https:|<@U1|\*bold\*/);
    expect(withoutPlainText).toContain("&lt;!channel&gt;");
  });
});

describe("the requester", () => {
  test("reads who was asked and can withdraw", () => {
    expect(
      shown(askedNotice({ request: open, votes: [], slackIds: NO_SLACK_IDS })),
    ).toMatchInlineSnapshot(`
      "text: I asked ana@acme.test and dana@acme.test to decide on $200.00 for Search, monthly budget, through Nov 30. The request expires Nov 26, 2026, 10:00 UTC.
      You asked for *$200.00* for Search, monthly budget, through Nov 30. I asked ana@acme.test and dana@acme.test.
      Expires <Nov 26, 2026, 10:00 UTC>
      [Withdraw]"
    `);
    expect(
      shown(askedNotice({ request: cancelled, votes: [], slackIds: NO_SLACK_IDS })),
    ).not.toContain("[Withdraw]");
  });

  test("reads what came of it", () => {
    const notices = [
      outcomeNotice({ request: applied, votes: [aVote(DANA, 150)], slackIds: NO_SLACK_IDS }),
      outcomeNotice({ request: denied, votes: [], slackIds: NO_SLACK_IDS }),
      outcomeNotice({ request: expired, votes: [], slackIds: NO_SLACK_IDS }),
    ].map(shown);

    expect(notices.join("\n\n")).toMatchInlineSnapshot(`
      "text: :white_check_mark: dana@acme.test approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      :white_check_mark: dana@acme.test approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      > Enough until the launch?

      text: :no_entry: dana@acme.test denied your request for $200.00 for Search, monthly budget.
      :no_entry: dana@acme.test denied your request for $200.00 for Search, monthly budget.
      > Wait for Q1

      text: :hourglass: Nobody decided in time: your request for $200.00 for Search, monthly budget has expired. Ask again if you still need it.
      :hourglass: Nobody decided in time: your request for $200.00 for Search, monthly budget has expired. Ask again if you still need it."
    `);
  });

  test("reads the note of each voice, with whose it is", () => {
    const votes = [aVote(ANA, 150, "Enough for one run."), aVote(DANA, 200, "Good luck!")];
    const notice = outcomeNotice({ request: applied, votes, slackIds: new Map([[ANA, "UANA"]]) });

    expect(shown(notice)).toMatchInlineSnapshot(`
      "text: :white_check_mark: ana@acme.test and dana@acme.test approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      :white_check_mark: <@UANA> and dana@acme.test approved $150.00 of $200.00 for Search, monthly budget. It is in force now, through Nov 30.
      <@UANA>:
      > Enough for one run.
      dana@acme.test:
      > Good luck!"
    `);
  });

  test("reads a note kept before voices had their own", () => {
    const notice = outcomeNotice({
      request: applied,
      votes: [aVote(DANA, 150)],
      slackIds: NO_SLACK_IDS,
    });

    expect(shown(notice)).toContain("> Enough until the launch?");
  });

  test.each([
    [[], "nobody"],
    [[ANA], "ana@acme.test"],
    [[ANA, BO], "ana@acme.test and bo@acme.test"],
    [[ANA, BO, DANA, EVE], "ana@acme.test, bo@acme.test, dana@acme.test and eve@acme.test"],
    [
      [ANA, BO, DANA, EVE, emailFrom("fay@acme.test")],
      "ana@acme.test, bo@acme.test, dana@acme.test and 2 others",
    ],
  ])("names people briefly", (people, text) => {
    expect(peopleText(people, NO_SLACK_IDS)).toBe(text);
  });
});

function lateAnswer(status: "applied" | "denied" | "cancelled"): string {
  return shown(refusalAnswer({ reason: "already-decided", by: DANA, at: decidedAt, status }));
}

describe("answers", () => {
  const refusals: readonly DecisionRefusal[] = [
    { reason: "own-request" },
    { reason: "not-an-approver" },
    { reason: "not-the-requester" },
    { reason: "already-decided", by: DANA, at: decidedAt, status: "applied" },
    {
      reason: "settled-elsewhere",
      because: "Denied at Anthropic by somebody else",
      at: decidedAt,
    },
    { reason: "expired", at: decidedAt },
    { reason: "already-voted", approvals: 1, quorum: 2 },
    { reason: "amount-above-request", requestedAmount: usd(200) },
    { reason: "amount-not-positive" },
  ];

  test("each refusal has a sentence of its own", () => {
    expect(
      refusals.map((refusal) => refusalAnswer(refusal).text).join("\n"),
    ).toMatchInlineSnapshot(`
      "You can't decide your own request: it takes somebody else.
      You are not an approver of this request, so nothing has changed.
      Only the person who asked can withdraw a request.
      Too late: dana@acme.test approved this on Nov 23, 2026, 12:00 UTC.
      Too late. Denied at Anthropic by somebody else, Nov 23, 2026, 12:00 UTC.
      This request expired on Nov 23, 2026, 12:00 UTC.
      You have approved this already: 1 of 2. It takes somebody else now.
      You can approve at most the $200.00 asked for.
      Approve an amount above $0, or deny the request."
    `);
  });

  test("a late click reads who decided, and when", () => {
    expect(lateAnswer("applied")).toContain(
      "dana@acme.test approved this on Nov 23, 2026, 12:00 UTC",
    );
    expect(lateAnswer("denied")).toContain("dana@acme.test denied this");
    expect(lateAnswer("cancelled")).toContain("dana@acme.test withdrew this");
  });

  test("a click that counted is confirmed", () => {
    const kinds = [
      decisionAnswer(open, {
        kind: "voted",
        vote: voice(150),
        approvals: 1,
        quorum: 2,
        step: 1,
        steps: 1,
      }),
      decisionAnswer(open, {
        kind: "applied",
        amount: usd(150),
        endsAt: open.endsAt,
        vote: voice(180),
      }),
      decisionAnswer(open, { kind: "denied" }),
      decisionAnswer(open, { kind: "cancelled" }),
    ];

    expect(kinds.map((answer) => answer.text).join("\n")).toMatchInlineSnapshot(`
      "Your approval of $150.00 counts. 1 of 2 so far.
      Approved: bo@acme.test gets $150.00 of $200.00 for Search, monthly budget.
      Denied. I told bo@acme.test.
      Withdrawn. Nobody can approve it any more."
    `);
  });

  test("each refused proposal has a sentence of its own", () => {
    const reasons: readonly RequestRefusal[] = [
      "no-approver",
      "too-few-approvers",
      "too-many-open",
      "above-every-policy",
      "already-over",
    ];

    expect(new Set(reasons.map(requestRefusalText)).size).toBe(reasons.length);
  });
});

/** Anything that may be typed or counted, also far beyond what Slack takes. */
const text = fc.oneof(
  hostileText,
  fc.string({ maxLength: 50 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.integer({ min: 0, max: 12_000 }).map((length) => "<&>*_😀\n".repeat(length).slice(0, length)),
);
const people = fc.array(
  fc.integer({ min: 0, max: 999 }).map((n) => emailFrom(`${"x".repeat(n % 200)}${n}@acme.test`)),
  { maxLength: 60 },
);
const requests: fc.Arbitrary<{
  readonly request: ApprovalRequest;
  readonly votes: readonly Vote[];
}> = fc
  .record({
    title: text,
    reason: text,
    details: fc.array(text, { maxLength: 30 }),
    decisionReason: fc.option(text, { nil: undefined }),
    asked: people,
    voters: people,
    status: fc.constantFrom(...APPROVAL_STATUSES),
    pico: fc.bigInt({ min: 1n, max: 10n ** 18n }),
    quorum: fc.integer({ min: 1, max: 60 }),
  })
  .map(({ voters, pico, quorum, ...texts }) => ({
    request: anApprovalRequest({
      ...texts,
      requestedAmount: usdFromPico(pico),
      approvedAmount: texts.status === "applied" ? usdFromPico(pico) : undefined,
      decidedBy: DANA,
      decidedAt,
      policy: aPolicy({ quorum }),
    }),
    votes: voters.map((voter) => aVote(voter)),
  }));

describe("whatever people typed", () => {
  test("every message is one that Slack takes", () => {
    fc.assert(
      fc.property(requests, ({ request, votes }) => {
        const messages = [
          approvalCardMessage({ request, votes, viewer: ANA, slackIds: NO_SLACK_IDS }),
          askedNotice({ request, votes, slackIds: NO_SLACK_IDS }),
          outcomeNotice({ request, votes, slackIds: NO_SLACK_IDS }),
          decisionAnswer(request, {
            kind: "applied",
            amount: usd(1),
            endsAt: open.endsAt,
            vote: voice(1),
          }),
        ];
        expect(messages.flatMap(messageProblems)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("an open request always keeps its buttons", () => {
    fc.assert(
      fc.property(requests, ({ request }) => {
        const isOpen = request.status === "requested";
        const card = approvalCardMessage({
          request: { ...request, waitingFor: isOpen ? [ANA] : [] },
          votes: [],
          viewer: ANA,
          slackIds: NO_SLACK_IDS,
        });
        expect(JSON.stringify(card.blocks).includes('"approval_approve"')).toBe(isOpen);
      }),
      { numRuns: 150 },
    );
  });

  test("every modal is one that Slack takes", () => {
    fc.assert(
      fc.property(requests, ({ request }) => {
        for (const surface of ["message", "home"] as const) {
          const form = { request, surface, slackIds: NO_SLACK_IDS };
          for (const modal of [otherAmountModal(form), denyModal(form)]) {
            expect(viewProblems(modal)).toEqual([]);
            expect(parseFormOrigin(modal.private_metadata)).toEqual({
              requestId: request.requestId,
              surface,
            });
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
