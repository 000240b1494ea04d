/**
 * What features say that no other property test builds: for any names, amounts and counts, Slack's
 * strict validator takes it and nobody is called. `test/gallery/catalogue.test.ts` finds builders
 * that no such test knows.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AlertContent } from "../../src/domain/alert.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { instant, PERIOD_KINDS, timeZone } from "../../src/domain/time.ts";
import { threadMessage } from "../../src/features/alerts/messages/thread.ts";
import { answerRefusalAnswer } from "../../src/features/approvals/messages/answers.ts";
import {
  delegateNotice,
  delegationAnswer,
  delegationUsageAnswer,
} from "../../src/features/approvals/messages/delegation.ts";
import {
  answerModal,
  askModal,
  denyModal,
  loadingModal,
  otherAmountModal,
  refusedModal,
  revokeModal,
} from "../../src/features/approvals/messages/modals.ts";
import { answerMessage, questionMessage } from "../../src/features/approvals/messages/questions.ts";
import { reminderMessage } from "../../src/features/approvals/messages/reminder.ts";
import {
  auditPageMessage,
  dutiesMessage,
  notAllowedAnswer,
} from "../../src/features/audit/messages.ts";
import { setByClickAnswer } from "../../src/features/budgets/messages/budgets.ts";
import { raiseAmountAnswer } from "../../src/features/budgets/messages/raise.ts";
import {
  raiseEndedMessage,
  raiseRevokedMessage,
} from "../../src/features/budgets/messages/raise-news.ts";
import {
  differencesMessage,
  rejectedMessage,
  requestsMessage,
} from "../../src/features/digests/messages/look.ts";
import {
  noticeModal as governanceNoticeModal,
  historyMessage,
} from "../../src/features/governance/messages/history.ts";
import {
  answerModal as homeAnswerModal,
  saidModal,
} from "../../src/features/home/messages/page.ts";
import { rejectedBlocks, rejectedNotice } from "../../src/features/ingest/messages/rejected.ts";
import {
  loopContent,
  silenceContent,
  spikeContent,
  unknownModelContent,
} from "../../src/features/insights/messages/alerts.ts";
import { answerMessage as askedMessage } from "../../src/features/insights/messages/answer.ts";
import { pushFailedMessage, pushMessage } from "../../src/features/limits/messages.ts";
import type { Push } from "../../src/features/limits/rules.ts";
import { loadingModal as setUpLoadingModal } from "../../src/features/onboarding/messages/answers.ts";
import { scopeRefusalMessage } from "../../src/features/organization/messages.ts";
import { unallocatedMessage } from "../../src/features/owners/messages.ts";
import {
  claimAnswer,
  claimMessage,
  confirmationAnswer,
  linksMessage,
} from "../../src/features/people/messages.ts";
import { noChannelMessage, sharedMessage } from "../../src/features/showback/messages/share.ts";
import { home, type Modal, type SlackMessage } from "../../src/slack/blocks.ts";
import { anAlert, aShownThread } from "../support/alert-builders.ts";
import { anApprovalRequest } from "../support/approvals-builders.ts";
import { anyUsd, hostileText } from "../support/arbitraries.ts";
import { homeProblems, messageProblems, viewProblems } from "../support/shown.ts";

const AT = instant("2026-11-23T10:00:00Z");
const ZONE = timeZone("Asia/Kolkata");
const RUNS = { numRuns: 40 };
const count = fc.constantFrom(0, 1, 7, 1_000_000);
const many = fc.constantFrom(0, 1, 8, 1_000);
const email = fc.constantFrom(
  emailFrom("bo@acme.test"),
  emailFrom(`${"x".repeat(64)}@${"y".repeat(60)}.test`),
  emailFrom("o'neil+tag@acme.test"),
);
const slackIds = fc.constantFrom(new Map([["bo@acme.test", "U03BOCHEN00"]]), new Map());
const rows = <T>(length: number, row: T): readonly T[] => Array.from({ length }, () => row);

/** What Slack refuses of them; empty: it takes all. */
function problemsOf(messages: readonly SlackMessage[], modals: readonly Modal[] = []): unknown[] {
  return [...messages.flatMap(messageProblems), ...modals.flatMap(viewProblems)];
}

