import { describe, expect, test } from "vitest";
import { parseGovernance } from "../../../src/features/governance/index.ts";
import { usd } from "../../support/builders.ts";

const TEAMS = `organization: { name: Acme, admins: [dana@acme.test] }
teams:
  search: { projects: [checkout] }
  ads: {}
  platform: { projects: [ci] }
`;

function read(part: string, ...entries: readonly string[]) {
  return parseGovernance(`${TEAMS}${part}:\n${entries.map((entry) => `  - ${entry}\n`).join("")}`);
}

function problems(part: string, ...entries: readonly string[]): readonly string[] {
  const parsed = read(part, ...entries);
  return parsed.ok
    ? []
    : parsed.problems.map((one) => `${String(one.line)} ${one.field}: ${one.message}`);
}

describe("shared_costs", () => {
  test("are read with their splits", () => {
    const parsed = read(
      "shared_costs",
      `{ name: CI, match: { project: ci }, split: even, to: [search, ads] }`,
      `{ match: { workspace_id: w, model: m, api_key_id: k }, split: { percent: { search: "60", ads: "40" } } }`,
      `{ match: { team: platform }, split: { metric: tickets }, to: [ads] }`,
      `{ match: { team: ads, project: checkout }, split: proportional, to: [search] }`,
    );

    expect(parsed.ok ? [] : parsed.problems).toMatchObject([
      { field: "shared_costs[3].match.project" },
    ]);
    const fine = read(
      "shared_costs",
      `{ name: CI, match: { project: ci }, split: even, to: [search, ads] }`,
      `{ match: { workspace_id: w, model: m, api_key_id: k }, split: { percent: { search: "60", ads: "40" } } }`,
      `{ match: { team: platform }, split: { metric: tickets }, to: [ads] }`,
    );
    expect(fine.ok ? fine.governance.sharedCosts : fine.problems).toEqual([
      { name: "CI", match: { project: "ci" }, split: { kind: "even", teams: ["search", "ads"] } },
      {
        name: "shared cost 2",
        match: { workspaceId: "w", model: "m", apiKeyId: "k" },
        split: {
          kind: "percent",
          shares: [
            { team: "search", tenThousandths: 600_000 },
            { team: "ads", tenThousandths: 400_000 },
          ],
        },
      },
      {
        name: "shared cost 3",
        match: { team: "platform" },
        split: { kind: "metric", metric: "tickets", teams: ["ads"] },
      },
    ]);
  });

  test.each([
    [`{ match: {}, split: even, to: [ads] }`, "match", "at least one of"],
    [`{ match: { team: x }, split: even, to: [ads] }`, "match.team", "there is no team:x"],
    [`{ match: { project: x }, split: even, to: [ads] }`, "match.project", "there is no project:x"],
    [
      `{ match: { team: ads, project: ci }, split: even, to: [search] }`,
      "match.project",
      "can never match",
    ],
    [`{ match: { project: ci }, split: evn, to: [ads] }`, "split", "expected even, proportional"],
    [`{ match: { project: ci }, split: { metric: No } , to: [ads] }`, "split", "expected even"],
    [
      `{ match: { project: ci }, split: { percent: { ads: 100 } } }`,
      "split",
      "percentages in quotes",
    ],
    [
      `{ match: { project: ci }, split: { percent: { ads: "60", search: "39.9999" } } }`,
      "split.percent",
      "add up to 100, got 99.9999",
    ],
    [
      `{ match: { project: ci }, split: { percent: { ads: "60", x: "40" } } }`,
      "split.percent.x",
      "there is no team:x",
    ],
    [
      `{ match: { project: ci }, split: { percent: { ads: "100" } }, to: [ads] }`,
      "to",
      "no list beside percent",
    ],
    [`{ match: { project: ci }, split: even }`, "to", "the teams that share"],
    [`{ match: { project: ci }, split: even, to: [] }`, "to", "the teams that share"],
    [`{ match: { project: ci }, split: even, to: [ads, x] }`, "to[1]", "there is no team:x"],
    [`{ match: { project: ci }, split: even, to: [ads, ads] }`, "to[1]", "each team once"],
    [
      `{ match: { team: ads }, split: even, to: [ads, search] }`,
      "to[0]",
      "all of team ads is shared itself, by shared cost 1",
    ],
  ])("refuse %s", (entry, field, message) => {
    const [first = "", ...more] = problems("shared_costs", entry);

    expect(more).toEqual([]);
    expect(first).toContain(`7 shared_costs[0].${field}: `);
    expect(first).toContain(message);
  });

  test.each([
    ["the same again", `{ match: { project: ci }, split: even, to: [ads] }`],
    ["what a wider rule takes", `{ match: { project: ci, model: m }, split: even, to: [ads] }`],
  ])("refuse a rule that can never match: %s", (_, entry) => {
    expect(
      problems(
        "shared_costs",
        `{ name: CI, match: { project: ci }, split: even, to: [ads] }`,
        entry,
      ),
    ).toEqual([
      "8 shared_costs[1].match: expected a rule that can match; CI comes first and takes all of it",
    ]);
  });

  test("refuse a project of a team that is shared as a whole before, and pools in a circle", () => {
    const platform = `{ name: P, match: { team: platform }, split: even, to: [ads] }`;
    expect(
      problems("shared_costs", platform, `{ match: { project: ci }, split: even, to: [search] }`),
    ).toMatchObject([expect.stringContaining("8 shared_costs[1].match: ")]);
    expect(
      problems("shared_costs", platform, `{ match: { team: ads }, split: even, to: [platform] }`),
    ).toMatchObject([
      expect.stringContaining("7 shared_costs[0].to[0]: "),
      expect.stringContaining("8 shared_costs[1].to[0]: "),
    ]);
  });

  test("refuse two of one name", () => {
    const one = (match: string): string =>
      `{ name: CI, match: { model: ${match} }, split: even, to: [ads] }`;
    expect(problems("shared_costs", one("a"), one("b"))).toEqual([
      "8 shared_costs[1].name: expected a name of its own; another rule is called CI already",
    ]);
  });
});

