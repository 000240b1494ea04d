import { describe, expect, test } from "vitest";
import { parseGovernance } from "../../../src/features/governance/index.ts";

const BUDGETS = `organization: { name: Acme, admins: [dana@acme.test] }
teams: { search: { owners: [ana@acme.test] } }
budgets:
  - { key: monthly, scope: "team:search", limit: "500.00", period: monthly }
  - { key: quarterly, scope: "team:search", limit: "900.00", period: quarterly }
  - { key: person, scope: "each:user", limit: "40.00", period: weekly }
limit_pushes:
`;

function read(...pushes: readonly string[]): ReturnType<typeof parseGovernance> {
  return parseGovernance(BUDGETS + pushes.map((push) => `  - ${push}\n`).join(""));
}

describe("limit_pushes", () => {
  test("are read with their targets", () => {
    const parsed = read(
      `{ budget: monthly, to: "anthropic:workspace:wrkspc_01" }`,
      `{ budget: quarterly, to: "litellm:team:search" }`,
      `{ budget: person, to: "gateway:user" }`,
    );

    expect(parsed.ok ? parsed.governance.limitPushes : parsed.problems).toEqual([
      {
        budgetKey: "monthly",
        target: { system: "anthropic", kind: "workspace", id: "wrkspc_01" },
      },
      { budgetKey: "quarterly", target: { system: "litellm", kind: "team", id: "search" } },
      { budgetKey: "person", target: { system: "gateway", kind: "user", id: "" } },
    ]);
  });

  test.each([
    [`{ budget: mothly, to: "litellm:team:x" }`, "budget", /did you mean monthly/],
    [`{ budget: monthly, to: "litellm:team" }`, "to", /expected SYSTEM:KIND:ID/],
    [`{ budget: monthly, to: "bedrock:team:x" }`, "to", /expected SYSTEM:KIND:ID/],
    [`{ budget: monthly, to: "anthropic:organization:x" }`, "to", /expected SYSTEM:KIND:ID/],
    [
      `{ budget: quarterly, to: "anthropic:organization" }`,
      "to",
      /budget that is monthly.*quarterly/,
    ],
    [`{ budget: quarterly, to: "gateway:organization" }`, "to", /daily or weekly or monthly/],
    [`{ budget: person, to: "anthropic:user" }`, "to", /person is weekly/],
    [`{ budget: monthly, to: "litellm:user" }`, "to", /expected litellm:user:ID/],
    [`{ budget: monthly }`, "to", /it is missing/],
  ])("refuses %s", (push, field, message) => {
    const parsed = read(push);

    expect(parsed.ok ? [] : parsed.problems).toMatchObject([
      {
        line: 8,
        field: `limit_pushes[0].${field}`,
        message: expect.stringMatching(message) as string,
      },
    ]);
  });

  test("refuses the same push twice", () => {
    const push = `{ budget: monthly, to: "litellm:team:search" }`;
    expect(read(push, push)).toMatchObject({ ok: false, problems: [{ line: 9 }] });
  });
});
