import fc from "fast-check";
import { expect, test } from "vitest";
import { usd as pico, type Usd } from "../../../src/domain/money.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { previewMessage, sendAnswer } from "../../../src/features/digests/messages/preview.ts";
import { withheldMessage } from "../../../src/features/digests/messages/withheld.ts";
import { type DigestContent, digestMessage } from "../../../src/features/digests/messages.ts";
import { anyUsd, hostileText } from "../../support/arbitraries.ts";
import { messageProblems } from "../../support/shown.ts";

const PERIOD = { start: instant("2026-10-31T23:00:00Z"), end: instant("2026-11-30T23:00:00Z") };
const count = fc.nat({ max: 10_000_000 });
const mover = fc.record({
  key: fc.option(hostileText),
  name: fc.option(hostileText),
  cost: anyUsd,
  previousCost: anyUsd,
});
/** Up to a thousand, without a thousand draws. */
const many = <T>(one: fc.Arbitrary<T>) =>
  fc
    .tuple(fc.array(one, { maxLength: 4 }), fc.constantFrom(0, 1, 7, 250))
    .map(([few, times]) => Array.from({ length: times }, () => few).flat());
const day = fc.record({
  day: fc
    .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  cost: anyUsd,
});
const budget = fc.record({
  name: hostileText,
  periodKind: fc.constantFrom("daily", "weekly", "monthly", "quarterly", "yearly"),
  percent: fc.nat({ max: 1_000_000 }),
  limit: anyUsd,
  spend: anyUsd,
  expected: fc.option(anyUsd, { nil: undefined }),
});
const texts = fc.array(hostileText, { maxLength: 6 });

const anyContent: fc.Arbitrary<DigestContent> = fc.record({
  name: hostileText,
  typed: fc.constantFrom("me", "org", "team:search"),
  isOwn: fc.boolean(),
  every: fc.constantFrom("day", "week", "month"),
  zone: fc.constantFrom(timeZone("UTC"), timeZone("Europe/Berlin")),
  period: fc.constant(PERIOD),
  cost: anyUsd,
  previousCost: anyUsd,
  requests: count,
  days: fc.oneof(fc.array(day, { maxLength: 31 }), fc.array(day, { minLength: 14, maxLength: 14 })),
  by: fc.constantFrom("team", "project"),
  owners: many(mover),
  models: many(mover),
  news: fc.record({ models: texts, projects: texts, apiKeys: texts, people: count }),
  budgets: many(budget),
  teams: many(mover),
  decisions: fc.record({
    requests: texts,
    requestCount: count,
    unallocated: anyUsd,
    rejectedEvents: count,
    undelivered: count,
    driftingDays: count,
  }),
  basis: fc.record({
    kind: fc.constantFrom("estimated", "billed", "reconciled"),
    asOf: fc.option(fc.constant(PERIOD.end), { nil: undefined }),
  }),
  dataUntil: fc.option(fc.constant(PERIOD.end), { nil: undefined }),
  asOf: fc.constant(PERIOD.end),
});

test("whatever it tells, Slack takes it: whole, on one screen or so, and calling nobody", () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      const message = digestMessage(content);
      expect(messageProblems(message)).toEqual([]);
      expect(message.blocks.length).toBeLessThanOrEqual(12);
      expect(message.blocks.at(-1)?.type).toBe("actions");
      expect(
        message.blocks.filter(({ type }) => type === "data_visualization").length,
      ).toBeLessThan(2);
    }),
    { numRuns: 150 },
  );
});

test("so is a look at one, and what became of posting it", () => {
  const channel = fc.constantFrom("#finops", "C0123456789", "#team-ü");
  fc.assert(
    fc.property(anyContent, hostileText, channel, (content, name, where) => {
      const digest = {
        digestKey: "k",
        destination: { channel: where },
        scope: { kind: "org", key: "" },
        every: content.every,
        onWeekday: undefined,
        onDay: undefined,
        atLocalTime: "09:00",
        zone: content.zone,
        nextRunAt: PERIOD.end,
        toldThrough: undefined,
      } as const;
      const sendable = { ref: "org day", channel: where };
      const why = { members: 12, outsiders: 3 };
      for (const message of [
        previewMessage({ content, digests: [digest, digest], sendable }),
        previewMessage({ content, digests: [], sendable: undefined }),
        sendAnswer({ kind: "sent", name, channel: where }),
        sendAnswer({ kind: "already-told", name, channel: where }),
        sendAnswer({ kind: "no-channel", name }),
        sendAnswer({ kind: "withheld", name, channel: where, why }),
        withheldMessage({ name, channel: where, every: content.every, why }),
      ]) {
        expect(messageProblems(message)).toEqual([]);
      }
    }),
    { numRuns: 50 },
  );
});

const ZERO: Usd = pico(0n);
test("nothing at all is said in two lines", () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      const message = digestMessage({
        ...content,
        name: "Acme",
        cost: ZERO,
        previousCost: ZERO,
        requests: 0,
        owners: [],
        models: [],
        teams: [],
        budgets: [],
        news: { models: [], projects: [], apiKeys: [], people: 0 },
        decisions: {
          requests: [],
          requestCount: 0,
          unallocated: ZERO,
          rejectedEvents: 0,
          undelivered: 0,
          driftingDays: 0,
        },
      });
      expect(message.blocks.map(({ type }) => type)).toEqual([
        "header",
        "section",
        "context",
        "actions",
      ]);
    }),
    { numRuns: 20 },
  );
});