describe("commitments and credits", () => {
  test("are read", () => {
    const commitments = read(
      "commitments",
      `{ key: q4, name: Q4, scope: "team:ads", amount: "100.00", from: 2026-10, through: 2026-12 }`,
      `{ key: q1, amount: "5.00", from: 2027-01, through: 2027-01 }`,
    );
    const credits = read(
      "credits",
      `{ key: welcome, scope: "team:ads", amount: "3.00", month: 2026-10, description: Hi }`,
    );

    expect(commitments.ok ? commitments.governance.commitments : commitments.problems).toEqual([
      {
        key: "q4",
        name: "Q4",
        scope: { kind: "team", key: "ads" },
        amount: usd(100),
        firstMonth: "2026-10",
        lastMonth: "2026-12",
      },
      {
        key: "q1",
        name: "q1",
        scope: { kind: "org", key: "" },
        amount: usd(5),
        firstMonth: "2027-01",
        lastMonth: "2027-01",
      },
    ]);
    expect(credits.ok ? credits.governance.credits : credits.problems).toMatchObject([
      { key: "welcome", description: "Hi", amount: usd(3), month: "2026-10" },
    ]);
  });

  test.each([
    [
      "commitments",
      `{ key: a, amount: "1.00", from: 2026-13, through: 2026-12 }`,
      "from",
      "a month",
    ],
    [
      "commitments",
      `{ key: a, amount: "1.00", from: 2026-12, through: 2026-11 }`,
      "through",
      "not before from",
    ],
    [
      "commitments",
      `{ key: a, amount: "0", from: 2026-10, through: 2026-11 }`,
      "amount",
      "positive",
    ],
    [
      "commitments",
      `{ key: a, scope: "user:a@b.test", amount: "1.00", from: 2026-10, through: 2026-11 }`,
      "scope",
      "workspace:ID",
    ],
    [
      "commitments",
      `{ key: a, scope: "team:x", amount: "1.00", from: 2026-10, through: 2026-11 }`,
      "scope",
      "no team:x",
    ],
    ["credits", `{ key: a, amount: "1.00" }`, "month", "it is missing"],
    [
      "credits",
      `{ key: a, scope: "model:x", amount: "1.00", month: 2026-10 }`,
      "scope",
      "org or team:KEY",
    ],
    [
      "credits",
      `{ key: a, scope: "team:x", amount: "1.00", month: 2026-10 }`,
      "scope",
      "no team:x",
    ],
  ])("of %s refuse %s", (part, entry, field, message) => {
    const [first = "", ...more] = problems(part, entry);

    expect(more).toEqual([]);
    expect(first).toContain(`7 ${part}[0].${field}: `);
    expect(first).toContain(message);
  });

  test("refuse terms that overlap for the same usage, and keys that are taken", () => {
    const one = (key: string, scope: string, from: string, through: string): string =>
      `{ key: ${key}, scope: "${scope}", amount: "1.00", from: ${from}, through: ${through} }`;
    const first = one("a", "team:ads", "2026-10", "2026-12");

    expect(problems("commitments", first, one("b", "org", "2026-12", "2027-01"))).toEqual([
      "8 commitments[1].from: expected terms that do not overlap; a pays for team:ads from 2026-10 through 2026-12",
    ]);
    expect(
      problems("commitments", first, one("b", "workspace:w", "2026-01", "2026-10")),
    ).toHaveLength(1);
    expect(problems("commitments", first, one("b", "team:search", "2026-10", "2026-12"))).toEqual(
      [],
    );
    expect(problems("commitments", first, one("b", "org", "2027-01", "2027-02"))).toEqual([]);
    expect(problems("commitments", first, one("a", "org", "2027-01", "2027-02"))).toEqual([
      "8 commitments[1].key: expected a key of its own; another commitment is called a already",
    ]);
  });
});
