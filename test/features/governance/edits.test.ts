/** Edits of the document's text: what they say, what they leave alone, whatever stands in it. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  governanceAsJson,
  parseGovernance,
} from "../../../src/features/governance/parse/parse-governance.ts";
import {
  rewriteDocument,
  writeDocument,
} from "../../../src/features/governance/parse/rewrite-document.ts";
import {
  applyEdits,
  type GovernanceEdit,
  isOvertaken,
} from "../../../src/features/governance/rules/edits.ts";
import { keyFor } from "../../../src/features/governance/rules/key-for.ts";
import { isSame, mapping, type Values } from "../../../src/features/governance/rules/values.ts";

const COMMENTED = `# What Acme agreed on.
organization:
  name: Acme # the company
  admins: [dana@acme.test]

teams:
  # Since March
  search: { name: Search, channel: "#team-search", cost_center: CC-1, owners: [ana@acme.test], projects: [checkout] } # one line
  ads:
    name: Ads
    members: &ads [bo@acme.test] # who is left
    owners: *ads

budgets:
  # The big one
  - { key: search-monthly, scope: "team:search", limit: "500.00", period: monthly, thresholds: [50, 100], pace_days: 2 } # agreed in May
  - key: org
    scope: org
    limit: "9000.00" # all of it
    period: monthly
digests:
  - { channel: "#finops", scope: org, every: day, at: "09:00" } # for Dana
approvals:
  - { approvers: [admins] }
`;

const SEARCH = {
  kind: "put-team",
  key: "search",
  isNew: false,
  name: "Search",
  channel: "#team-search",
  owners: ["ana@acme.test"],
  members: [],
  projects: ["checkout"],
} as const satisfies GovernanceEdit;
const BUDGET = {
  kind: "put-budget",
  key: "search-monthly",
  isNew: false,
  scope: "team:search",
  limit: "500.00",
  period: "monthly",
  thresholds: [50, 100],
  forecastThresholds: [],
} as const satisfies GovernanceEdit;

const APPROVAL = {
  kind: "put-approval",
  index: undefined,
  upTo: "200.00",
  approvers: ["team_owners"],
  quorum: 1,
  expiresIn: undefined,
} as const satisfies GovernanceEdit;

function edited(text: string, ...edits: readonly GovernanceEdit[]): string {
  const result = applyEdits(mapping(governanceAsJson(text)), edits);
  if (result.kind === "refused") throw new Error(`refused: ${result.reason} ${result.what}`);
  return rewriteDocument(text, result.values);
}

/** Lines that an edit took away and added. */
function lineChanges(before: string, after: string): readonly string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line.trim()}`),
  ];
}

describe("an edit changes the lines it is about, and no other", () => {
  test.each<[string, GovernanceEdit, readonly string[]]>([
    [
      "the organization",
      {
        kind: "set-organization",
        name: "Acme",
        timeZone: "Europe/Berlin",
        finopsChannel: "C02FINOPS0",
      },
      ["+ time_zone: Europe/Berlin", "+ finops_channel: C02FINOPS0"],
    ],
    [
      "an admin",
      { kind: "add-admin", email: "finn@acme.test" },
      ["- admins: [dana@acme.test]", "+ admins: [ dana@acme.test, finn@acme.test ]"],
    ],
    [
      "a team on one line, whose cost center no form knows",
      { ...SEARCH, members: ["bo@acme.test"] },
      [
        '- search: { name: Search, channel: "#team-search", cost_center: CC-1, owners: [ana@acme.test], projects: [checkout] } # one line',
        '+ search: { name: Search, channel: "#team-search", cost_center: CC-1, owners: [ana@acme.test], projects: [checkout], members: [bo@acme.test] } # one line',
      ],
    ],
    [
      "a team that goes",
      { kind: "remove-team", key: "ads" },
      ["- ads:", "- name: Ads", "- members: &ads [bo@acme.test] # who is left", "- owners: *ads"],
    ],
    [
      "a budget's limit",
      { ...BUDGET, limit: "700.00" },
      [
        '- - { key: search-monthly, scope: "team:search", limit: "500.00", period: monthly, thresholds: [50, 100], pace_days: 2 } # agreed in May',
        '+ - { key: search-monthly, scope: "team:search", limit: "700.00", period: monthly, thresholds: [50, 100], pace_days: 2 } # agreed in May',
      ],
    ],
    [
      "a new digest, written as its neighbours are",
      {
        kind: "put-digest",
        index: undefined,
        channel: "#general",
        scope: "org",
        every: "week",
        on: "monday",
        at: "09:30",
      },
      ['+ - { channel: "#general", scope: org, every: week, on: monday, at: 09:30 }'],
    ],
  ])("%s", (_what, edit, changes) => {
    const after = edited(COMMENTED, edit);

    expect(parseGovernance(after).ok).toBe(true);
    // Lists within brackets may gain a blank: that says nothing.
    const tight = (line: string): string => line.replaceAll("[ ", "[").replaceAll(" ]", "]");
    const changed = lineChanges(...([COMMENTED, after].map(tight) as [string, string]));
    expect(changed).toEqual(changes.map(tight));
  });

  test("keeps every comment but those of what is removed", () => {
    const after = edited(
      COMMENTED,
      { ...BUDGET, period: "weekly" },
      { kind: "remove-budget", key: "org" },
      APPROVAL,
    );

    const comments = (text: string): readonly string[] =>
      [...text.matchAll(/# .*$/gm)].map(([all]) => all);
    expect(comments(after)).toEqual(comments(COMMENTED).filter((one) => one !== "# all of it"));
  });

  test("of one of two places that share a list leaves the other as it was", () => {
    const ads = { ...SEARCH, key: "ads", name: "Ads", channel: undefined, projects: [] };
    const after = edited(COMMENTED, {
      ...ads,
      owners: ["bo@acme.test"],
      members: ["cleo@acme.test"],
    });

    const teams = mapping(mapping(governanceAsJson(after))["teams"]);
    expect(teams["ads"]).toEqual({
      name: "Ads",
      members: ["cleo@acme.test"],
      owners: ["bo@acme.test"],
    });
  });

  test("of nothing gives the very same text", () => {
    expect(edited(COMMENTED, SEARCH, BUDGET)).toBe(COMMENTED);
  });
});

describe("approval rules", () => {
  const rulesOf = (...edits: readonly GovernanceEdit[]): unknown =>
    mapping(governanceAsJson(edited("organization: { name: Acme }\n", ...edits)))["approvals"];
  const more = { ...APPROVAL, upTo: "1000.00", approvers: ["dana@acme.test"], expiresIn: "2d" };

  test("climb with their amounts, whatever is added first, and leave no amount without approvers", () => {
    const climbing = [
      { up_to: "200.00", approvers: ["team_owners"], quorum: 1 },
      { up_to: "1000.00", approvers: ["dana@acme.test"], quorum: 1, expires_in: "2d" },
      { approvers: ["admins"] },
    ];
    expect(rulesOf(APPROVAL, more)).toEqual(climbing);
    expect(rulesOf(more, APPROVAL)).toEqual(climbing);
    expect(rulesOf(more, APPROVAL, APPROVAL)).toEqual(climbing);
  });

  test("are moved to their place when their amount changes, and keep what no form shows", () => {
    const text = `approvals:
  - { match: { scope: "team:*" }, up_to: "50.00", approvers: [team_owners] }
  - { up_to: "100.00", approvers: [team_owners], escalate_to: [dana@acme.test] } # small
  - { up_to: "500.00", approvers: [admins] }
  - { approvers: [admins], quorum: 2 }