test("around decisions: questions, reminders, delegates and every form", () => {
  const anyRequest = fc
    .record({ title: hostileText, reason: hostileText, requester: email, requestedAmount: anyUsd })
    .map((overrides) => anApprovalRequest(overrides));
  fc.assert(
    fc.property(anyRequest, hostileText, email, slackIds, (request, text, person, ids) => {
      const question = { questionId: "q1", askedBy: person, text, askedAt: AT };
      const answered = { ...question, answer: { by: person, text, at: AT } };
      const open = { ...question, answer: undefined };
      const delegation = { from: person, to: person, endsAt: AT };
      const zoned = { timeZone: ZONE, now: AT };
      const form = { request, surface: "home", slackIds: ids } as const;
      const about = { request, slackIds: ids };
      const answer = delegationAnswer({ kind: "delegated", delegation, ...zoned });
      expect(
        problemsOf(
          [
            questionMessage({ ...about, question: open }),
            answerMessage({ ...about, question: answered }),
            answerMessage({ ...about, question: open }),
            reminderMessage({ ...about, person }),
            delegateNotice({ delegation, slackIds: ids, ...zoned }),
            answer,
            delegationAnswer({ kind: "current", delegation: undefined, ...zoned }),
            delegationAnswer({ kind: "ended", to: person }),
            delegationAnswer({ kind: "refused", reason: "oneself" }),
            delegationUsageAnswer(),
            answerRefusalAnswer("text-too-long"),
          ],
          [
            askModal(form),
            denyModal(form),
            otherAmountModal(form),
            revokeModal(form),
            answerModal(open),
            loadingModal("Ask a question"),
            refusedModal("Ask a question", answer),
          ],
        ),
      ).toEqual([]);
    }),
    RUNS,
  );
});

test("raises that end, and amounts that are none", () => {
  const news = fc.record({
    name: hostileText,
    periodKind: fc.constantFrom(...PERIOD_KINDS),
    timeZone: fc.constant(ZONE),
    limit: anyUsd.filter((limit) => limit > 0n),
    spend: anyUsd,
    amount: anyUsd,
    by: hostileText,
    now: fc.constant(AT),
  });
  fc.assert(
    fc.property(news, (raise) => {
      expect(problemsOf([raiseRevokedMessage(raise), raiseEndedMessage(raise)])).toEqual([]);
    }),
    RUNS,
  );
  expect(problemsOf([raiseAmountAnswer("percent"), raiseAmountAnswer("too-small")])).toEqual([]);
  const ofClicks = fc.property(hostileText, (typed) => {
    expect(problemsOf([setByClickAnswer(typed)])).toEqual([]);
  });
  fc.assert(ofClicks, RUNS);
});

test("what is found by looking around", () => {
  const subject = fc.constantFrom(
    { kind: "team", key: "x" } as const,
    {
      kind: "user",
      key: "bo@acme.test",
    } as const,
  );
  fc.assert(
    fc.property(hostileText, anyUsd, count, subject, (name, amount, times, scope) => {
      const bar = times === 0 ? 1n : 4n;
      const norm = { normal: amount, usualMax: amount, spread: amount, sampleCount: times };
      const repeated = {
        kind: "operation",
        key: name,
        scope,
        requests: times,
        cutOff: times,
        cutOffCost: amount,
        requestsBefore: times,
      } as const;
      const contents: readonly AlertContent[] = [
        spikeContent({
          scope,
          name,
          span: "day",
          spike: { amount, norm, excess: amount, severity: "warning" },
          bar,
        }),
        ...(["duplicates", "retries", "loop"] as const).map((what) =>
          loopContent({
            loop: { what, repeated: { ...repeated, cost: amount }, wasted: amount },
            name,
            minutes: 10,
            amount,
            bar,
          }),
        ),
        unknownModelContent({ modelId: name, amount }),
        silenceContent({ source: name, since: AT, hours: times, zone: ZONE }),
      ];
      expect(
        problemsOf(
          contents.map((content) =>
            threadMessage(aShownThread({ alerts: [anAlert({ content })] })),
          ),
        ),
      ).toEqual([]);
    }),
    RUNS,
  );
});

test("answers to questions in plain words, and to names that are not there", () => {
  fc.assert(
    fc.property(hostileText, anyUsd, many, (name, cost, length) => {
      const option = { name, typed: name };
      const refused = { text: name, viewable: rows(length, option) };
      const query = { kind: "total", scope: name } as never;
      expect(
        problemsOf([
          askedMessage({
            kind: "answered",
            query,
            sentence: "{scope} spent {total} in {period}, {change}: {first} {first_cost}.",
            scope: name,
            period: name,
            total: cost,
            before: cost,
            rows: rows(length, { name, cost }),
            command: name,
          }),
          askedMessage({ kind: "not-allowed-people", scope: name }),
          askedMessage({ kind: "no-key" }),
          scopeRefusalMessage({ kind: "not-allowed", ...refused }),
          scopeRefusalMessage({
            kind: "unknown-scope",
            ...refused,
            isAmbiguous: length > 1,
            nearest: rows(length, option),
            period: "7d",
          }),
          sharedMessage({ name }),
          noChannelMessage(),
        ]),
      ).toEqual([]);
    }),
    RUNS,
  );
});

test("what the buttons of a digest show", () => {
  fc.assert(
    fc.property(many, anyUsd, anyUsd, hostileText, (length, billed, charged, text) => {
      const day = { day: "2026-11-22", anthropicBilled: billed, charged };
      const { blocks } = notAllowedAnswer([{ name: text, typed: text }]);
      expect(
        problemsOf([
          differencesMessage(rows(length, day)),
          requestsMessage(rows(length, blocks)),
          rejectedMessage([]),
          rejectedMessage(blocks),
        ]),
      ).toEqual([]);
    }),
    RUNS,
  );
});

