import { describe, expect, test } from "vitest";
import {
  approvalFrom,
  approvalProblems,
  budgetFrom,
  budgetProblems,
  digestFrom,
  digestProblems,
  organizationProblems,
  sourceProblems,
  teamProblems,
  wordsOf,
} from "../../../src/features/onboarding/rules/forms.ts";
import {
  codeFrom,
  foldCode,
  isSetUp,
  nextStep,
  type SetUpFacts,
  standingOf,
  stepState,
} from "../../../src/features/onboarding/rules.ts";

const DONE: SetUpFacts = {
  version: 1,
  admins: ["dana@acme.test"],
  organization: { name: "Acme", timeZone: "UTC", finopsChannel: "C1" },
  teams: 1,
  budgets: 1,
  digests: [{ channel: "C1", nextAt: undefined }],
  sources: [],
  hasUsage: true,
  channels: [{ channel: "C1", status: "posted", problem: undefined }],
  isAnthropicRead: false,
};

describe("who stands how", () => {
  const nobody = {
    email: "bo@acme.test",
    admins: [] as string[],
    ownsTeams: false,
    isWorkspaceAdmin: false,
    hasTypedCode: false,
  };
  test.each([
    ["whoever comes by needs the code", {}, "needs-code"],
    ["whoever runs the workspace may begin", { isWorkspaceAdmin: true }, "may-begin"],
    ["whoever typed the code may begin", { hasTypedCode: true }, "may-begin"],
    ["an admin is one", { admins: ["bo@acme.test"] }, "admin"],
    [
      "with an admin nobody lets themselves in",
      { admins: ["x@y.z"], isWorkspaceAdmin: true, hasTypedCode: true },
      "outsider",
    ],
    ["an owner keeps their teams", { admins: ["x@y.z"], ownsTeams: true }, "owner"],
  ])("%s", (_what, of, kind) => {
    expect(standingOf({ ...nobody, ...of }).kind).toBe(kind);
  });
});

describe("steps", () => {
  test("are all done of a full set-up", () => {
    expect(isSetUp(DONE)).toBe(true);
    expect(nextStep(DONE)).toBeUndefined();
  });

  test.each<[string, Partial<SetUpFacts>, Parameters<typeof stepState>[0], string]>([
    ["nothing is decided", { organization: undefined }, "organization", "todo"],
    [
      "finance has no channel",
      { organization: { name: "A", timeZone: "UTC", finopsChannel: undefined } },
      "organization",
      "todo",
    ],
    [
      "its channel refuses",
      { channels: [{ channel: "C1", status: "refused", problem: "x" }] },
      "organization",
      "problem",
    ],
    ["its channel was never looked at", { channels: [] }, "organization", "done"],
    ["there is no team", { teams: 0 }, "teams", "todo"],
    ["there is no budget", { budgets: 0 }, "budgets", "todo"],
    ["no source is there", { hasUsage: false }, "usage", "todo"],
    [
      "a source is silent",
      { hasUsage: false, sources: [{ name: "a", hasSent: false }] },
      "usage",
      "waiting",
    ],
    ["there is no digest", { digests: [] }, "digest", "todo"],
    [
      "the digest's channel refuses",
      { channels: [{ channel: "C1", status: "refused", problem: "x" }] },
      "digest",
      "problem",
    ],
  ])("%s", (_what, of, step, state) => {
    expect(stepState(step, { ...DONE, ...of })).toBe(state);
  });

  test("what waits is nobody's turn", () => {
    const facts = { ...DONE, hasUsage: false, sources: [{ name: "a", hasSent: false }] };
    expect(nextStep(facts)).toBeUndefined();
    expect(isSetUp(facts)).toBe(false);
  });
});

test("a code is read however it was typed", () => {
  const code = codeFrom(new Uint8Array([0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]));
  expect(code).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}$/);
  expect(foldCode(` ${code.toLowerCase().replaceAll("-", " ")}`)).toBe(code);
});