`;
    const after = edited(text, { ...APPROVAL, index: 1, upTo: "700.00" });

    expect(mapping(governanceAsJson(after))["approvals"]).toEqual([
      { match: { scope: "team:*" }, up_to: "50.00", approvers: ["team_owners"] },
      { up_to: "500.00", approvers: ["admins"] },
      {
        up_to: "700.00",
        approvers: ["team_owners"],
        escalate_to: ["dana@acme.test"],
        quorum: 1,
      },
      { approvers: ["admins"], quorum: 2 },
    ]);
    expect(edited(text, { kind: "remove-approval", index: 0 })).not.toContain("match");
  });

  const LADDER = `organization: { name: Acme, admins: [dana@acme.test] }
approvals:
  - { up_to: "100.00", approvers: [team_owners] }
  - { up_to: "500.00", approvers: [bo@acme.test] }
  - { approvers: [cleo@acme.test] }
`;
  const after = (text: string, ...edits: readonly GovernanceEdit[]): unknown => {
    const result = edited(text, ...edits);
    // Whatever a form asks for, the document that comes of it is one that can be applied.
    expect(parseGovernance(result)).toMatchObject({ ok: true });
    return mapping(governanceAsJson(result))["approvals"];
  };

  test("that are removed leave no amount without approvers, and the last one no trace", () => {
    const [first, second] = [0, 1].map((index) => ({ kind: "remove-approval", index }) as const);
    expect(after(LADDER, { kind: "remove-approval", index: 2 })).toEqual([
      { up_to: "100.00", approvers: ["team_owners"] },
      { up_to: "500.00", approvers: ["bo@acme.test"] },
      { approvers: ["admins"] },
    ]);
    expect(after(LADDER, second ?? APPROVAL, first ?? APPROVAL)).toEqual([
      { approvers: ["cleo@acme.test"] },
    ]);
    const none = edited(COMMENTED, { kind: "remove-approval", index: 0 });
    expect(mapping(governanceAsJson(none))["approvals"]).toBeUndefined();
  });

  test("for any amount take the place of the admins who stand there unasked, and of nobody else", () => {
    const any = { ...APPROVAL, upTo: undefined, approvers: ["dana@acme.test"] };
    expect(after("organization: { name: Acme }\n", APPROVAL, any)).toEqual([
      { up_to: "200.00", approvers: ["team_owners"], quorum: 1 },
      { approvers: ["dana@acme.test"], quorum: 1 },
    ]);
    const result = applyEdits(mapping(governanceAsJson(LADDER)), [any]);
    expect(result).toMatchObject({ reason: "taken", what: "a rule for any amount" });
  });

  test("of an amount that another has are refused, added or changed", () => {
    const values = mapping(governanceAsJson(LADDER));
    const same = { ...APPROVAL, upTo: "500.00" };
    for (const edit of [same, { ...same, index: 0 }]) {
      expect(applyEdits(values, [edit])).toMatchObject({
        reason: "taken",
        what: "a rule up to $500.00",
      });
    }
    expect(after(LADDER, { ...same, index: 1, approvers: ["admins"] })).toMatchObject([
      { up_to: "100.00" },
      { up_to: "500.00", approvers: ["admins"] },
      {},
    ]);
  });

  test("with conditions stay where they are, whatever their amount becomes", () => {
    const text = `organization: { name: Acme }
