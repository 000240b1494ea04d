import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseUsd } from "../../../src/domain/money.ts";
import { HOUR_MS, instant } from "../../../src/domain/time.ts";
import { formatProblems } from "../../../src/features/governance/messages.ts";
import { GOVERNANCE_BYTES_MAX } from "../../../src/features/governance/parse/document.ts";
import { parseGovernance } from "../../../src/features/governance/parse/parse-governance.ts";
import type { Governance, GovernanceProblem } from "../../../src/features/governance/rules.ts";

const example = readFileSync("docs/examples/governance.yml", "utf8");

function problemsOf(text: string): readonly GovernanceProblem[] {
  const parsed = parseGovernance(text);
  return parsed.ok ? [] : parsed.problems;
}

function governanceOf(text: string): Governance {
  const parsed = parseGovernance(text);
  if (!parsed.ok) throw new Error(formatProblems(parsed.problems, "governance.yml"));
  return parsed.governance;
}

describe("the example", () => {
  test("is read in full", () => {
    expect(governanceOf(example)).toEqual({
      organization: {
        name: "Acme",
        timeZone: "Europe/Berlin",
        weekStartsOn: "monday",
        fiscalMonthStartsOn: 1,
        fiscalYearStartsIn: 1,
        finopsChannel: "#finops",
        admins: ["dana@acme.test"],
      },
      teams: [
        {
          key: "search",
          name: "Search",
          channel: "#team-search",
          costCenter: "CC-100",
          owners: ["ana@acme.test"],
          members: ["bo@acme.test"],
          projects: ["checkout", "ranking"],
        },
      ],
      allocation: [
        { match: { apiKeyId: "apikey_01" }, to: { team: "search", project: "ranking" } },
        { match: { workspaceId: "wrkspc_01", tags: { env: "prod" } }, to: { team: "search" } },
        { match: { userEmail: "*@search.acme.test" }, to: { team: "search" } },
      ],
      budgets: [
        {
          key: "search-monthly",
          scope: { kind: "team", key: "search" },
          limit: parseUsd("500"),
          period: "monthly",
          timeZone: "Europe/Berlin",
          weekStartsOn: "monday",
          fiscalMonthStartsOn: 1,
          fiscalYearStartsIn: 1,
          thresholdPercents: [50, 80, 100],
          forecastThresholdPercents: [100],
        },
        {
          key: "per-person",
          scope: { kind: "each", key: "user" },
          limit: parseUsd("40"),
          period: "weekly",
          timeZone: "Europe/Berlin",
          weekStartsOn: "monday",
          fiscalMonthStartsOn: 1,
          fiscalYearStartsIn: 1,
          thresholdPercents: [75, 95],
          forecastThresholdPercents: [],
        },
      ],
      digests: [
        {
          key: "#finops org day 09:00 Europe/Berlin",
          channel: "#finops",
          scope: { kind: "org", key: "" },
          every: "day",
          atLocalTime: "09:00",
          timeZone: "Europe/Berlin",
        },
        {
          key: "#team-search team:search week monday 09:30 America/New_York",
          channel: "#team-search",
          scope: { kind: "team", key: "search" },
          every: "week",
          onWeekday: "monday",
          atLocalTime: "09:30",
          timeZone: "America/New_York",
        },
      ],
      approvals: [
        {
          upTo: parseUsd("200"),
          match: {},
          steps: [{ approvers: ["team_owners"], quorum: 1 }],
          expiresInMs: 24 * HOUR_MS,
          escalateTo: [],
        },
        {
          match: {},
          steps: [{ approvers: ["finops@acme.test", "slack_group:finops-leads"], quorum: 2 }],
          expiresInMs: 48 * HOUR_MS,
          escalateTo: ["dana@acme.test"],
        },
      ],
      discounts: [
        {
          modelPattern: "claude-opus-*",
          percent: "12.5",
          from: instant("2026-09-30T22:00:00Z"), // Midnight in Berlin.
        },
      ],
      metering: [],
      limitPushes: [],
      serviceAccounts: [],
      sharedCosts: [],
      commitments: [],
      credits: [],
    });
  });

  test("means the same as JSON", async () => {
    const { parse } = await import("yaml");
    expect(parseGovernance(JSON.stringify(parse(example), null, 2))).toEqual(
      parseGovernance(example),
    );
  });

  test("is read with Windows line ends and a byte order mark", () => {
    expect(parseGovernance(`\uFEFF${example.replaceAll("\n", "\r\n")}`)).toEqual(
      parseGovernance(example),
    );
  });
});

