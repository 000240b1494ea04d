/** What a document says about owners: read, and refused with its line where it makes no sense. */
import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import {
  governanceAsJson,
  parseGovernance,
} from "../../../src/features/governance/parse/parse-governance.ts";
import { rewriteDocument } from "../../../src/features/governance/parse/rewrite-document.ts";
import { describeChanges } from "../../../src/features/governance/rules/changes.ts";
import { applyEdits } from "../../../src/features/governance/rules/edits.ts";
import {
  nextChangeAfter,
  ownershipOf,
  teamsAt,
} from "../../../src/features/governance/rules/ownership.ts";
import { mapping } from "../../../src/features/governance/rules/values.ts";

const TEAMS =
  "teams: { a: { members: [ana@acme.test], projects: [p] }, b: { members: [bo@acme.test] } }";

function problemsOf(part: string): readonly string[] {
  const parsed = parseGovernance(`organization: { name: Acme }\n${TEAMS}\n${part}`);
  return parsed.ok
    ? []
    : parsed.problems.map(({ line, field, message }) => `${String(line)} ${field}: ${message}`);
}

function rules(...lines: readonly string[]): string {
  return ["allocation:", ...lines.map((line) => `  - ${line}`)].join("\n");
}

const KEY = (team: string, more = ""): string =>
  `{ match: { api_key_id: k }, to: { team: ${team} }${more} }`;

describe("dates", () => {
  test("mean the first instant of a day in the organization's zone", () => {
    const parsed = parseGovernance(
      `organization: { name: Acme, time_zone: Europe/Berlin }\n${TEAMS}\nfrom: 2026-11-01\n${rules(
        KEY("a", ", from: 2026-10-01, until: 2026-12-01"),
      )}`,
    );

    expect(parsed).toMatchObject({
      ok: true,
      governance: {
        ownershipFrom: instant("2026-10-31T23:00:00Z"),
        allocation: [
          { from: instant("2026-09-30T22:00:00Z"), until: instant("2026-11-30T23:00:00Z") },
        ],
      },
    });
  });

  test.each(["until: 2026-11-01", "until: 2026-10-31"])("refuses from 2026-11-01, %s", (until) => {
    expect(problemsOf(rules(KEY("a", `, from: 2026-11-01, ${until}`)))).toEqual([
      "4 allocation[0].until: expected a date after from",
    ]);
  });

  test("refuses what is no day", () => {
    expect(problemsOf("from: yesterday")).toEqual([
      expect.stringMatching(/^3 from: expected a date such as 2026-10-01/),
    ]);
  });
});

