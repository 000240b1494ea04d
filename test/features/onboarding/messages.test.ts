/** Every window of the set-up and the history, for any names, against the strict validator. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { historyModal, versionModal } from "../../../src/features/governance/messages/history.ts";
import {
  arrivedMessage,
  helloMessage,
  notForYouText,
  noticeModal,
} from "../../../src/features/onboarding/messages/answers.ts";
import {
  budgetForm,
  codeForm,
  organizationForm,
  teamForm,
} from "../../../src/features/onboarding/messages/forms.ts";
import { setUpBlocks, welcomeMessage } from "../../../src/features/onboarding/messages/home.ts";
import {
  channelRemedy,
  hubModal,
  savedNote,
} from "../../../src/features/onboarding/messages/hub.ts";
import { listModal } from "../../../src/features/onboarding/messages/list.ts";
import { editNote } from "../../../src/features/onboarding/messages/notes.ts";
import {
  adminsForm,
  approvalForm,
  digestForm,
} from "../../../src/features/onboarding/messages/policy-forms.ts";
import { secretModal, sourceForm } from "../../../src/features/onboarding/messages/source.ts";
import type { SetUpFacts } from "../../../src/features/onboarding/rules.ts";
import { home } from "../../../src/slack/blocks.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { homeProblems, messageProblems, viewProblems } from "../../support/shown.ts";

const AT = instant("2026-11-23T10:00:00Z");
const count = fc.constantFrom(0, 1, 1_000);
const key = fc.stringMatching(/^[a-z0-9][a-z0-9._/-]{0,79}$/);
const channel = fc.oneof(
  fc.constant("C02FINOPS00"),
  hostileText.map((text) => `#${text}`),
);

const facts: fc.Arbitrary<SetUpFacts> = fc.record({
  version: fc.constant(3),
  admins: fc.array(hostileText, { maxLength: 8 }),
  organization: fc.option(
    fc.record({
      name: hostileText,
      timeZone: hostileText,
      finopsChannel: fc.option(channel, { nil: undefined }),
    }),
    { nil: undefined },
  ),
  teams: count,
  budgets: count,
  digests: fc.array(
    fc.record({
      channel: fc.option(channel, { nil: undefined }),
      nextAt: fc.constantFrom(AT, undefined),
    }),
    { maxLength: 20 },
  ),
  sources: fc.array(fc.record({ name: hostileText, hasSent: fc.boolean() }), { maxLength: 5 }),
  hasUsage: fc.boolean(),
  channels: fc.array(
    fc.record({
      channel,
      status: fc.constantFrom("posting" as const, "posted" as const, "refused" as const),
      problem: fc.option(hostileText, { nil: undefined }),
    }),
    { maxLength: 4 },
  ),
  isAnthropicRead: fc.boolean(),
});

test("the list of steps, on Home and in its window, keeps Slack's limits for any data", () => {
  fc.assert(
    fc.property(facts, fc.array(hostileText, { maxLength: 40 }), (some, changes) => {
      expect(viewProblems(hubModal(some, savedNote(changes, changes)))).toEqual([]);
      expect(messageProblems(welcomeMessage({ kind: "needs-code" }))).toEqual([]);
      for (const kind of ["admin", "may-begin", "needs-code", "owner"] as const) {
        expect(homeProblems(home(setUpBlocks({ facts: some, standing: { kind } })))).toEqual([]);
      }
      const outsider = { kind: "outsider", admins: some.admins } as const;
      expect(setUpBlocks({ facts: some, standing: outsider })).toEqual([]);
      expect(viewProblems(noticeModal(notForYouText(outsider)))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("every form keeps them, empty and full", () => {
  const values = fc.record({
    name: hostileText,
    zone: hostileText,
    scope: fc.constantFrom("org", "team:x", "tag:a=b", undefined),
    amount: hostileText,
    thresholds: hostileText,
    projects: hostileText,
    owners: fc.constantFrom("", "U1,U2", undefined),
    members: fc.constantFrom("U1", undefined),
    admins: fc.constantFrom("U1", undefined),
    finance: fc.constantFrom("U1,U2", undefined),
    people: fc.constantFrom("U1", undefined),
    who: fc.constantFrom("kept", "owners", "nobody", undefined),
    up_to: hostileText,
    quorum: hostileText,
    expires: hostileText,
    day: hostileText,
    every: fc.constantFrom("month", "week", undefined),
    channel: fc.constantFrom("C02FINOPS00", undefined),
    at: fc.constantFrom("09:30", undefined),
  });
  fc.assert(
    fc.property(values, fc.option(key, { nil: undefined }), hostileText, (typed, one, said) => {
      const note = editNote({
        kind: "refused",
        problems: Array.from({ length: 30 }, () => ({ field: said, message: said })),
      });
      const content = { origin: { version: 3, key: one }, values: typed, note };
      const scopes = Array.from({ length: said.length % 2 === 0 ? 3 : 300 }, (_, index) => ({
        value: index === 0 ? "org" : `team:${String(index)}`,
        text: said === "" ? "x" : said,
      }));
      const modals = [
        organizationForm(content),
        teamForm(content),
        teamForm({ ...content, isOwners: true }),
        budgetForm(content, scopes),
        digestForm(content, scopes),
        digestForm({ ...content, isElsewhere: true }, scopes),
        organizationForm({ ...content, isElsewhere: true }),
        approvalForm(content),
        sourceForm(content),
        adminsForm(content),
        codeForm(note),
        secretModal({ source: said, secret: `whsec_${"a".repeat(88)}`, maySign: true }),
      ];
      for (const modal of modals) expect(viewProblems(modal)).toEqual([]);
      expect(messageProblems(arrivedMessage(said))).toEqual([]);
      expect(messageProblems(helloMessage())).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("lists of a thousand and the longest documents keep them", () => {
  fc.assert(
    fc.property(
      hostileText,
      count,
      fc.array(hostileText, { maxLength: 60 }),
      (name, many, changes) => {
        const entries = Array.from({ length: many }, (_, index) => ({
          key: `team-${String(index)}`,
          title: name,
          details: "x",
        }));
        for (const list of ["teams", "budgets", "digests", "approvals"] as const) {
          expect(viewProblems(listModal({ list, entries, mayAdd: true, search: name }))).toEqual(
            [],
          );
          expect(viewProblems(listModal({ list, entries, mayAdd: false, search: "" }))).toEqual([]);
        }
        const version = {
          version: 7,
          appliedAt: AT,
          appliedBy: name,
          origin: { via: "cli", user: name } as const,
          changes,
          restoredVersion: 3,
          text: changes.join("\n").repeat(many),
        };
        expect(viewProblems(versionModal({ version, current: 8 }))).toEqual([]);
        const page = { versions: Array.from({ length: 8 }, () => version), next: 3, current: 8 };
        expect(viewProblems(historyModal(page))).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test.each([
  ["is_archived", /archived/],
  ["not_in_channel", /\/invite/],
  ["channel_not_found", /\/invite/],
  ["restricted_action", /Only some people/],
  [undefined, /Slack refuses/],
])("of a channel that answers %s it says what to do", (problem, remedy) => {
  expect(channelRemedy(problem)).toMatch(remedy);
});