teams: { search: { name: Search, owners: [ana@acme.test] } }
approvals:
  - { up_to: "100.00", approvers: [team_owners] }
  - { match: { scope: "team:search" }, up_to: "200.00", approvers: [team_owners] }
  - { up_to: "500.00", approvers: [admins] }
  - { approvers: [admins], quorum: 2 }
`;
    expect(after(text, { ...APPROVAL, index: 1, upTo: "500.00" })).toMatchObject([
      { up_to: "100.00" },
      { match: { scope: "team:search" }, up_to: "500.00" },
      { up_to: "500.00" },
      { quorum: 2 },
    ]);
  });

  test.each([
    [
      "more than the people named",
      { approvers: ["bo@acme.test"], quorum: 2 },
      /at most 1, as many/,
    ],
    ["nobody", { approvers: [] }, /at least one approver/],
  ])("that ask %s don't fit the document", (_what, asked, problem) => {
    const text = edited(LADDER, { ...APPROVAL, upTo: "50.00", ...asked });
    expect(JSON.stringify(parseGovernance(text))).toMatch(problem);
  });

  test("of several steps are no rule of a form: a forged one does not fit", () => {
    const text = `organization: { name: Acme }
approvals:
  - steps: [{ approvers: [admins] }, { approvers: [bo@acme.test] }]
