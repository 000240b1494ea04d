import { describe, expect, test } from "vitest";
import { parseGovernance } from "../../../src/features/governance/parse/parse-governance.ts";
import { placeNow } from "../../../src/features/onboarding/flow/place-now.ts";

/** Rules up to these amounts, and what is for the admins. */
function rulesUpTo(...amounts: readonly number[]) {
  const rules = amounts.map((amount) => `{ up_to: "${amount.toFixed(2)}", approvers: [admins] }`);
  const parsed = parseGovernance(
    `organization: { name: Acme }\napprovals: [${[...rules, "{ approvers: [admins] }"].join(", ")}]\n`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.governance;
}

describe("a rule of a list that somebody else changed", () => {
  const base = rulesUpTo(100, 200);

  test.each<[string, readonly number[], string]>([
    ["is where it was", [100, 200, 300], "1"],
    ["moved behind one that is new", [50, 100, 200], "2"],
    ["moved to the front", [200], "0"],
    ["was changed itself", [100, 250], "1"],
    ["was removed", [100], "gone"],
    ["was removed while others came", [50, 100, 300], "gone"],
  ])("%s", (_what, amounts, place) => {
    const sent = { form: "approval", origin: { version: 1, key: "1" } };
    expect(placeNow(sent, { base, current: rulesUpTo(...amounts) })).toBe(place);
  });

  test("is the new one, or a team by its key, wherever lists stand", () => {
    const current = rulesUpTo(1);
    const isNew = { form: "approval", origin: { version: 1 } };
    expect(placeNow(isNew, { base, current })).toBeUndefined();
    const team = { form: "team", origin: { version: 1, key: "search" } };
    expect(placeNow(team, { base, current })).toBe("search");
  });
});
