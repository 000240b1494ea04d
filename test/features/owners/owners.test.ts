/** What belongs to nobody is told with the rule that would catch it, and that rule works as it stands. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant } from "../../../src/domain/time.ts";
import { replaceAllocationRules } from "../../../src/features/allocation/index.ts";
import { parseGovernance } from "../../../src/features/governance/parse/parse-governance.ts";
import {
  reportForAdmin,
  reportOrphans,
  reportUnallocated,
} from "../../../src/features/owners/flow.ts";
import { unallocatedMessage, yamlOf } from "../../../src/features/owners/messages.ts";
import { type Known, suggestRules } from "../../../src/features/owners/rules.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");
const deps = () => ({ database: db.pool, clock: () => NOW });

const NOTHING_KNOWN: Known = {
  teams: [],
  admins: [],
  serviceAccounts: [],
  rules: [],
  keys: [],
  workspaces: [],
};

beforeAll(async () => {
  await db.pool.query(`
    insert into organization_settings (name, time_zone, week_starts_on) values ('Acme', 'UTC', 'monday');
    insert into admins (email) values ('dana@acme.test');
    insert into teams (team_key, name, cost_center) values
      ('search', 'Search', 'CC-100'), ('ads', 'Ads', null);
    insert into team_members (team_key, email, role) values
      ('search', 'ana@acme.test', 'owner'), ('search', 'bo@acme.test', 'member'),
      ('ads', 'cy@ads.test', 'member');
    insert into synced_users (user_id, email, name, seen_at) values ('user_ana', 'ana@acme.test', 'Ana', now());
    insert into synced_workspaces (workspace_id, name, tags, seen_at, archived_at) values
      ('wrkspc_1', 'One', '{"cost_center": "cc-100"}', now(), null),
      ('wrkspc_2', 'Two', '{}', now(), now());
    insert into synced_api_keys (api_key_id, name, workspace_id, status, created_by, seen_at, gone_at) values
      ('key_ana', 'Ana''s key', null, 'active', 'user:user_ana', now(), null),
      ('key_covered', 'Covered', 'wrkspc_2', 'active', null, now(), null),
      ('key_gone', 'Gone', null, 'active', null, now(), now()),
      ('key_off', 'Off', null, 'inactive', null, now(), null);
  `);
  await replaceAllocationRules(db.pool, [
    { match: { workspaceId: "wrkspc_2" }, to: { team: "search" } },
    { match: { apiKeyId: "key_gone" }, to: { team: "search" } },
  ]);
  const at = instant("2026-11-20T10:00:00Z");
  const none = { teamKey: undefined, userEmail: undefined };
  const used = async (of: Parameters<typeof spend>[1]["of"], amount: number, when = at) => {
    await spend(db.pool, { of: { ...none, ...of }, amount: usd(amount), at: when });
  };
  await used({ apiKeyId: "key_ana" }, 5);
  await used({ workspaceId: "wrkspc_1" }, 3);
  await used({ userEmail: emailFrom("x@ads.test") }, 2);
  await used({ teamKey: "search", userEmail: emailFrom("bo@acme.test") }, 100);
  // Longer ago than thirty days.
  await used({ apiKeyId: "key_old" }, 50, instant("2026-10-01T10:00:00Z"));
});

describe("spend without a team", () => {
  test("is told with rules, what each would have moved, and the likely owner", async () => {
    const report = await reportUnallocated(deps());

    expect(report.total).toBe(usd(10));
    expect(
      report.suggestions.map(({ by, what, team, amount }) => [by, what, team, amount]),
    ).toEqual([
      ["api_key", "key_ana", "search", usd(5)],
      ["workspace", "wrkspc_1", "search", usd(3)],
      ["email_domain", "*@ads.test", "ads", usd(2)],
    ]);
    expect(report.suggestions.map(({ because }) => because)).toEqual([
      "ana@acme.test created the key",
      "the workspace's tag cost_center says so",
      "only its people have addresses there",
    ]);
  });

  test("gives lines that governance takes as they are", async () => {
    const { suggestions } = await reportUnallocated(deps());

    const parsed = parseGovernance(
      `organization: { name: Acme }\nteams: { search: {}, ads: {} }\n${yamlOf(suggestions)}\n`,
    );
    expect(parsed).toMatchObject({
      ok: true,
      governance: {
        allocation: [
          { match: { apiKeyId: "key_ana" }, to: { team: "search" } },
          { match: { workspaceId: "wrkspc_1" }, to: { team: "search" } },
          { match: { userEmail: "*@ads.test" }, to: { team: "ads" } },
        ],
      },
    });
  });

  test("by tags has rules too, and ids of people are no tags for rules", async () => {
    const tagged = [
      { name: "env", value: "prod", source: "default", amount: usd(4) },
      { name: "env", value: "prod", source: "other", amount: usd(1) },
      { name: "team", value: "ADS", source: "default", amount: usd(1) },
      { name: "user_id", value: "alice", source: "default", amount: usd(9) },
    ];
    const known: Known = {
      ...NOTHING_KNOWN,
      teams: [{ key: "ads", name: "Ads", owners: [], members: [] }],
    };

    const found = suggestRules([], tagged, known);

    expect(found.map(({ what, team, amount }) => [what, team, amount])).toEqual([
      ["env=prod", undefined, usd(5)],
      ["team=ADS", "ads", usd(1)],
    ]);
    expect(found[0]?.yaml).toContain("to: { team: TEAM } }");
    await Promise.resolve();
  });

  test("gives one YAML line for ids of any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }), (id) => {
        fc.pre(/\S/.test(id) && !/[\p{Cc}\p{Cs}]/u.test(id));
        const one = { userEmail: undefined, workspaceId: undefined, amount: usd(1) };
        const [first] = suggestRules([{ ...one, apiKeyId: id }], [], NOTHING_KNOWN);
        const parsed = parseGovernance(
          `organization: { name: Acme }\nteams: { TEAM: {} }\n${yamlOf(first === undefined ? [] : [first])}\n`,
        );
        expect(parsed).toMatchObject({
          ok: true,
          governance: { allocation: [{ match: { apiKeyId: id } }] },
        });
      }),
      { numRuns: 50 },
    );
  });
});

test("orphans are keys without a rule, people without a team, teams without an owner, rules about what is gone", async () => {
  const orphans = await reportOrphans(deps());

  expect(orphans.keys.map(({ id, createdBy, amount }) => [id, createdBy, amount])).toEqual([
    ["key_ana", "ana@acme.test", usd(5)],
  ]);
  expect(orphans.people).toEqual([{ email: "x@ads.test", amount: usd(2) }]);
  expect(orphans.teamsWithoutOwners).toEqual(["ads"]);
  expect(orphans.staleRules).toEqual([
    { position: 0, about: "workspace:wrkspc_2" },
    { position: 1, about: "api_key:key_gone" },
  ]);
});

test("both are for admins", async () => {
  const asAdmin = await reportForAdmin(deps(), emailFrom("dana@acme.test"));

  expect(await reportForAdmin(deps(), emailFrom("ana@acme.test"))).toBeUndefined();
  if (asAdmin === undefined) throw new Error("an admin reads it");
  const { text, blocks } = unallocatedMessage(asAdmin);
  expect(text).toBe("Unallocated in the last 30 days: $10.00");
  const shown = JSON.stringify(blocks);
  expect(shown).toContain("→ search, because ana@acme.test created the key");
  expect(shown).toContain(
    JSON.stringify('- { match: { api_key_id: "key_ana" }, to: { team: "search" } }').slice(1, -1),
  );
});