`;
    const forged = edited(text, { ...APPROVAL, index: 0, upTo: undefined });
    expect(JSON.stringify(parseGovernance(forged))).toMatch(/either steps, or approvers/);
  });
});

describe("what can't be done is refused", () => {
  test.each<[string, GovernanceEdit, string]>([
    ["a team of a key that is taken", { ...SEARCH, isNew: true }, "taken team search"],
    ["a team that is gone", { ...SEARCH, key: "gone" }, "gone team gone"],
    ["removing a team twice", { kind: "remove-team", key: "gone" }, "gone team gone"],
    ["a budget of a key that is taken", { ...BUDGET, isNew: true }, "taken budget search-monthly"],
    ["a budget that is gone", { ...BUDGET, key: "gone" }, "gone budget gone"],
    ["removing a budget twice", { kind: "remove-budget", key: "gone" }, "gone budget gone"],
    ["a rule that is gone", { ...APPROVAL, index: 1 }, "gone that approval rule"],
    ["removing a rule twice", { kind: "remove-approval", index: 1 }, "gone that approval rule"],
    ["a digest that is gone", { kind: "remove-digest", index: 1 }, "gone that digest"],
  ])("%s", (_what, edit, refusal) => {
    const result = applyEdits(mapping(governanceAsJson(COMMENTED)), [SEARCH, edit]);

    expect(result.kind === "refused" ? `${result.reason} ${result.what}` : "").toBe(refusal);
  });
});

describe("somebody else's change", () => {
  const from = mapping(governanceAsJson(COMMENTED));
  const current = mapping(governanceAsJson(edited(COMMENTED, { ...SEARCH, name: "Find" })));

  test.each<[boolean, string, GovernanceEdit]>([
    [true, "of the same team", { ...SEARCH, members: ["x@acme.test"] }],
    [true, "of a team that is to go", { kind: "remove-team", key: "search" }],
    [false, "of a team, to a budget", { ...BUDGET, limit: "1.00" }],
    [false, "of a team, to the organization", { kind: "add-admin", email: "x@acme.test" }],
    [false, "of a team, to the digests", { kind: "remove-digest", index: 0 }],
    [false, "of a team, to another team", { ...SEARCH, key: "new", isNew: true }],
    [false, "of a team, to a rule", { ...APPROVAL, index: 0 }],
  ])("overtakes: %s, %s", (isIt, _what, edit) => {
    expect(isOvertaken([edit], { from, current })).toBe(isIt);
  });

  test.each<[boolean, string, GovernanceEdit]>([
    [true, "to a rule by its place", { ...APPROVAL, index: 0 }],
    [true, "to a rule that is to go", { kind: "remove-approval", index: 0 }],
    [false, "to a rule that is new", APPROVAL],
    [false, "to finance", { kind: "set-finance", finance: [] }],
  ])("of the list of rules overtakes: %s, %s", (isIt, _what, edit) => {
    const changed = mapping(governanceAsJson(edited(COMMENTED, { ...APPROVAL, upTo: "5.00" })));
    expect(isOvertaken([edit], { from, current: changed })).toBe(isIt);
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const anyText = fc.oneof(
  word,
  fc.constantFrom(
    "#x",
    "*all",
    "500.00",
    "true",
    "null",
    "a: b",
    "- x",
    "é\u202Ex",
    "'q'",
    '"',
    "{",
    "09:30",
    "~",
    "",
  ),
);
const plain: fc.Arbitrary<Values> = fc.letrec<{ value: unknown; map: Values }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    anyText,
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("map"),
  ),
  map: fc.dictionary(word, tie("value"), { maxKeys: 4, noNullPrototype: true }),
})).map;

test("whatever is written into a document is what it says then", () => {
  fc.assert(
    fc.property(plain, plain, (before, after) => {
      const text = writeDocument(" hello", before);
      expect(governanceAsJson(text) ?? {}).toEqual(before);
      expect(governanceAsJson(rewriteDocument(text, after)) ?? {}).toEqual(after);
      expect(governanceAsJson(rewriteDocument(COMMENTED, after)) ?? {}).toEqual(after);
    }),
  );
});

const people = fc.subarray(["ana@acme.test", "bo@acme.test", "cleo@acme.test"]);
const teamKey = fc.constantFrom("search", "ads", "ops");
const anyEdit: fc.Arbitrary<GovernanceEdit> = fc.oneof(
  fc.record({
    kind: fc.constant("put-team" as const),
    key: teamKey,
    isNew: fc.boolean(),
    name: word,
    channel: fc.constantFrom("#a", undefined),
    owners: people,
    members: people,
    projects: fc.subarray(["p", "q"]),
  }),
  fc.record({ kind: fc.constant("remove-team" as const), key: teamKey }),
  fc.record({
    kind: fc.constant("put-budget" as const),
    key: fc.constantFrom("org", "search-monthly", "extra"),
    isNew: fc.boolean(),
    scope: fc.constantFrom("org", "team:search"),
    limit: fc.constantFrom("1.00", "2000"),
    period: fc.constantFrom("daily", "monthly"),
    thresholds: fc.subarray([50, 80, 100]),
    forecastThresholds: fc.subarray([100]),
  }),
  fc.record({ kind: fc.constant("remove-budget" as const), key: fc.constantFrom("org", "extra") }),
  fc.record({
    kind: fc.constant("put-digest" as const),
    index: fc.constantFrom(undefined, 0),
    channel: fc.constantFrom("#a", "#b"),
    scope: fc.constant("org"),
    every: fc.constant("day"),
    on: fc.constant(undefined),
    at: fc.constantFrom("09:00", "18:30"),
  }),
  fc.record({ kind: fc.constant("add-admin" as const), email: fc.constantFrom("a@b.c", "d@e.f") }),
);

test("edit after edit of the text is the same as writing down the last document at once", () => {
  fc.assert(
    fc.property(fc.array(anyEdit, { maxLength: 8 }), (edits) => {
      let text = COMMENTED;
      let values = mapping(governanceAsJson(COMMENTED));
      for (const edit of edits) {
        const result = applyEdits(values, [edit]);
        if (result.kind === "refused") continue;
        ({ values } = result);
        text = rewriteDocument(text, values);
      }
      const stepwise = parseGovernance(text);
      const atOnce = parseGovernance(JSON.stringify(values));

      const said = (parsed: typeof stepwise): unknown =>
        parsed.ok ? parsed.governance : "problems";
      expect(said(stepwise)).toEqual(said(atOnce));
      expect(isSame(governanceAsJson(text), values)).toBe(true);
    }),
  );
});

test("the project's own example can be edited", () => {
  const text = readFileSync("docs/examples/governance.yml", "utf8");
  const after = edited(text, { kind: "add-admin", email: "finn@acme.test" });

  expect(parseGovernance(after).ok).toBe(true);
  expect(after).toContain("# first match wins");
});

test.each([
  ["Search & Ranking", [], "search-ranking"],
  ["Search", ["search"], "search-2"],
  ["Search", ["SEARCH", "search-2"], "search-3"],
  ["Ünïcödé", [], "unicode"],
  ["検索", [], "team"],
  ["x".repeat(200), [], "x".repeat(60)],
])("the key for %s beside %j is %s", (name, taken, key) => {
  expect(keyFor(name, taken)).toBe(key);
});
