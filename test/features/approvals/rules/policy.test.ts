import { describe, expect, test } from "vitest";
import type { Email } from "../../../../src/domain/email.ts";
import { addMs, HOUR_MS, type Instant } from "../../../../src/domain/time.ts";
import { authorityOver, type Directory } from "../../../../src/features/approvals/rules/mandate.ts";
import {
  type ApproverEntry,
  approverEntryFrom,
  DEFAULT_POLICY,
  formatApproverEntry,
  type PolicyQuestion,
  parseApproverEntry,
  policyFor,
} from "../../../../src/features/approvals/rules/policy.ts";
import type { ApprovalRequest } from "../../../../src/features/approvals/rules.ts";
import {
  ANA,
  ASKED_AT,
  anApprovalRequest,
  aPolicy,
  BO,
  DANA,
  EVE,
} from "../../../support/approvals-builders.ts";
import { usd } from "../../../support/builders.ts";

function question(dollars: number, others: Partial<PolicyQuestion> = {}): PolicyQuestion {
  const requester = { email: BO, isAdmin: false, teams: ["search"], ownsTeamOfScope: false };
  const scope = { kind: "team", key: "search" } as const;
  return { scope, amount: usd(dollars), baseAmount: usd(500), requester, ...others };
}

/** Everybody who could decide, of a policy with one step. */
function resolveApprovers(
  request: ApprovalRequest,
  directory: Omit<Directory, "delegations">,
  now: Instant,
): readonly Email[] | undefined {
  return authorityOver(request, { ...directory, delegations: [] }, now).steps[0];
}

describe("policyFor", () => {
  const small = aPolicy({ upTo: usd(200) });
  const large = aPolicy({ quorum: 2 });

  test.each([
    [0.01, small],
    [200, small],
    [200.01, large],
    [1_000_000, large],
  ])("finds the first policy that covers $%d", (dollars, policy) => {
    expect(policyFor([small, large], question(dollars))).toBe(policy);
  });

  test("has a default while nothing is configured", () => {
    expect(policyFor([], question(5_000))).toBe(DEFAULT_POLICY);
  });

  test.each([
    ["its own scope", { scopes: ["team:ads", "team:search"] }, true],
    ["another scope", { scopes: ["team:ads"] }, false],
    ["all of a kind", { scopes: ["team:*"] }, true],
    ["all of another kind", { scopes: ["project:*"] }, false],
    ["its requester", { requesters: ["bo@acme.test"] }, true],
    ["a domain", { requesters: ["*@ACME.test"] }, true],
    ["another domain", { requesters: ["*@cme.test"] }, false],
    ["people of a team", { requesters: ["team:search"] }, true],
    ["people of another team", { requesters: ["team:ads"] }, false],
    ["admins", { requesters: ["admins"] }, false],
    ["owners", { requesters: ["team_owners"] }, false],
    ["exactly its share", { upToPercent: 40 }, true],
    ["a smaller share", { upToPercent: 39 }, false],
    ["all conditions", { scopes: ["team:*"], upToPercent: 39 }, false],
  ])("%s: %j covers $200 of $500 by bo: %s", (_what, match, isCovered) => {
    const special = aPolicy({ match });
    const found = policyFor([special, large], question(200));

    expect(found).toBe(isCovered ? special : large);
  });

  test("a share of nothing known is never small enough", () => {
    const special = aPolicy({ match: { upToPercent: 1000 } });

    expect(policyFor([special, large], question(1, { baseAmount: undefined }))).toBe(large);
  });

  test("covers no amount above the last limit", () => {
    expect(policyFor([small], question(201))).toBeUndefined();
  });
});

describe("approver entries", () => {
  test.each(["team_owners", "admins", "ana@acme.test", "slack_group:finops-leads"])(
    "%s reads and writes as itself",
    (text) => {
      expect(formatApproverEntry(approverEntryFrom(text))).toBe(text);
    },
  );

  test("fold the case of addresses and the @ of groups", () => {
    expect(parseApproverEntry(" Ana@Acme.test ")).toEqual({ kind: "person", email: ANA });
    expect(parseApproverEntry("slack_group:@leads")).toEqual({
      kind: "slack_group",
      handle: "leads",
    });
  });

  test.each(["", "owners", "slack_group:", "slack_group: @", "@ana"])("refuse %j", (text) => {
    expect(parseApproverEntry(text)).toBeUndefined();
  });
});

function requestTo(approvers: readonly ApproverEntry[], requester = BO): ApprovalRequest {
  return anApprovalRequest({ requester, policy: aPolicy({ approvers }) });
}

describe("resolveApprovers", () => {
  const directory = {
    teamOwners: [ANA],
    admins: [DANA],
    groups: new Map([["leads", [EVE, ANA, BO]]]),
  };
  const owners: ApproverEntry = { kind: "team_owners" };
  const leads: ApproverEntry = { kind: "slack_group", handle: "leads" };

  test("names the owners of the team", () => {
    expect(resolveApprovers(requestTo([owners]), directory, ASKED_AT)).toEqual([ANA]);
  });

  test("falls to the admins where no team has owners", () => {
    const ownerless = { ...directory, teamOwners: [] };

    expect(resolveApprovers(requestTo([owners]), ownerless, ASKED_AT)).toEqual([DANA]);
  });

  test("falls to the admins when the only owner is the requester", () => {
    expect(resolveApprovers(requestTo([owners], ANA), directory, ASKED_AT)).toEqual([DANA]);
  });

  test("never names the requester, also not as an admin, group member or by address", () => {
    const everywhere = requestTo([{ kind: "admins" }, leads, { kind: "person", email: BO }]);
    const admin = { ...directory, admins: [BO] };

    expect(resolveApprovers(everywhere, admin, ASKED_AT)).toEqual([EVE, ANA]);
  });

  test("names a person once", () => {
    expect(resolveApprovers(requestTo([owners, leads]), directory, ASKED_AT)).toEqual([ANA, EVE]);
  });

  test("finds nobody in a group that Slack does not know", () => {
    const unknown: ApproverEntry = { kind: "slack_group", handle: "gone" };

    expect(resolveApprovers(requestTo([unknown]), directory, ASKED_AT)).toEqual([]);
  });

  test("adds those it escalates to from half of the time on", () => {
    const policy = aPolicy({ approvers: [owners], escalateTo: [EVE, BO] });
    const escalating = anApprovalRequest({ policy, expiresAt: addMs(ASKED_AT, 2 * HOUR_MS) });
    const half = addMs(ASKED_AT, HOUR_MS);

    expect(resolveApprovers(escalating, directory, addMs(half, -1))).toEqual([ANA]);
    expect(resolveApprovers(escalating, directory, half)).toEqual([ANA, EVE]);
  });
});