test("fills in what may be left out", () => {
  const governance = governanceOf(`
organization: { name: Acme, time_zone: Asia/Tokyo, week_starts_on: sunday }
teams: { ads: {} }
budgets: [{ key: all, scope: org, limit: "0.000000000001", period: daily, time_zone: UTC }]
digests: [{ channel: C0123456789, scope: org, every: week, at: "23:59" }]
approvals: [{ approvers: [a@acme.test] }]
`);

  expect(governance).toMatchObject({
    teams: [{ key: "ads", name: "ads", owners: [], members: [], projects: [] }],
    budgets: [
      { limit: 1n, timeZone: "UTC", weekStartsOn: "sunday", thresholdPercents: [50, 80, 100] },
    ],
    digests: [{ onWeekday: "sunday", timeZone: "Asia/Tokyo" }],
    approvals: [{ steps: [{ quorum: 1 }], expiresInMs: 24 * HOUR_MS, escalateTo: [] }],
  });
});

test("an organization with a name is enough, in UTC with weeks from Monday", () => {
  expect(governanceOf("organization: { name: Acme }").organization).toEqual({
    name: "Acme",
    timeZone: "UTC",
    weekStartsOn: "monday",
    fiscalMonthStartsOn: 1,
    fiscalYearStartsIn: 1,
    admins: [],
  });
});

test("anchors may share a list of people", () => {
  const { teams } = governanceOf(`
organization: { name: Acme, admins: &admins [dana@acme.test] }
teams:
  search: { owners: *admins }
`);

  expect(teams[0]?.owners).toEqual(["dana@acme.test"]);
});

