import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseGovernance } from "../../../src/features/governance/index.ts";

const page = readFileSync("docs/approvals.md", "utf8");
const examples = [...page.matchAll(/## (An? \w+ (?:organization|one))\n[^]*?```yaml\n([^]*?)```/g)];

test("docs/approvals.md shows policies for three sizes", () => {
  expect(examples).toHaveLength(3);
});

test.each(examples.map(([, title = "", yaml = ""]) => [title, yaml]))("%s is read", (_, yaml) => {
  const parsed = parseGovernance(yaml);

  expect(parsed.ok ? [] : parsed.problems).toEqual([]);
});
