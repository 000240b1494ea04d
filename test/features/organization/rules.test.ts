import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { addMs, instant } from "../../../src/domain/time.ts";
import {
  mayChangeBudget,
  mayPlanFor,
  mayViewPeopleOf,
  mayViewScope,
} from "../../../src/features/organization/rules.ts";
import { aPerson, aTeam } from "../../support/organization-builders.ts";

const ana = emailFrom("ana@acme.test");
const bo = emailFrom("bo@acme.test");
const cy = emailFrom("cy@acme.test");
const teams = [
  aTeam({ key: "search", owners: [ana], members: [bo, cy], projects: ["checkout"] }),
  aTeam({ key: "ads", members: [cy], projects: ["bidding"] }),
];
const people = {
  admin: aPerson({ email: emailFrom("dana@acme.test"), isAdmin: true }),
  finance: aPerson({ email: emailFrom("fay@acme.test"), isFinance: true }),
  owner: aPerson({ email: ana, ownedTeams: ["search"] }),
  member: aPerson({ email: bo, memberTeams: ["search"] }),
  stranger: aPerson({ email: emailFrom("eve@acme.test") }),
};

/** Who is allowed, everybody else is not. */
const authority = [
  { scope: "org", view: ["admin", "finance"], people: ["admin", "finance"], change: ["admin"] },
  {
    scope: "team:search",
    view: ["admin", "finance", "owner", "member"],
    people: ["admin", "finance", "owner"],
    change: ["admin"],
  },
  {
    scope: "team:ads",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "team:nowhere",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "project:checkout",
    view: ["admin", "finance", "owner", "member"],
    people: ["admin", "finance", "owner"],
    change: ["admin", "owner"],
  },
  {
    scope: "project:bidding",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "project:nowhere",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "user:bo@acme.test",
    view: ["admin", "finance", "owner", "member"],
    people: ["admin", "finance", "owner", "member"],
    change: ["admin", "owner"],
  },
  {
    scope: "user:ana@acme.test",
    view: ["admin", "finance", "owner"],
    people: ["admin", "finance", "owner"],
    change: ["admin"],
  },
  {
    scope: "user:cy@acme.test",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "user:eve@acme.test",
    view: ["admin", "finance", "stranger"],
    people: ["admin", "finance", "stranger"],
    change: ["admin"],
  },
  {
    scope: "model:claude-opus-5-5",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "api_key:apikey_01",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "workspace:wrkspc_01",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
  {
    scope: "tag:env=prod",
    view: ["admin", "finance"],
    people: ["admin", "finance"],
    change: ["admin"],
  },
];

describe.each(authority)("$scope", (row) => {
  const scope = scopeFrom(row.scope);
  const allowed = (may: typeof mayViewScope) =>
    Object.entries(people)
      .filter(([, person]) => may(person, scope, teams))
      .map(([role]) => role);

  test(`total is for ${row.view.join(", ")}`, () => {
    expect(allowed(mayViewScope)).toEqual(row.view);
  });

  test(`amounts per person are for ${row.people.join(", ")}`, () => {
    expect(allowed(mayViewPeopleOf)).toEqual(row.people);
  });

  test("what is to be expected is said by the same, finance aside", () => {
    expect(allowed(mayPlanFor)).toEqual(row.people.filter((role) => role !== "finance"));
  });

  test(`limit is set by ${row.change.join(", ")}`, () => {
    expect(allowed(mayChangeBudget)).toEqual(row.change);
  });
});

describe("what belonged to another team", () => {
  const until = instant("2026-11-13T00:00:00Z");
  const before = addMs(until, -1);
  const scopes = [scopeFrom("user:bo@acme.test"), scopeFrom("project:checkout")];
  const elsewhere = scopes.map((scope) => ({ scope, until }));
  const owner = { ...people.owner, elsewhere };
  const [bo_, checkout] = scopes;
  if (bo_ === undefined || checkout === undefined) throw new Error("two scopes");

  test.each([
    [undefined, false],
    [before, false],
    [until, true],
    [addMs(until, 1), true],
  ])("since %o is shown to the owner of today: %o", (since, isShown) => {
    expect(mayViewScope(owner, bo_, teams, since)).toBe(isShown);
    expect(mayViewPeopleOf(owner, bo_, teams, since)).toBe(isShown);
    expect(mayViewPeopleOf(owner, checkout, teams, since)).toBe(isShown);
  });

  test("takes no authority over today, and nothing from who sees it anyway", () => {
    expect(mayViewScope(owner, checkout, teams)).toBe(true);
    expect(mayChangeBudget(owner, bo_, teams)).toBe(true);
    expect(mayPlanFor(owner, bo_, teams)).toBe(true);
    expect(mayViewScope({ ...people.admin, elsewhere }, bo_, teams)).toBe(true);
    expect(mayViewScope({ ...people.member, elsewhere }, bo_, teams)).toBe(true);
    expect(mayViewScope(people.owner, bo_, teams)).toBe(true);
  });
});
