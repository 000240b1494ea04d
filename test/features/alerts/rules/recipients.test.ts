import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../../src/domain/email.ts";
import { scopeFrom } from "../../../../src/domain/scope.ts";
import { type Directory, recipientsOf } from "../../../../src/features/alerts/rules/recipients.ts";

const DANA = emailFrom("dana@acme.test");
const EVE = emailFrom("eve@acme.test");
const ACME: Directory = {
  organizationName: "Acme",
  teams: [
    { key: "search", name: "Search", channel: "#team-search", owners: [], projects: ["checkout"] },
    { key: "ads", name: "Ads", owners: [DANA], projects: ["banners"] },
  ],
  finopsChannel: "#finops",
  admins: [DANA, EVE],
};

describe("recipientsOf", () => {
  test.each([
    ["team:search", [{ channel: "#team-search" }]],
    ["project:checkout", [{ channel: "#team-search" }]],
    ["user:bo@acme.test", [{ person: "bo@acme.test" }]],
    ["team:ads", [{ channel: "#finops" }]],
    ["project:banners", [{ channel: "#finops" }]],
    ["project:unknown", [{ channel: "#finops" }]],
    ["org", [{ channel: "#finops" }]],
    ["model:claude-opus-5-5", [{ channel: "#finops" }]],
    ["api_key:k1", [{ channel: "#finops" }]],
    ["user:not-an-address", [{ channel: "#finops" }]],
  ])("of %s", (scope, recipients) => {
    expect(recipientsOf(scopeFrom(scope), ACME)).toEqual(recipients);
  });

  test("who answers for a program reads its news, at the end of the chain", () => {
    const [bot, agent] = [emailFrom("bot@acme.test"), emailFrom("agent@acme.test")];
    const serviceAccounts = [
      { address: agent, responsible: bot },
      { address: bot, responsible: EVE },
    ];
    const of = (address: string, accounts = serviceAccounts) =>
      recipientsOf(scopeFrom(`user:${address}`), { ...ACME, serviceAccounts: accounts });

    expect(of(agent)).toEqual([{ person: EVE }]);
    expect(of("bo@acme.test")).toEqual([{ person: "bo@acme.test" }]);
    // Two that answer for each other: somebody is named, and nobody is asked for ever.
    const circle = [...serviceAccounts.slice(0, 1), { address: bot, responsible: agent }];
    expect(of(agent, circle)).toEqual([{ person: agent }]);
  });

  test("without a finance channel tells every admin", () => {
    const { finopsChannel: _, ...withoutChannel } = ACME;

    expect(recipientsOf(scopeFrom("org"), withoutChannel)).toEqual([
      { person: DANA },
      { person: EVE },
    ]);
  });
});