/** A document that is right but for one part: line 1 is the organization, the part starts at line 2. */
const refusals: {
  readonly part: string;
  readonly problems: readonly (readonly [
    line: number,
    column: number,
    field: string,
    message: RegExp,
  ])[];
}[] = [
  // Organization
  {
    part: "organisation: {}",
    problems: [
      [2, 1, "organisation", /unknown key; expected one of .*; did you mean organization\?/],
    ],
  },
  {
    part: "zzz: 1",
    problems: [[2, 1, "zzz", /unknown key; expected one of organization, teams, [^?]*$/]],
  },
  // Teams
  { part: "teams: []", problems: [[2, 8, "teams", /expected a mapping, got \[\]/]] },
  { part: "teams:", problems: [[2, 7, "teams", /expected a mapping, got nothing/]] },
  {
    part: "teams: { search: 3 }",
    problems: [[2, 18, "teams.search", /expected a mapping, got 3/]],
  },
  { part: "teams: { 'a b': {} }", problems: [[2, 10, "teams.a b", /expected a key of letters/]] },
  { part: "teams: { __proto__: {} }", problems: [[2, 10, "teams", /expected a name as key/]] },
  {
    part: "teams: { a: { name: '' } }",
    problems: [[2, 21, "teams.a.name", /expected text of 1 to 200 characters, got ""/]],
  },
  {
    part: "teams: { a: { name: 7 } }",
    problems: [[2, 21, "teams.a.name", /expected text .*, got 7/]],
  },
  { part: `teams: { a: { name: "x\\ny" } }`, problems: [[2, 21, "teams.a.name", /on one line/]] },
  {
    part: "teams: { a: { chanel: '#x' } }",
    problems: [[2, 15, "teams.a.chanel", /did you mean channel\?/]],
  },
  {
    part: "teams: { a: { channel: 'general' } }",
    problems: [[2, 24, "teams.a.channel", /expected "#name"/]],
  },
  {
    part: "teams: { a: { channel: '#Team A' } }",
    problems: [[2, 24, "teams.a.channel", /expected "#name"/]],
  },
  {
    part: "teams: { a: { owners: ana@acme.test } }",
    problems: [[2, 23, "teams.a.owners", /expected a list/]],
  },
  {
    part: "teams: { a: { owners: [ana] } }",
    problems: [[2, 24, "teams.a.owners[0]", /expected an e-mail address.*got "ana"/]],
  },
  {
    part: "teams: { a: { members: [a@b.c, A@B.c] } }",
    problems: [[2, 32, "teams.a.members[1]", /a@b.c is repeated/]],
  },
  {
    part: "teams: { a: { projects: [x] }, b: { projects: [x] } }",
    problems: [[2, 48, "teams.b.projects[0]", /x already belongs to team a/]],
  },
  {
    part: "teams: { a: { projects: [x, x] } }",
    problems: [[2, 29, "teams.a.projects[1]", /each project once/]],
  },
  {
    part: "teams: { a: {}, A: {} }",
    problems: [[2, 20, "teams.A", /differs from others by more than case/]],
  },
  { part: "teams: { a: {}, a: {} }", problems: [[2, 17, "teams.a", /expected each key once/]] },
  // Allocation
  {
    part: "allocation: [{ match: {}, to: { team: a } }]\nteams: { a: {} }",
    problems: [[2, 23, "allocation[0].match", /at least one condition/]],
  },
  {
    part: "allocation: [{ match: { model: '*' }, to: {} }]",
    problems: [[2, 43, "allocation[0].to", /expected team, project or both/]],
  },
  {
    part: "allocation: [{ to: { team: a } }]\nteams: { a: {} }",
    problems: [[2, 14, "allocation[0].match", /expected a mapping; it is missing/]],
  },
  {
    part: "allocation: [{ match: { modle: x }, to: { team: a } }]\nteams: { a: {} }",
    problems: [[2, 25, "allocation[0].match.modle", /did you mean model\?/]],
  },
  {
    part: "allocation: [{ match: { tags: { env: true } }, to: { team: a } }]\nteams: { a: {} }",
    problems: [[2, 38, "allocation[0].match.tags.env", /expected text.*got true/]],
  },
  {
    part: "allocation: [{ match: { source: x }, to: { team: serach } }]\nteams: { search: {} }",
    problems: [[2, 50, "allocation[0].to.team", /there is no team:serach; did you mean search\?/]],
  },
  {
    part: "allocation: [{ match: { source: x }, to: { project: y } }]",
    problems: [[2, 53, "allocation[0].to.project", /there is no project:y/]],
  },
  {
    part: "allocation: [{ match: { source: x }, to: { team: b, project: y } }]\nteams: { a: { projects: [y] }, b: {} }",
    problems: [
      [2, 62, "allocation[0].to.project", /expected a project of team b; y belongs to team a/],
    ],
  },
  {
    part: `allocation: [{ match: { tags: { "a\\u0000b": x } }, to: { team: a } }]\nteams: { a: {} }`,
    problems: [[2, 33, "allocation[0].match.tags", /expected a name as key/]],
  },
  // Budgets
  {
    part: "budgets: [{}]",
    problems: [
      [2, 11, "budgets[0].key", /it is missing/],
      [2, 11, "budgets[0].scope", /it is missing/],
      [2, 11, "budgets[0].limit", /it is missing/],
      [2, 11, "budgets[0].period", /it is missing/],
    ],
  },
  ...[
    "0",
    "0.00",
    "-1",
    "1e3",
    "1.0000000000001",
    "1,000",
    "",
    "abc",
    " 1",
    "1000000000.01",
    "$5",
  ].map((limit) => ({
    part: `budgets: [{ key: b, scope: org, period: daily, limit: "${limit}" }]`,
    problems: [[2, 55, "budgets[0].limit", /expected a positive amount of USD in quotes/]] as const,
  })),
  {
    part: "budgets: [{ key: b, scope: org, period: daily, limit: 500.00 }]",
    problems: [[2, 55, "budgets[0].limit", /in quotes.*, got 500$/]],
  },
  ...["team", "team:", "teams:x", "each:model", "each:", "tag:env", "user:bo", "ORG", "org:x"].map(
    (scope) => ({
      part: `budgets: [{ key: b, limit: "1", period: daily, scope: "${scope}" }]`,
      problems: [[2, 55, "budgets[0].scope", /expected a scope: org, team:KEY/]] as const,
    }),
  ),
  {
    part: `budgets: [{ key: b, limit: "1", period: daily, scope: "team:x" }]`,
    problems: [[2, 55, "budgets[0].scope", /there is no team:x/]],
  },
  {
    part: `budgets: [{ key: b, limit: "1", period: daily, scope: "project:x" }]`,
    problems: [[2, 55, "budgets[0].scope", /there is no project:x/]],
  },
  {
    part: `budgets: [{ key: b, scope: org, limit: "1", period: montly }]`,
    problems: [
      [2, 53, "budgets[0].period", /expected one of daily, .*got "montly"; did you mean monthly/],
    ],
  },
  {
    part: `budgets: [{ key: b, scope: org, limit: "1", period: daily, time_zone: Mars/Base }]`,
    problems: [[2, 71, "budgets[0].time_zone", /expected a time zone/]],
  },
  {
    part: `budgets: [{ key: "b c", scope: org, limit: "1", period: daily }]`,
    problems: [[2, 18, "budgets[0].key", /expected a key/]],
  },
  {
    part: `budgets:\n  - { key: b, scope: org, limit: "1", period: daily }\n  - { key: b, scope: org, limit: "2", period: daily }`,
    problems: [[4, 12, "budgets[1].key", /another budget is called b/]],
  },
  ...(
    [
      ["[80, 50]", 76, "[1]"],
      ["[50, 50]", 76, "[1]"],
      ["[0]", 72, "[0]"],
      ["[1001]", 72, "[0]"],
      ["[50.5]", 72, "[0]"],
      ["['50']", 72, "[0]"],
      ["50", 71, ""],
    ] as const
  ).map(([thresholds, column, index]) => ({
    part: `budgets: [{ key: b, scope: org, limit: "1", period: daily, thresholds: ${thresholds} }]`,
    problems: [[2, column + 1, `budgets[0].thresholds${index}`, /expected/]] as const,
  })),
  {
    part: `budgets: [{ key: b, scope: org, limit: "1", period: daily, thresholds: [${Array.from({ length: 21 }, (_, index) => index + 1).join(",")}] }]`,
    problems: [[2, 72, "budgets[0].thresholds", /at most 20/]],
  },
  {
    part: `budgets: [{ key: b, scope: org, limit: "1", period: daily, forecast_thresholds: [100, 90] }]`,
    problems: [
      [2, 87, "budgets[0].forecast_thresholds[1]", /ascending percentages; 90 follows 100/],
    ],
  },
  // Digests
  {
    part: `digests: [{ channel: "#x", scope: org, every: year, at: "09:00" }]`,
    problems: [[2, 47, "digests[0].every", /expected one of day, week, month/]],
  },
  {
    part: `digests: [{ channel: "#x", scope: "each:user", every: day, at: "09:00" }]`,
    problems: [[2, 35, "digests[0].scope", /expected a scope/]],
  },
  {
    part: `digests: [{ channel: "#x", scope: org, every: day, on: monday, at: "09:00" }]`,
    problems: [[2, 56, "digests[0].on", /only with every: week/]],
  },
  {
    part: `digests: [{ channel: "#x", scope: org, every: week, on: mon, at: "09:00" }]`,
    problems: [[2, 57, "digests[0].on", /did you mean monday/]],
  },
  ...["24:00", "9:00", "09:60", "0900", "09:00:00"].map((at) => ({
    part: `digests: [{ channel: "#x", scope: org, every: day, at: "${at}" }]`,
    problems: [[2, 56, "digests[0].at", /expected a time from "00:00" to "23:59"/]] as const,
  })),
  {
    part: `digests:\n  - { channel: "#x", scope: org, every: day, at: "09:00" }\n  - { channel: "#x", scope: org, every: day, at: "09:00" }`,
    problems: [[4, 5, "digests[1]", /repeats another/]],
  },
  // Approvals
  {
    part: `approvals: [{ approvers: [] }]`,
    problems: [[2, 26, "approvals[0].approvers", /at least one approver/]],
  },
  {
    part: `approvals: [{ approvers: [somebody] }]`,
    problems: [
      [
        2,
        27,
        "approvals[0].approvers[0]",
        /expected team_owners, admins, an e-mail address or slack_group:NAME/,
      ],
    ],
  },
  {
    part: `approvals: [{ approvers: ["slack_group:"] }]`,
    problems: [[2, 27, "approvals[0].approvers[0]", /slack_group:NAME/]],
  },
  {
    part: `approvals: [{ approvers: [a@b.c], quorum: 0 }]`,
    problems: [[2, 43, "approvals[0].quorum", /whole number from 1 to 20/]],
  },
  {
    part: `approvals: [{ approvers: [a@b.c, A@b.c], quorum: 2 }]`,
    problems: [[2, 50, "approvals[0].quorum", /expected at most 1, as many as can approve; got 2/]],
  },
  {
    part: `approvals: [{ approvers: [team_owners], quorum: 2 }]\nteams: { a: { owners: [a@b.c] }, b: { owners: [b@b.c] } }`,
    problems: [[2, 49, "approvals[0].quorum", /at most 1/]],
  },
  {
    part: `approvals: [{ approvers: [a@b.c], escalate_to: [team_owners] }]`,
    problems: [[2, 49, "approvals[0].escalate_to[0]", /e-mail address/]],
  },
  ...["24", "24 h", "0h", "1w", "91d", "h", "1.5h"].map((duration) => ({
    part: `approvals: [{ approvers: [a@b.c], expires_in: "${duration}" }]`,
    problems: [[2, 47, "approvals[0].expires_in", /expected a duration/]] as const,
  })),
  {
    part: `approvals: [{ approvers: [a@b.c], up_to: "5" }]`,
    problems: [[2, 42, "approvals[0].up_to", /no up_to in the last tier/]],
  },
  {
    part: `approvals:\n  - { approvers: [a@b.c] }\n  - { approvers: [a@b.c] }`,
    problems: [[3, 5, "approvals[0]", /up_to in every tier but the last/]],
  },
  {
    part: `approvals:\n  - { approvers: [a@b.c], up_to: "5" }\n  - { approvers: [a@b.c], up_to: "5.00" }\n  - { approvers: [a@b.c] }`,
    problems: [[4, 34, "approvals[1].up_to", /more than in the tier before/]],
  },
  // Pricing
  {
    part: `pricing: { discount: [] }`,
    problems: [[2, 12, "pricing.discount", /did you mean discounts/]],
  },
  {
    part: `metering: [{ match: { workspace_id: w }, source: Lite LLM }]`,
    problems: [[2, 50, "metering[0].source", /expected the name of a source.*got "Lite LLM"$/]],
  },
  {
    part: `metering: [{ match: { workspace_id: w, api_key_id: k }, source: litellm }]`,
    problems: [[2, 21, "metering[0].match", /expected either workspace_id or api_key_id$/]],
  },
  {
    part: `metering: [{ match: {}, source: litellm }]`,
    problems: [[2, 21, "metering[0].match", /expected either workspace_id or api_key_id$/]],
  },
  {
    part: `metering: [{ match: { workspace_id: w }, source: a }, { match: { workspace_id: w }, source: b }]`,
    problems: [
      [2, 64, "metering[1].match", /one source for each workspace or key; workspace:w has/],
    ],
  },
  {
    part: `pricing: { discounts: [{ percent: "5" }] }`,
    problems: [[2, 24, "pricing.discounts[0].match", /it is missing/]],
  },
  {
    part: `pricing: { discounts: [{ match: {}, percent: "5" }] }`,
    problems: [[2, 33, "pricing.discounts[0].match", /expected model, workspace_id or both/]],
  },
  ...["0", "0.0000", "100.0001", "101", "-5", "5%", "5.00001", ""].map((percent) => ({
    part: `pricing: { discounts: [{ match: { model: "*" }, percent: "${percent}" }] }`,
    problems: [
      [2, 58, "pricing.discounts[0].percent", /more than 0 and at most 100 in quotes/],
    ] as const,
  })),
  {
    part: `pricing: { discounts: [{ match: { model: "*" }, percent: 5 }] }`,
    problems: [[2, 58, "pricing.discounts[0].percent", /in quotes.*got 5$/]],
  },
  ...["2026-02-30", "2026-13-01", "26-01-01", "2026-10-01T00:00:00Z"].map((date) => ({
    part: `pricing: { discounts: [{ match: { model: "*" }, percent: "5", from: "${date}" }] }`,
    problems: [[2, 69, "pricing.discounts[0].from", /expected a date such as/]] as const,
  })),
  {
    part: `pricing: { discounts: [{ match: { model: "*" }, percent: "5", from: 2026-10-02, until: 2026-10-02 }] }`,
    problems: [[2, 88, "pricing.discounts[0].until", /expected a date after from/]],
  },
];

