/** What a document says about owners: read, and refused with its line where it makes no sense. */
import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { parseGovernance } from "../../../src/features/governance/parse/parse-governance.ts";

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
