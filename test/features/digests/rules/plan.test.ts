import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { ORG_SCOPE } from "../../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../../src/domain/time.ts";
import {
  type DigestReader,
  type DigestRule,
  digestChanges,
  planDigests,
} from "../../../../src/features/digests/rules/plan.ts";

const BERLIN = timeZone("Europe/Berlin");
const TOKYO = timeZone("Asia/Tokyo");
const ORGANIZATION = { timeZone: BERLIN, weekStartsOn: "sunday", fiscalMonthStartsOn: 26 } as const;
const NOW = instant("2026-11-23T12:00:00Z");

function aRule(overrides: Partial<DigestRule> = {}): DigestRule {
  return {
    ruleKey: "rule",
    target: { kind: "one", scope: ORG_SCOPE, destination: { channel: "#finops" } },
    every: "day",
    onWeekday: undefined,
    onDay: undefined,
    atLocalTime: "09:00",
    zone: undefined,
    ...overrides,
  };
}

function aReader(overrides: Partial<DigestReader> = {}): DigestReader {
  return {
    email: emailFrom("bo@acme.test"),
    zone: TOKYO,
    isNamed: true,
    choice: undefined,
    ...overrides,
  };
}

const FOR_PEOPLE = aRule({
  target: { kind: "each", of: "user" },
  every: "week",
  onWeekday: "monday",
});

function plan(what: {
  readonly rules?: readonly DigestRule[];
  readonly teams?: readonly { readonly key: string; readonly channel?: string }[];
  readonly readers?: readonly DigestReader[];
}) {
  const { rules = [], teams = [], readers = [] } = what;
  return planDigests({ rules, teams, readers, organization: ORGANIZATION });
}

function theOne<T>(one: T | undefined): T {
  if (one === undefined) throw new Error("nothing was planned");
  return one;
}

describe("which digests there are", () => {
  test("one for a scope, in the organization's zone unless it says another", () => {
    expect(plan({ rules: [aRule(), aRule({ ruleKey: "other", zone: TOKYO })] })).toMatchObject([
      { digestKey: "rule", zone: BERLIN, destination: { channel: "#finops" } },
      { digestKey: "other", zone: TOKYO },
    ]);
  });

  test("one for each team that has a channel", () => {
    const rules = [aRule({ target: { kind: "each", of: "team" } })];
    const teams = [{ key: "search", channel: "#team-search" }, { key: "ads" }];

    expect(plan({ rules, teams })).toMatchObject([
      {
        digestKey: "rule team:search",
        scope: { kind: "team", key: "search" },
        destination: { channel: "#team-search" },
      },
    ]);
  });

  test("none for people unless governance or they themselves say so", () => {
    expect(plan({ rules: [aRule()], readers: [aReader()] })).toHaveLength(1);
    expect(plan({ readers: [aReader({ choice: { every: "off" } })] })).toEqual([]);
  });

  test("one for each person whom governance names, in their own zone", () => {
    const readers = [aReader(), aReader({ email: emailFrom("x@acme.test"), isNamed: false })];

    expect(plan({ rules: [FOR_PEOPLE], readers })).toEqual([
      {
        digestKey: "person bo@acme.test",
        scope: { kind: "user", key: "bo@acme.test" },
        destination: { person: "bo@acme.test" },
        every: "week",
        onWeekday: "monday",
        onDay: undefined,
        atLocalTime: "09:00",
        zone: TOKYO,
      },
    ]);
  });

  test.each([
    ["day", { onWeekday: undefined, onDay: undefined }],
    ["week", { onWeekday: "sunday", onDay: undefined }],
    ["month", { onWeekday: undefined, onDay: 26 }],
  ] as const)(
    "a person's own %s comes before governance, on the organization's days",
    (every, on) => {
      const choice = { every, atLocalTime: "07:30" };

      expect(plan({ rules: [FOR_PEOPLE], readers: [aReader({ choice })] })).toMatchObject([
        { every, atLocalTime: "07:30", zone: TOKYO, ...on },
      ]);
    },
  );

  test("somebody who wants none gets none, whatever governance says", () => {
    const readers = [aReader({ choice: { every: "off" } })];
    expect(plan({ rules: [FOR_PEOPLE], readers })).toEqual([]);
  });
});

describe("what changes", () => {
  const [planned] = plan({ rules: [aRule()] });
  const known = (toldThrough: string | undefined) => [
    {
      ...theOne(planned),
      nextRunAt: instant("2026-11-24T08:00:00Z"),
      toldThrough,
    },
  ];
  const changes = (rules: readonly DigestRule[], told?: string) =>
    digestChanges(plan({ rules }), known(told), { now: NOW, calendar: ORGANIZATION });

  test("nothing, where nothing did", () => {
    expect(changes([aRule()])).toEqual({ removed: [], upserted: [] });
  });

  test("another hour goes on where the former was: what was told is not told again", () => {
    const later = changes([aRule({ ruleKey: "later", atLocalTime: "14:00" })], "2026-11-22");

    expect(later.removed).toEqual(["rule"]);
    expect(later.upserted).toMatchObject([
      { digestKey: "later", toldThrough: "2026-11-22", nextRunAt: instant("2026-11-23T13:00:00Z") },
    ]);
  });

  test("another channel has been told nothing yet", () => {
    const target = { kind: "one", scope: ORG_SCOPE, destination: { channel: "#board" } } as const;
    const moved = changes([aRule({ ruleKey: "board", target })], "2026-11-22");

    expect(moved.upserted).toMatchObject([{ digestKey: "board", toldThrough: undefined }]);
  });

  test("the zone of a person who travels moves their slot under the same name", () => {
    const readers = (zone: typeof BERLIN) => [aReader({ zone })];
    const [before] = plan({ rules: [FOR_PEOPLE], readers: readers(TOKYO) });
    const moved = digestChanges(
      plan({ rules: [FOR_PEOPLE], readers: readers(BERLIN) }),
      [
        {
          ...theOne(before),
          nextRunAt: instant("2026-11-30T00:00:00Z"),
          toldThrough: "2026-11-21",
        },
      ],
      { now: NOW, calendar: ORGANIZATION },
    );

    expect(moved.removed).toEqual([]);
    expect(moved.upserted).toMatchObject([
      { digestKey: "person bo@acme.test", nextRunAt: instant("2026-11-30T08:00:00Z") },
    ]);
  });
});
