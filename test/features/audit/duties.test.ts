import { describe, expect, test } from "vitest";
import {
  authorityOf,
  type GrantedRequest,
  reportDuties,
} from "../../../src/features/audit/rules/duties.ts";
import { usd } from "../../support/builders.ts";

function aGrant(overrides: Partial<GrantedRequest> = {}): GrantedRequest {
  return {
    requestId: "r1",
    scope: "team:search",
    requester: "bo",
    beneficiary: "bo",
    amount: usd(100),
    isAutomatic: false,
    voices: [{ approver: "ana", forPerson: undefined }],
    policy: { approvers: ["team_owners"], escalate_to: [] },
    owners: ["ana"],
    ...overrides,
  };
}

const KNOWN = { policyChanges: new Map<string, number>(), admins: ["dana"] };
const by = (approver: string, forPerson?: string): GrantedRequest["voices"] => [
  { approver, forPerson },
];

describe("reportDuties", () => {
  test("adds up who asked and who approved, the largest first", () => {
    const { pairings, mutual, unusual, own } = reportDuties(
      [aGrant(), aGrant({ amount: usd(50) }), aGrant({ requester: "cleo", amount: usd(500) })],
      KNOWN,
    );

    expect(pairings).toEqual([
      { requester: "cleo", approver: "ana", requests: 1, amount: usd(500) },
      { requester: "bo", approver: "ana", requests: 2, amount: usd(150) },
    ]);
    expect({ mutual, unusual, own }).toEqual({ mutual: [], unusual: [], own: [] });
  });

  test("names two who approve each other's, once", () => {
    const { mutual } = reportDuties(
      [aGrant(), aGrant({ requester: "ana", beneficiary: "ana", voices: by("bo") })],
      KNOWN,
    );

    expect(mutual).toEqual([{ people: ["ana", "bo"], amount: usd(200) }]);
  });

  test("names who changes the rules and decides under them", () => {
    const policyChanges = new Map([
      ["ana", 3],
      ["dana", 1],
    ]);

    expect(reportDuties([aGrant()], { ...KNOWN, policyChanges }).rulersWhoApprove).toEqual([
      { person: "ana", changes: 3, approvals: 1 },
    ]);
  });

  test("counts what was granted without a person", () => {
    const { automatic, pairings } = reportDuties(
      [aGrant({ isAutomatic: true, voices: [] })],
      KNOWN,
    );

    expect(automatic).toEqual({ requests: 1, amount: usd(100) });
    expect(pairings).toEqual([]);
  });

  test.each([
    ["the requester", { voices: by("bo") }],
    ["whom it is for", { beneficiary: "eve", voices: by("eve") }],
    ["a delegate of the requester", { voices: by("finn", "bo") }],
  ])("names a decision by %s", (_who, overrides) => {
    expect(reportDuties([aGrant(overrides)], KNOWN).own).toHaveLength(1);
  });

  test("lists decisions that the policy's own people did not make", () => {
    const { unusual } = reportDuties([aGrant({ voices: by("dana") })], KNOWN);

    expect(unusual).toMatchObject([{ approver: "dana", authority: "admin", requester: "bo" }]);
  });
});

describe("authorityOf", () => {
  const steps = {
    steps: [{ approvers: ["finops@acme.test"] }, { approvers: ["slack_group:leads"] }],
    escalate_to: ["gus"],
  };
  test.each([
    ["owner", { approver: "ana", policy: { approvers: ["team_owners"] } }],
    ["policy", { approver: "finops@acme.test", policy: steps }],
    ["policy", { approver: "dana", policy: { approvers: ["admins"] } }],
    ["escalation", { approver: "gus", policy: steps }],
    ["other", { approver: "hal", policy: steps }],
    ["admin", { approver: "dana", policy: { approvers: ["team_owners"] } }],
    ["other", { approver: "eve", policy: { approvers: ["team_owners"] } }],
    ["other", { approver: "eve", policy: null }],
    ["delegate", { approver: "ana", forPerson: "gus", policy: { approvers: ["team_owners"] } }],
  ])("is %s for %j", (authority, { approver, policy, ...rest }) => {
    const forPerson = "forPerson" in rest ? rest.forPerson : undefined;
    expect(authorityOf({ approver, forPerson }, { policy, owners: ["ana"] }, ["dana"])).toBe(
      authority,
    );
  });
});
