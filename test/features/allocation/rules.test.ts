import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { matchesGlob } from "../../../src/domain/glob.ts";
import {
  type AllocatedEvent,
  type AllocationContext,
  type AllocationMatch,
  type AllocationRule,
  allocateEvent,
  matchesEvent,
} from "../../../src/features/allocation/rules.ts";
import { anAllocatedEvent, anAllocationContext } from "../../support/allocation-builders.ts";

const bo = emailFrom("bo@search.acme.test");

describe("precedence", () => {
  const context: Partial<AllocationContext> = {
    rules: [
      { match: { apiKeyId: "apikey_01" }, to: { team: "search", project: "ranking" } },
      { match: { apiKeyId: "apikey_02" }, to: { project: "bidding" } },
      { match: { workspaceId: "wrkspc_01" }, to: { team: "platform" } },
    ],
    membershipsByEmail: new Map([
      ["bo@search.acme.test", ["home"]],
      ["cy@acme.test", ["home", "ads"]],
    ]),
    teamByProject: new Map([
      ["ranking", "search"],
      ["bidding", "ads"],
    ]),
  };
  const cases: {
    name: string;
    event: Partial<AllocatedEvent>;
    isSourceTrusted?: boolean;
    owner: readonly (string | undefined)[];
  }[] = [
    {
      name: "a trusted claim beats rule and person",
      event: { claimedTeam: "labs", apiKeyId: "apikey_01", userEmail: bo },
      owner: ["labs", undefined],
    },
    {
      name: "an untrusted claim counts for nothing",
      event: { claimedTeam: "labs" },
      isSourceTrusted: false,
      owner: [],
    },
    {
      name: "an untrusted claim leaves the rule",
      event: { claimedTeam: "labs", apiKeyId: "apikey_01" },
      isSourceTrusted: false,
      owner: ["search", "ranking"],
    },
    {
      name: "a claimed project gives its team",
      event: { claimedProject: "bidding" },
      owner: ["ads", "bidding"],
    },
    {
      name: "a claimed project's team beats the claimed team",
      event: { claimedTeam: "labs", claimedProject: "bidding" },
      owner: ["ads", "bidding"],
    },
    {
      name: "a claimed unknown project stays with the claimed team",
      event: { claimedTeam: "labs", claimedProject: "new" },
      owner: ["labs", "new"],
    },
    {
      name: "a claimed unknown project gets the rule's team",
      event: { claimedProject: "new", apiKeyId: "apikey_01" },
      owner: ["search", "new"],
    },
    {
      name: "a claimed unknown project gets the person's team",
      event: { claimedProject: "new", userEmail: bo },
      owner: ["home", "new"],
    },
    {
      name: "the first matching rule wins",
      event: { apiKeyId: "apikey_01", workspaceId: "wrkspc_01" },
      owner: ["search", "ranking"],
    },
    {
      name: "a rule beats the person",
      event: { workspaceId: "wrkspc_01", userEmail: bo },
      owner: ["platform", undefined],
    },
    {
      name: "a rule to a project gives its team",
      event: { apiKeyId: "apikey_02" },
      owner: ["ads", "bidding"],
    },
    { name: "the person's only team", event: { userEmail: bo }, owner: ["home", undefined] },
    {
      name: "a person of two teams is Unallocated",
      event: { userEmail: emailFrom("cy@acme.test") },
      owner: [],
    },
    {
      name: "a person of no team is Unallocated",
      event: { userEmail: emailFrom("eve@acme.test") },
      owner: [],
    },
    { name: "nothing known is Unallocated", event: {}, owner: [] },
  ];

  test.each(cases)("$name", ({ event, isSourceTrusted = true, owner: [teamKey, projectKey] }) => {
    const allocation = allocateEvent(
      anAllocatedEvent(event),
      anAllocationContext({ ...context, isSourceTrusted }),
    );

    expect(allocation).toEqual({ teamKey, projectKey, userEmail: event.userEmail });
  });
});

