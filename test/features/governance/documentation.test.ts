import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { policySchema } from "../../../src/features/governance/parse/policy-schema.ts";
import * as schema from "../../../src/features/governance/parse/schema.ts";

const reference = readFileSync("docs/governance.md", "utf8");

describe("docs/governance.md", () => {
  test.each(
    Object.entries({ ...schema, policySchema }).flatMap(([name, value]) =>
      "shape" in value ? Object.keys(value.shape).map((key) => [name, key] as const) : [],
    ),
  )("of %s explains %s", (_, key) => {
    expect(reference).toContain(`\`${key}\``);
  });

  test("shows problems as they are printed", async () => {
    const { formatProblems } = await import("../../../src/features/governance/index.ts");
    const problem = { line: 8, column: 54, field: "budgets[0].limit", message: "expected x" };
    const whole = { line: 1, column: 1, field: "", message: "expected y" };

    expect(formatProblems([problem, whole], "governance.yml")).toBe(
      "governance.yml:8:54 budgets[0].limit: expected x\ngovernance.yml:1:1 expected y",
    );
  });
});