/** A right document of exactly that many bytes. */
function padded(bytes: number): string {
  const text = "organization: { name: Acme }\n#";
  return text + "x".repeat(bytes - text.length);
}

describe("refuses", () => {
  test.each(refusals)("$part", ({ part, problems }) => {
    const found = problemsOf(`organization: { name: Acme }\n${part}\n`);

    expect(found.map(({ line, column, field }) => [line, column, field])).toEqual(
      problems.map(([line, column, field]) => [line, column, field]),
    );
    for (const [index, [, , , message]] of problems.entries()) {
      expect(found[index]?.message).toMatch(message);
    }
  });

  test.each([
    ["", 1, /got an empty one/],
    ["# only a comment\n", 1, /got an empty one/],
    ["null", 1, /got an empty one/],
    ["just text", 1, /expected a mapping, got "just text"/],
    ["- a list", 1, /expected a mapping/],
    ["{}", 1, /expected a mapping; it is missing/],
    ["organization: {", 1, /expected valid YAML/],
    ["organization: { name: Acme }\n\tteams: {}", 2, /expected valid YAML/],
    ["organization: { name: Acme }\n---\norganization: { name: B }", 2, /expected valid YAML/],
    ["organization: !secret { name: Acme }", 1, /expected valid YAML.*!secret/],
    ["organization: { name: *nobody }", 1, /expected an anchor &nobody/],
    ["organization: { name: Acme } # \0", 1, /without NUL/],
    [`organization: ${"[".repeat(200)}${"]".repeat(200)}`, 1, /at most 32 levels/],
    ["organization: &a { name: *a }", 1, /contains itself/],
  ] as const)("the whole of %j", (text, line, message) => {
    const [problem, ...others] = problemsOf(text);

    expect(problem?.line).toBe(line);
    expect(problem?.message).toMatch(message);
    expect(others).toEqual([]);
  });

  test.each([
    ["{ name: Acme, time_zone: Berlin }", "organization.time_zone", /expected a time zone such as/],
    [
      "{ name: Acme, time_zone: '+01:00' }",
      "organization.time_zone",
      /expected a time zone such as/,
    ],
    ["{ name: Acme, week_starts_on: someday }", "organization.week_starts_on", /sunday, monday/],
    ["{ name: Acme, finops_channel: finops }", "organization.finops_channel", /expected "#name"/],
    ["{ name: Acme, admins: [dana] }", "organization.admins[0]", /e-mail address/],
    ["{ name: Acme, owner: x }", "organization.owner", /unknown key/],
    ["{ time_zone: UTC }", "organization.name", /it is missing/],
  ])("organization: %s", (organization, field, message) => {
    const [problem, ...others] = problemsOf(`organization: ${organization}`);

    expect(problem).toMatchObject({ line: 1, field });
    expect(problem?.message).toMatch(message);
    expect(others).toEqual([]);
  });

  test("more than 256 KiB, and reads just that", () => {
    expect(problemsOf(padded(GOVERNANCE_BYTES_MAX))).toEqual([]);
    expect(problemsOf(padded(GOVERNANCE_BYTES_MAX + 1))).toEqual([
      expect.objectContaining({ line: 1, message: "expected at most 262144 bytes, got 262145" }),
    ]);
  });

  test("aliases that multiply, at once", () => {
    const layers = Array.from(
      { length: 9 },
      (_, index) =>
        `l${String(index + 1)}: &l${String(index + 1)} [${Array(9)
          .fill(`*l${String(index)}`)
          .join(", ")}]`,
    );
    expect(problemsOf(`l0: &l0 [lol]\n${layers.join("\n")}`)).toEqual([
      expect.objectContaining({ message: "expected at most 50 aliases" }),
    ]);
  });

  test("deep indentation with a problem instead of a crash", () => {
    const text = Array.from({ length: 700 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n");
    expect(problemsOf(text)).not.toEqual([]);
  });
});

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

test("tells at most a hundred problems of thousands", () => {
  const text = `organization: { name: Acme }
teams:
${lines(3_000, (index) => `  known${String(index)}: {}`)}
digests:
${lines(1_500, (index) => `  - { channel: C0123456, scope: "team:unknown${String(index)}", every: day, at: "09:00" }`)}
`;
  const problems = problemsOf(text);

  expect(problems).toHaveLength(100);
  expect(problems[0]).toMatchObject({ line: 3_004, field: "digests[0].scope" });
});

test("tells all problems at once, in the order of their lines", () => {
  const text = `organization: { nam: Acme, time_zone: Nowhere }
teams:
  search: { projects: [checkout], owners: [ana] }
allocation:
  - { match: { model: "*" }, to: { team: serach } }
budgets:
  - { key: b, scope: "team:search", limit: 5, period: daily }
  - { key: c, scope: "project:checkout", limit: "5", period: daily }
  - { key: c, scope: org, limit: "5", period: daily }
`;
  expect(formatProblems(problemsOf(text), "governance.yml").split("\n")).toEqual([
    expect.stringMatching(
      /^governance\.yml:1:15 organization\.name: expected text of .*; it is missing$/,
    ),
    expect.stringMatching(
      /^governance\.yml:1:17 organization\.nam: unknown key; .*; did you mean name\?$/,
    ),
    expect.stringMatching(/^governance\.yml:1:39 organization\.time_zone: expected a time zone/),
    expect.stringMatching(/^governance\.yml:3:44 teams\.search\.owners\[0\]: expected an e-mail/),
    expect.stringMatching(
      /^governance\.yml:5:42 allocation\[0\]\.to\.team: .*did you mean search\?$/,
    ),
    expect.stringMatching(
      /^governance\.yml:7:44 budgets\[0\]\.limit: expected a positive amount.*, got 5$/,
    ),
    expect.stringMatching(/^governance\.yml:9:12 budgets\[2\]\.key: .*another budget is called c/),
  ]);
});

function approvals(tier: string): string {
  return `
organization: { name: Acme }
teams: { a: { owners: [a@b.c, b@b.c] }, b: { owners: [] } }
approvals: [${tier}]`;
}

test("accepts a quorum that a group or the owners of some team can reach", () => {
  expect(problemsOf(approvals("{ approvers: [team_owners, c@b.c], quorum: 3 }"))).toEqual([]);
  expect(problemsOf(approvals("{ approvers: [team_owners, a@b.c], quorum: 3 }"))).toHaveLength(1);
  expect(problemsOf(approvals("{ approvers: ['slack_group:x'], quorum: 9 }"))).toEqual([]);
});

/** What a reader could not use in the answer: a refusal without a reason, or one that points nowhere. */
function uselessAnswers(text: string): unknown[] {
  const parsed = parseGovernance(text);
  if (parsed.ok) return [];
  const lineCount = text.split(/\r\n|\n|\r/).length;
  return parsed.problems.length === 0
    ? ["no problem"]
    : parsed.problems.filter(
        ({ line, column, message }) => line < 1 || line > lineCount || column < 1 || message === "",
      );
}

describe("never throws, and never without a problem or a governance", () => {
  test("for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(uselessAnswers(text)).toEqual([]);
      }),
    );
  });

  test("for anything made of YAML's own characters", () => {
    const unit = fc.constantFrom(..."{}[],:&*!|>'\"%@`#-? \n\tab1<".split(""));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        expect(uselessAnswers(text)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("for any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(uselessAnswers(text)).toEqual([]);
      }),
    );
  });

  test("for the example with a piece replaced", () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 10 }),
      fc.constantFrom("{", "}", "[", "]", ":", "\n", "null", "*a", "&a ", "- ", "\t", "<<: "),
    );
    const position = fc.nat({ max: example.length });
    fc.assert(
      fc.property(position, fc.nat({ max: 30 }), piece, (start, length, replacement) => {
        const text = example.slice(0, start) + replacement + example.slice(start + length);
        expect(uselessAnswers(text)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("for the example's values replaced by anything", () => {
    const key = fc.constantFrom(
      "organization",
      "teams",
      "allocation",
      "budgets",
      "digests",
      "approvals",
      "pricing",
    );
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        const other = name === "organization" ? {} : { organization: { name: "Acme" } };
        expect(uselessAnswers(JSON.stringify({ ...other, [name]: value }))).toEqual([]);
      }),
    );
  });
});