describe("people, owners and projects with dates", () => {
  const teams = (...lines: readonly string[]): string =>
    ["organization: { name: Acme, time_zone: Europe/Berlin }", "teams:", ...lines].join("\n");
  const problems = (...lines: readonly string[]): readonly string[] => {
    const parsed = parseGovernance(teams(...lines));
    return parsed.ok
      ? []
      : parsed.problems.map(({ line, field, message }) => `${String(line)} ${field}: ${message}`);
  };
  const read = (...lines: readonly string[]) => {
    const parsed = parseGovernance(teams(...lines));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.governance;
  };
  const MOVE = [
    "  a: { owners: [ana@acme.test], members: [{ email: Bo@acme.test, until: 2026-11-05 }], projects: [{ project: p, until: 2026-12-01 }, q] }",
    "  b: { members: [{ email: bo@acme.test, from: 2026-11-05 }], projects: [{ project: p, from: 2026-12-01 }] }",
  ];
  const at = (text: string) => instant(`${text}T00:00:00+01:00`);

  test("belong to their team from the first instant of a day until before the first instant of another", () => {
    const { teams: read2 } = read(...MOVE);
    const then = (text: string) =>
      teamsAt(read2, at(text)).map(({ key, members, projects }) => [key, members, projects]);

    expect(then("2026-11-04")).toEqual([
      ["a", ["bo@acme.test"], ["p", "q"]],
      ["b", [], []],
    ]);
    expect(then("2026-11-05")).toEqual([
      ["a", [], ["p", "q"]],
      ["b", ["bo@acme.test"], []],
    ]);
    expect(then("2026-12-01")).toEqual([
      ["a", [], ["q"]],
      ["b", ["bo@acme.test"], ["p"]],
    ]);
    expect(nextChangeAfter(read2, at("2026-11-05"))).toEqual(at("2026-12-01"));
    expect(nextChangeAfter(read2, at("2026-12-01"))).toBeUndefined();
  });

  test("are told in changes with their dates", () => {
    expect(describeChanges(read(...MOVE), read(MOVE[0] ?? "", "  b: {}"))).toEqual([
      `team b: members bo@acme.test from ${at("2026-11-05").toISOString()} → none`,
      `team b: projects p from ${at("2026-12-01").toISOString()} → none`,
    ]);
  });

  test.each<[string, readonly string[], RegExp]>([
    [
      "a time that ends before it begins",
      ["  a: { members: [{ email: bo@acme.test, from: 2026-11-05, until: 2026-11-05 }] }"],
      /^3 teams\.a\.members\[0\]\.until: expected a date after from$/,
    ],
    [
      "times that overlap",
      [
        "  a: { members: [{ email: bo@acme.test, until: 2026-11-05 }, { email: BO@acme.test, from: 2026-11-04 }] }",
      ],
      /^3 teams\.a\.members\[1\]: expected times that do not overlap; bo@acme\.test is here until 2026-11-05 already$/,
    ],
    [
      "a name with dates beside the same without",
      ["  a: { owners: [bo@acme.test, { email: bo@acme.test, from: 2026-11-04 }] }"],
      /^3 teams\.a\.owners\[1\]: .*is here without dates already$/,
    ],
    [
      "a project of two teams at a time",
      [
        "  a: { projects: [{ project: p, until: 2026-12-01 }] }",
        "  b: { projects: [{ project: p, from: 2026-11-30 }] }",
      ],
      /^4 teams\.b\.projects: expected a project of one team only; p already belongs to team a in a part of that time$/,
    ],
    [
      "no day",
      ["  a: { members: [{ email: bo@acme.test, from: soon }] }"],
      /^3 teams\.a\.members\[0\]\.from: expected a date such as 2026-10-01, got "soon"$/,
    ],
    [
      "another key",
      ["  a: { members: [{ email: bo@acme.test, to: 2026-11-05 }] }"],
      /^3 teams\.a\.members\[0\]\.to: unknown key; expected one of email, from, until/,
    ],
    [
      "no name",
      ["  a: { members: [{ from: 2026-11-05 }] }"],
      /^3 teams\.a\.members\[0\]\.email: expected an e-mail address.*it is missing$/,
    ],
    [
      "a service account whose responsible leaves",
      [
        "  a: { members: [{ email: bo@acme.test, until: 2026-12-01 }] }",
        "service_accounts: { nightly@agents.test: { responsible: bo@acme.test } }",
      ],
      /^4 service_accounts\.nightly@agents\.test\.responsible: expected somebody who stays/,
    ],
    [
      "more times than anybody moves",
      [
        `  a: { members: [${Array.from({ length: 51 }, (_, month) => `{ email: bo@acme.test, from: ${String(1990 + month)}-01-01, until: ${String(1990 + month)}-02-01 }`).join(", ")}] }`,
      ],
      /^3 teams\.a\.members: expected at most 50 times with dates for bo@acme\.test/,
    ],
  ])("refuses %s", (_, lines, problem) => {
    expect(problems(...lines)).toEqual([expect.stringMatching(problem)]);
  });

  test("stay with their dates when a form changes the team; who is taken out there is gone", () => {
    const text = `${teams(...MOVE)}\n`;
    const edit = {
      kind: "put-team",
      key: "a",
      isNew: false,
      name: "A",
      channel: undefined,
      owners: ["ana@acme.test"],
      members: ["bo@acme.test", "cy@acme.test"],
      projects: ["p"],
    } as const;
    const edited = applyEdits(mapping(governanceAsJson(text)), [edit]);

    expect(edited).toMatchObject({
      values: {
        teams: {
          a: {
            members: [{ email: "Bo@acme.test", until: "2026-11-05" }, "cy@acme.test"],
            projects: [{ project: "p", until: "2026-12-01" }],
          },
        },
      },
    });
    const without = applyEdits(mapping(governanceAsJson(text)), [{ ...edit, members: [] }]);
    expect(without).toMatchObject({
      values: {
        teams: {
          a: expect.not.objectContaining({ members: expect.anything() as unknown }) as unknown,
        },
      },
    });
    if (edited.kind !== "values") throw new Error("refused");
    expect(rewriteDocument(text, edited.values)).toContain(
      "{ email: Bo@acme.test, until: 2026-11-05 }",
    );
  });

  test("thousands of them are read at once", () => {
    const members = Array.from(
      { length: 3_000 },
      (_, number) => `{ email: p${String(number)}@acme.test, from: 2026-11-05 }`,
    );
    const owned = ownershipOf(read(`  a: { members: [${members.join(", ")}] }`));

    expect(owned.dated).toHaveLength(6_000);
  });
});