test("events that could not be recorded, in messages, windows and on Home", () => {
  fc.assert(
    fc.property(hostileText, hostileText, count, many, (source, reason, events, length) => {
      const group = {
        source,
        code: "invalid",
        count: events,
        firstReceivedAt: AT,
        message: reason,
      } as const;
      const blocks = rejectedBlocks(rows(length, group));
      expect(
        problemsOf(
          [rejectedNotice(group)],
          [homeAnswerModal("Rejected", { text: "Nothing", blocks }), saidModal("Rejected", "x")],
        ),
      ).toEqual([]);
      expect(homeProblems(home(blocks))).toEqual([]);
    }),
    RUNS,
  );
});

test("limits elsewhere", () => {
  const push: fc.Arbitrary<Push> = fc.record({
    pushId: fc.constant("p"),
    operation: fc.constantFrom("raise", "deny_increase"),
    target: fc.record({
      system: fc.constantFrom("anthropic", "litellm", "gateway"),
      kind: fc.constantFrom("organization", "workspace", "user"),
      id: hostileText,
    }),
    period: hostileText,
    amount: anyUsd,
    approvalRequestId: fc.constant("a"),
    increaseRequestId: fc.constant(undefined),
    requester: email,
    decidedBy: email,
    endsAt: fc.constant(AT),
    direction: fc.constantFrom("forward", "back"),
    status: fc.constantFrom("pending", "sending", "done", "unknown", "failed", "reversed"),
    before: fc.option(anyUsd, { nil: undefined }),
    beforeIsOwn: fc.boolean(),
    intended: fc.option(anyUsd, { nil: undefined }),
    isApplied: fc.boolean(),
    attempts: count,
    detail: fc.option(hostileText, { nil: undefined }),
    version: count,
    createdAt: fc.constant(AT),
  });
  fc.assert(
    fc.property(push, (one) => {
      expect(problemsOf([pushMessage(one), pushFailedMessage(one)])).toEqual([]);
    }),
    RUNS,
  );
});

test("what is on record: audit, duties, versions", () => {
  fc.assert(
    fc.property(hostileText, anyUsd, many, (text, amount, length) => {
      const values = { limit: text, reason: text, nested: { more: text } };
      const entry = {
        sequence: 12,
        auditEntryId: "a",
        occurredAt: AT,
        actor: text,
        action: text,
        subject: text,
        before: values,
        after: values,
        rule: values,
        origin: values,
        previousHash: "0",
        entryHash: "1",
      };
      const report = {
        pairings: rows(length, { requester: text, approver: text, requests: length, amount }),
        mutual: rows(length, { people: [text, text], amount } as const),
        rulersWhoApprove: rows(length, { person: text, changes: length, approvals: length }),
        unusual: [],
        automatic: { requests: length, amount },
        own: rows(length, { requestId: text, person: text }),
      };
      const version = {
        version: 7,
        appliedAt: AT,
        appliedBy: text,
        origin: { via: "cli", user: text } as const,
        changes: rows(length, text),
        restoredVersion: 3,
      };
      const scope = { kind: "tag", key: text } as never;
      expect(
        problemsOf(
          [
            auditPageMessage({ scope, entries: rows(Math.min(length, 8), entry), next: 1 }),
            notAllowedAnswer([{ name: text, typed: text }]),
            dutiesMessage(report, { from: AT, until: AT }),
            historyMessage({ versions: rows(Math.min(length, 8), version), next: 3, current: 8 }),
          ],
          [governanceNoticeModal("There is no such version."), setUpLoadingModal()],
        ),
      ).toEqual([]);
    }),
    RUNS,
  );
});

test("what belongs to nobody, and names of people", () => {
  fc.assert(
    fc.property(hostileText, anyUsd, many, email, (text, amount, length, person) => {
      const suggestion = {
        by: "api_key",
        what: text,
        name: text,
        amount,
        team: text,
        because: text,
        yaml: `- { match: { api_key_id: ${JSON.stringify(text.slice(0, 200))} }, to: { team: x } }`,
      };
      const unallocated = {
        total: amount,
        days: 30,
        suggestions: rows(length, suggestion),
        asOf: AT,
      };
      const orphans = {
        keys: rows(length, { id: text, name: text }),
        people: rows(length, { email: text }),
        teamsWithoutOwners: rows(length, text),
        staleRules: rows(length, { about: text, position: 3 }),
      };
      const identity = { kind: "gateway_user", source: text, externalId: text } as never;
      expect(
        problemsOf([
          unallocatedMessage({ unallocated, orphans } as never),
          claimMessage({ claimId: "c", identity, person }),
          linksMessage({ person, identities: rows(length, identity), linkedNow: length }),
          claimAnswer({ kind: "ask", confirmer: person }, identity),
          claimAnswer({ kind: "refused", reason: "nobody-can-confirm" }, identity),
          confirmationAnswer("linked", { identity, person }),
        ]),
      ).toEqual([]);
    }),
    RUNS,
  );
});