describe("a condition", () => {
  const event = anAllocatedEvent({
    source: "gateway",
    apiKeyId: "apikey_01",
    workspaceId: "wrkspc_01",
    userEmail: bo,
    model: "claude-opus-5-5",
    tags: { env: "prod", feature: "summary" },
  });

  const holding: AllocationMatch[] = [
    {},
    { apiKeyId: "apikey_01" },
    { workspaceId: "wrkspc_01" },
    { source: "gateway" },
    { userEmail: "*@search.acme.test" },
    { userEmail: "*@Search.ACME.test" },
    { userEmail: "bo@search.acme.test" },
    { model: "claude-opus-*" },
    { model: "*" },
    { tags: { env: "prod" } },
    { tags: {} },
    { apiKeyId: "apikey_01", workspaceId: "wrkspc_01", tags: { env: "prod", feature: "summary" } },
  ];
  test.each(holding)("holds: %j", (match) => {
    expect(matchesEvent(match, event)).toBe(true);
  });

  const failing: AllocationMatch[] = [
    { apiKeyId: "APIKEY_01" },
    { workspaceId: "wrkspc_02" },
    { source: "default" },
    { userEmail: "*@acme.test" },
    { model: "claude-sonnet-*" },
    { model: "Claude-Opus-*" },
    { tags: { env: "dev" } },
    { tags: { toString: "x" } },
    { apiKeyId: "apikey_01", tags: { env: "prod", missing: "x" } },
  ];
  test.each(failing)("fails: %j", (match) => {
    expect(matchesEvent(match, event)).toBe(false);
  });

  test.each([{ apiKeyId: "x" }, { workspaceId: "x" }, { userEmail: "*" }])(
    "on what the event does not have fails: %j",
    (match) => {
      expect(matchesEvent(match, anAllocatedEvent())).toBe(false);
    },
  );
});

describe("a glob", () => {
  test.each([
    ["abc", "abc", true],
    ["abc", "abcd", false],
    ["*", "", true],
    ["a*", "a", true],
    ["*c", "abc", true],
    ["a*c", "ac", true],
    ["a*c", "abcb", false],
    ["ab*ba", "aba", false],
    ["a**b", "ab", true],
    ["*b*", "abc", true],
    ["a.c", "abc", false],
    ["[a-z]", "b", false],
    ["*ab*ab", "xab", false],
  ])("%j and %j: %s", (glob, text, expected) => {
    expect(matchesGlob({ glob, text })).toBe(expected);
  });

  test("agrees with the regular expression that it stands for", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    fc.assert(
      fc.property(letters, text, (glob, subject) => {
        const pattern = new RegExp(`^${glob.replaceAll("*", ".*")}$`);
        expect(matchesGlob({ glob, text: subject })).toBe(pattern.test(subject));
      }),
      { numRuns: 1_000 },
    );
  });

  test("of many stars is decided at once", () => {
    expect(matchesGlob({ glob: "*a".repeat(2_000), text: "a".repeat(1_999) })).toBe(false);
  });
});

describe("laws", () => {
  const name = fc.constantFrom("a", "b", "c");
  const some = fc.option(name, { nil: undefined });
  const event = fc
    .record({
      apiKeyId: some,
      workspaceId: some,
      claimedTeam: some,
      claimedProject: some,
      source: name,
    })
    .map(anAllocatedEvent);
  const rule: fc.Arbitrary<AllocationRule> = fc.record({
    match: fc.record({ apiKeyId: name, workspaceId: name, source: name }, { requiredKeys: [] }),
    to: fc.record({ team: name, project: name }, { requiredKeys: [] }),
  });
  const context = fc.record({
    isSourceTrusted: fc.boolean(),
    teamByProject: fc.constantFrom(new Map<string, string>(), new Map([["a", "b"]])),
  });

  test("a rule added after the first match changes nothing", () => {
    fc.assert(
      fc.property(
        event,
        fc.array(rule),
        rule,
        fc.record({ given: context, at: fc.nat() }),
        (one, rules, added, { given, at }) => {
          const first = rules.findIndex(({ match }) => matchesEvent(match, one));
          fc.pre(first !== -1);
          const position = first + 1 + (at % (rules.length - first));
          const longer = rules.toSpliced(position, 0, added);

          expect(allocateEvent(one, anAllocationContext({ ...given, rules: longer }))).toEqual(
            allocateEvent(one, anAllocationContext({ ...given, rules })),
          );
        },
      ),
    );
  });

  test("claims of an untrusted source change nothing", () => {
    fc.assert(
      fc.property(event, fc.array(rule), (one, rules) => {
        const given = anAllocationContext({ rules, isSourceTrusted: false });

        expect(allocateEvent(one, given)).toEqual(
          allocateEvent({ ...one, claimedTeam: undefined, claimedProject: undefined }, given),
        );
      }),
    );
  });

  test("a known project always counts for its own team", () => {
    fc.assert(
      fc.property(event, fc.array(rule), context, (one, rules, given) => {
        const { teamKey, projectKey } = allocateEvent(
          one,
          anAllocationContext({ ...given, rules }),
        );
        const owner = given.teamByProject.get(projectKey ?? "");
        fc.pre(owner !== undefined);
        expect(teamKey).toBe(owner);
      }),
    );
  });
});