describe("forms", () => {
  test.each([
    ["organization", organizationProblems({}), ["channel", "name", "zone"]],
    ["organization", organizationProblems({ name: "A", zone: "Mars", channel: "C1" }), ["zone"]],
    ["team", teamProblems({ name: "x".repeat(101), projects: "a, é" }), ["name", "projects"]],
    ["team", teamProblems({ name: "Search" }), []],
    ["budget", budgetProblems({}), ["amount", "period", "scope"]],
    [
      "budget",
      budgetProblems({ scope: "nonsense", amount: "5", period: "monthly", thresholds: "0" }),
      ["scope", "thresholds"],
    ],
    [
      "budget",
      budgetProblems({
        scope: "each:user",
        amount: "1,250.50",
        period: "weekly",
        thresholds: "50 % 80%",
      }),
      [],
    ],
    ["source", sourceProblems({ name: "Checkout" }), ["name"]],
    ["digest", digestProblems({ at: "25:00" }), ["at", "channel"]],
    ["digest", digestProblems({ at: "9:00", channel_elsewhere: undefined }), []],
    ["digest", digestProblems({ at: "9:00", scope: "each:team" }), []],
    ["digest", digestProblems({ at: "9:00", scope: "each:user", channel: "C1" }), []],
    ["digest", digestProblems({ at: "9:00", scope: "each:user", channel_elsewhere: "C1" }), []],
    ["digest", digestProblems({ at: "9:00", channel: "C1", scope: " team:search " }), []],
    ["digest", digestProblems({ at: "9:00", scope: " each:team ", channel: "C1" }), []],
    ["digest", digestProblems({ at: "9:00", channel: "C1", scope: "Search" }), ["scope"]],
    ["digest", digestProblems({ at: "9:00", channel: "C1", scope: "each:project" }), ["scope"]],
    ["digest", digestProblems({ at: "9:00", channel: "C1", every: "month", day: "32" }), ["day"]],
    ["digest", digestProblems({ at: "9:00", channel: "C1", every: "week", day: "32" }), []],
    [
      "organization",
      organizationProblems({ name: "A", zone: "UTC", channel_elsewhere: undefined }),
      [],
    ],
    ["approval", approvalProblems({ quorum: "1" }), []],
    ["approval", approvalProblems({ quorum: "1", who: "kept" }), []],
    [
      "approval",
      approvalProblems({ quorum: "", who: "kept", expires: "0h" }),
      ["expires", "quorum"],
    ],
    [
      "approval",
      approvalProblems({ up_to: "-5", who: "people", quorum: "21", expires: "soon" }),
      ["expires", "people", "quorum", "up_to"],
    ],
    [
      "approval",
      approvalProblems({ up_to: "1,000", who: "people", people: "U1", quorum: "2", expires: "2d" }),
      [],
    ],
  ])("%s names the fields that can't be right", (_form, problems, fields) => {
    expect(Object.keys(problems).toSorted()).toEqual(fields);
  });

  test("say in the document's words what was typed", () => {
    const values = {
      scope: "team:search",
      amount: "1,250.5",
      period: "monthly",
      thresholds: "50,80",
      forecast: "yes",
    };
    expect(budgetFrom(values, "search-monthly", true)).toEqual({
      kind: "put-budget",
      key: "search-monthly",
      isNew: true,
      scope: "team:search",
      limit: "1250.50",
      period: "monthly",
      thresholds: [50, 80],
      forecastThresholds: [100],
    });
    expect(
      digestFrom({ channel: "C1", every: "day", on: "friday", at: "09:00" }, undefined),
    ).toMatchObject({ every: "day", on: undefined });
    const monthly = { channel: "C1", every: "month", on: "friday", day: "15", at: "09:00" };
    expect(digestFrom(monthly, undefined)).toMatchObject({ every: "month", on: 15 });
    expect(digestFrom({ ...monthly, day: "" }, undefined)).toMatchObject({ on: undefined });
    expect(digestFrom({ ...monthly, scope: "each:team" }, 3)).toMatchObject({
      index: 3,
      scope: "each:team",
      channel: undefined,
    });
    const rule = { up_to: "$1,000", who: "both", quorum: "2", expires: "" };
    const named = { index: undefined, people: ["bo@acme.test"], others: ["slack_group:leads"] };
    expect(approvalFrom(rule, named)).toEqual({
      kind: "put-approval",
      index: undefined,
      upTo: "1000.00",
      approvers: ["team_owners", "admins", "slack_group:leads", "bo@acme.test"],
      quorum: 2,
      expiresIn: undefined,
    });
    expect(approvalFrom({ who: "kept" }, named)).toMatchObject({
      approvers: ["slack_group:leads", "bo@acme.test"],
    });
    expect(digestFrom({ ...monthly, scope: " team:search " }, 0)).toMatchObject({
      scope: "team:search",
      channel: "C1",
    });
    expect(approvalFrom({ who: "people" }, { ...named, others: [] })).toMatchObject({
      upTo: undefined,
      approvers: ["bo@acme.test"],
      quorum: 1,
    });
    expect(wordsOf("a, b  a;c")).toEqual(["a", "b", "c"]);
  });
});
