import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { formatScope } from "../../../src/domain/scope.ts";
import {
  editDistance,
  nearestNames,
} from "../../../src/features/organization/rules/nearest-names.ts";
import {
  resolveScopeName,
  type ScopeDirectory,
} from "../../../src/features/organization/rules/resolve-scope-name.ts";
import { aTeam } from "../../support/organization-builders.ts";

const directory: ScopeDirectory = {
  me: emailFrom("me@acme.test"),
  organizationName: "Acme",
  teams: [
    aTeam({
      key: "search",
      name: "Search & Ranking",
      channel: "#team-search",
      owners: [emailFrom("ana@acme.test")],
      projects: ["checkout", "ranking"],
    }),
    aTeam({ key: "team-x", name: "The X", projects: [] }),
    aTeam({
      key: "ads",
      name: "Advertising",
      members: [emailFrom("bo@acme.test")],
      projects: ["search"],
    }),
    aTeam({ key: "emea", name: "Europe" }),
    aTeam({ key: "eu", name: "Europe" }),
  ],
  modelIds: ["claude-opus-5-5", "claude-haiku-5"],
};

function resolve(text: string, known: ScopeDirectory = directory): string {
  const resolution = resolveScopeName(text, known);
  return resolution.kind === "found"
    ? formatScope(resolution.scope)
    : `? ${resolution.nearest.map(formatScope).join(" ")}`.trim();
}

describe("finds", () => {
  test.each([
    ["org", "org"],
    ["Organization", "org"],
    ["acme", "org"],
    ["me", "user:me@acme.test"],
    ["user:me", "user:me@acme.test"],
    ["search", "team:search"],
    ["  SEARCH ", "team:search"],
    ["`search`", "team:search"],
    ["team:search", "team:search"],
    ["Team: Search", "team:search"],
    ["team-search", "team:search"],
    ["team search", "team:search"],
    ["team-x", "team:team-x"],
    ["search & ranking", "team:search"],
    ["team:Search & Ranking", "team:search"],
    ["#team-search", "team:search"],
    ["advertising", "team:ads"],
    ["checkout", "project:checkout"],
    ["project:Checkout", "project:checkout"],
    ["project-checkout", "project:checkout"],
    ["project:search", "project:search"],
    ["claude-opus-5-5", "model:claude-opus-5-5"],
    ["model:CLAUDE-opus-5-5", "model:claude-opus-5-5"],
    ["Ana@Acme.Test", "user:ana@acme.test"],
    ["user:ana@acme.test", "user:ana@acme.test"],
    ["user:new@acme.test", "user:new@acme.test"],
    ["api_key:apikey_01", "api_key:apikey_01"],
    ["workspace:wrkspc_01", "workspace:wrkspc_01"],
    ["tag:env=prod", "tag:env=prod"],
  ])("%j as %s", (text, scope) => {
    expect(resolve(text)).toBe(scope);
  });

  test("any model when the known ones were not given", () => {
    expect(resolve("model:claude-new", { teams: [] })).toBe("model:claude-new");
  });
});

describe("offers the nearest for", () => {
  test.each([
    ["serach", "? team:search project:search"],
    ["team:serach", "? team:search"],
    ["project:chekout", "? project:checkout"],
    ["team-serach", "? team:search"],
    ["model:claude-opus-5", "? model:claude-opus-5-5"],
    ["chec", "? project:checkout"],
    ["user:anna", "? user:ana@acme.test"],
    ["europe", "? team:emea team:eu"],
    ["tag:env", "?"],
    ["zzzzzzzz", "?"],
    ["", "?"],
    ["me:", "?"],
  ])("%j: %s", (text, nearest) => {
    expect(resolve(text)).toBe(nearest);
  });
});

test("answers any text, with at most three different scopes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const resolution = resolveScopeName(text, directory);
      if (resolution.kind === "found") return;
      const nearest = resolution.nearest.map(formatScope);
      expect(nearest.length).toBeLessThanOrEqual(3);
      expect(new Set(nearest).size).toBe(nearest.length);
    }),
  );
});

describe("edit distance", () => {
  test.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "ab", 1],
    ["abc", "abcd", 1],
    ["abc", "axc", 1],
    ["serach", "search", 1],
    ["kitten", "sitting", 3],
    ["", "abc", 3],
  ])("of %j and %j is %d", (from, to, distance) => {
    expect(editDistance({ from, to })).toBe(distance);
  });

  test("is symmetric, and zero only for equal texts", () => {
    const short = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
    fc.assert(
      fc.property(short, short, (from, to) => {
        expect(editDistance({ from, to })).toBe(editDistance({ from: to, to: from }));
        expect(editDistance({ from, to }) === 0).toBe(from === to);
      }),
    );
  });
});

test("suggests the closest first and never more than three", () => {
  expect(nearestNames("limt", ["limits", "limit", "period", "limited", "lime", "list"])).toEqual([
    "lime",
    "limit",
    "list",
  ]);
});