describe("a budget's calendar and what it says ahead", () => {
  const budget = (fields: string): string =>
    `organization: { name: Acme, fiscal_month_starts_on: 26, fiscal_year_starts_in: april }\nbudgets:\n  - { key: b, scope: org, limit: "1", period: monthly${fields} }\n`;

  test("is the organization's where it says nothing", () => {
    expect(governanceOf(budget("")).budgets[0]).toMatchObject({
      fiscalMonthStartsOn: 26,
      fiscalYearStartsIn: 4,
    });
    expect(governanceOf(budget("")).budgets[0]).not.toHaveProperty("rollOverMaxPercent");
  });

  test.each([
    [
      ", fiscal_month_starts_on: 1, fiscal_year_starts_in: july",
      { fiscalMonthStartsOn: 1, fiscalYearStartsIn: 7 },
    ],
    [", week_starts_on: saturday", { weekStartsOn: "saturday" }],
    [", roll_over: true", { rollOverMaxPercent: 100 }],
    [", roll_over_max_percent: 25", { rollOverMaxPercent: 25 }],
    [", roll_over: true, roll_over_max_percent: 25", { rollOverMaxPercent: 25 }],
    [", pace_days: 3, notify_reset: true", { paceDays: 3, notifyReset: true }],
  ])("reads %s", (fields, expected) => {
    expect(governanceOf(budget(fields)).budgets[0]).toMatchObject(expected);
  });

  test.each([
    [
      ", fiscal_month_starts_on: 29",
      "fiscal_month_starts_on",
      "expected a day of the month from 1 to 28, got 29",
    ],
    [", fiscal_year_starts_in: apirl", "fiscal_year_starts_in", "did you mean april?"],
    [
      ", roll_over_max_percent: 101",
      "roll_over_max_percent",
      "expected a whole percentage from 1 to 100, got 101",
    ],
    [", roll_over: yes", "roll_over", 'expected true or false, got "yes"'],
    [
      ", roll_over: false, roll_over_max_percent: 10",
      "roll_over_max_percent",
      "expected no cap where roll_over is false",
    ],
    [", pace_days: 0", "pace_days", "expected a whole number of days from 1 to 366, got 0"],
    [", thresholds: [50, 50]", "thresholds[1]", "expected strictly ascending percentages"],
    [", thresholds: [0, 50]", "thresholds[0]", "expected a whole percentage from 1 to 1000"],
    [", thresholds: [1001]", "thresholds[0]", "expected a whole percentage from 1 to 1000"],
    [
      ", time_zone: Europe/Nowhere",
      "time_zone",
      "expected a time zone such as Europe/Berlin or UTC",
    ],
  ])("refuses %s, with its line and what was expected", (fields, field, message) => {
    const parsed = parseGovernance(budget(fields));

    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 3, field: `budgets[0].${field}` });
    expect(problems[0]?.message).toContain(message);
  });

  test("refuses fiscal months of a week, and a limit of nothing", () => {
    const weekly = budget(", fiscal_month_starts_on: 5").replace("monthly", "weekly");
    const free = budget("").replace('"1"', '"0.00"');

    for (const text of [weekly, free, budget("").replace('"1"', '"-5"')]) {
      expect(parseGovernance(text)).toMatchObject({ ok: false, problems: [{ line: 3 }] });
    }
  });
});
