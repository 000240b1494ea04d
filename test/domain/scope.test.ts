import { describe, expect, test } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { scopeFrom, typedScope } from "../../src/domain/scope.ts";
import { resolveScopeName } from "../../src/features/organization/index.ts";
import { aTeam } from "../support/organization-builders.ts";

const BO = emailFrom("bo@acme.test");

describe("typedScope", () => {
  const teams = ["search", "budget", "Help", "me", "two words"].map((key) =>
    aTeam({ key, projects: key === "search" ? ["checkout", "help"] : [] }),
  );

  test.each([
    ["team:search", "search"],
    ["team:budget", "team:budget"],
    ["team:Help", "team:Help"],
    ["team:me", "team:me"],
    ["team:two words", "team:two words"],
    ["user:bo@acme.test", "me"],
    ["user:ana@acme.test", "ana@acme.test"],
    ["project:checkout", "project:checkout"],
    ["tag:env=prod", "tag:env=prod"],
    ["org", "org"],
  ])("%s is typed as %s, which means it again", (text, typed) => {
    const scope = scopeFrom(text);

    expect(typedScope(scope, BO)).toBe(typed);
    expect(resolveScopeName(typed, { me: BO, teams })).toEqual({ kind: "found", scope });
  });

  test("without somebody who asks, nobody is me", () => {
    expect(typedScope(scopeFrom("user:bo@acme.test"))).toBe("bo@acme.test");
    expect(typedScope(scopeFrom("user:no address"))).toBe("user:no address");
  });
});