describe("rules that can never match", () => {
  test.each([
    ["the same key for another team", KEY("a"), KEY("b")],
    [
      "the same, narrowed",
      KEY("a"),
      "{ match: { api_key_id: k, tags: { env: prod } }, to: { team: b } }",
    ],
    [
      "everything",
      '{ match: { model: "*" }, to: { team: a } }',
      '{ match: { model: "claude-*", source: x }, to: { team: b } }',
    ],
    [
      "a wider pattern",
      '{ match: { user_email: "*@Acme.test" }, to: { team: a } }',
      '{ match: { user_email: "x*@acme.test" }, to: { team: b } }',
    ],
    [
      "fewer tags",
      "{ match: { tags: { env: prod } }, to: { team: a } }",
      "{ match: { tags: { env: prod, x: y } }, to: { team: b } }",
    ],
    [
      "a time around it",
      KEY("a", ", from: 2026-01-01"),
      KEY("b", ", from: 2026-02-01, until: 2026-03-01"),
    ],
  ])("are refused: %s", (_, first, second) => {
    expect(problemsOf(rules(first, second))).toEqual([
      expect.stringMatching(
        /^5 allocation\[1\]\.match: .*allocation\[0\], for team a, comes first and takes everything/,
      ),
    ]);
  });

  test.each([
    ["another key", KEY("a"), "{ match: { api_key_id: other }, to: { team: b } }"],
    [
      "a wider rule after a narrower one",
      "{ match: { api_key_id: k, source: x }, to: { team: a } }",
      KEY("b"),
    ],
    [
      "a pattern that takes a part only",
      '{ match: { user_email: "a*@acme.test" }, to: { team: a } }',
      '{ match: { user_email: "*@acme.test" }, to: { team: b } }',
    ],
    [
      "another value of a tag",
      "{ match: { tags: { env: prod } }, to: { team: a } }",
      "{ match: { tags: { env: dev } }, to: { team: b } }",
    ],
    ["one time after the other", KEY("a", ", until: 2026-11-01"), KEY("b", ", from: 2026-11-01")],
    ["a time that ends before it", KEY("a", ", until: 2026-11-01"), KEY("b")],
  ])("are not %s", (_, first, second) => {
    expect(problemsOf(rules(first, second))).toEqual([]);
  });

  test.each(["nobody", "a b@acme.test", "*@*@acme test"])("refuses the address %s", (pattern) => {
    expect(
      problemsOf(rules(`{ match: { user_email: ${JSON.stringify(pattern)} }, to: { team: a } }`)),
    ).toEqual([
      expect.stringMatching(/^4 allocation\[0\]\.match\.user_email: expected an address/),
    ]);
  });
});

describe("service accounts", () => {
  const account = (address: string, rest: string): string => `  ${address}: { ${rest} }`;
  const accounts = (...lines: readonly string[]): string =>
    ["service_accounts:", ...lines].join("\n");

  test("are read with their defaults", () => {
    const parsed = parseGovernance(
      `organization: { name: Acme }\n${TEAMS}\n${accounts(
        account("Nightly@Agents.test", 'responsible: Ana@acme.test, ids: ["api_key:k"]'),
      )}`,
    );

    expect(parsed).toMatchObject({
      governance: {
        serviceAccounts: [
          {
            address: "nightly@agents.test",
            name: "nightly@agents.test",
            kind: "service_account",
            responsible: "ana@acme.test",
            ids: ["api_key:k"],
          },
        ],
      },
    });
  });

  test.each([
    [
      "a person who does not exist",
      [account("x@s.test", "responsible: anna@acme.test")],
      [
        /^4 service_accounts\.x@s\.test\.responsible: .*nobody is anna@acme\.test; did you mean ana@acme\.test/,
      ],
    ],
    [
      "a team that does not exist",
      [account("x@s.test", "responsible: ana@acme.test, team: c")],
      [/^4 .*\.team: .*there is no team:c/],
    ],
    [
      "a circle",
      [account("x@s.test", "responsible: y@s.test"), account("y@s.test", "responsible: x@s.test")],
      [/^4 .*in a circle/, /^5 .*in a circle/],
    ],
    ["itself", [account("x@s.test", "responsible: x@s.test")], [/^4 .*in a circle/]],
    [
      "an id of two",
      [
        account("x@s.test", 'responsible: ana@acme.test, ids: ["api_key:k"]'),
        account("y@s.test", 'responsible: x@s.test, ids: ["api_key:k"]'),
      ],
      [/^5 .*ids\[0\]: .*api_key:k already belongs to x@s\.test/],
    ],
    [
      "a person's address",
      [account("bo@acme.test", "responsible: ana@acme.test")],
      [/^4 .*expected an address of its own/],
    ],
    [
      "what is no id",
      [account("x@s.test", 'responsible: ana@acme.test, ids: ["key:k"]')],
      [/^4 .*ids\[0\]: expected api_key:ID/],
    ],
    [
      "an address twice",
      [
        account("x@s.test", "responsible: ana@acme.test"),
        account("X@s.test", "responsible: ana@acme.test"),
      ],
      [/^5 .*this one is repeated/],
    ],
    [
      "what is no address",
      [account("nightly", "responsible: ana@acme.test")],
      [/^4 .*expected an address such as/],
    ],
  ])("refuse %s", (_, lines, expected) => {
    expect(problemsOf(accounts(...lines))).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern) as unknown),
    );
  });

  test("may answer for each other as long as a person does in the end", () => {
    const lines = [
      account("x@s.test", "responsible: y@s.test"),
      account("y@s.test", "responsible: ana@acme.test, team: a"),
    ];

    expect(problemsOf(accounts(...lines))).toEqual([]);
  });
});
