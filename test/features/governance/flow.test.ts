import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { HOUR_MS, instant } from "../../../src/domain/time.ts";
import { listAllocationRules } from "../../../src/features/allocation/index.ts";
import {
  applyGovernance,
  findGovernanceDocument,
  type GovernanceAppliers,
} from "../../../src/features/governance/index.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
} from "../../../src/features/organization/index.ts";
import { listDiscounts } from "../../../src/features/pricing/index.ts";
import { listAudit } from "../../../src/store/audit.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const example = readFileSync("docs/examples/governance.yml", "utf8");
const now = "2026-11-23T10:00:00Z";
const database = useDatabase();

/** Appliers that keep what they were given, and one row each to see what a rollback undoes. */
function setup(overrides: Partial<GovernanceAppliers> = {}) {
  const received: { part: string; keys: unknown[]; appliedBy: string }[] = [];
  const appliers: GovernanceAppliers = {
    budgets: async (sql, budgets, { appliedBy }) => {
      received.push({ part: "budgets", keys: budgets.map(({ key }) => key), appliedBy });
      await sql.query(
        `insert into slack_users (slack_user_id, display_name, seen_at) values ($1, '', now())`,
        [`U${String(Math.random())}`],
      );
    },
    digests: async (_sql, digests, { appliedBy }) => {
      received.push({ part: "digests", keys: digests.map(({ key }) => key), appliedBy });
      await Promise.resolve();
    },
    approvalPolicies: async (_sql, policies, { appliedBy }) => {
      received.push({
        part: "approvals",
        keys: policies.map(({ steps }) => steps[0]?.quorum),
        appliedBy,
      });
      await Promise.resolve();
    },
    limitPushes: async () => {
      await Promise.resolve();
    },
    driftPercent: async () => {
      await Promise.resolve();
    },
    chargeback: async () => {
      await Promise.resolve();
    },
    ...overrides,
  };
  return { received, deps: { database: database.pool, clock: fixedClock(now), appliers } };
}

/** Every row of every table, to see that nothing changed at all. */
async function dump(): Promise<unknown> {
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name`,
  );
  const contents: [string, unknown][] = [];
  for (const { name } of tables) {
    const { rows } = await database.pool.query<{ content: unknown }>(
      `select jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text) as content from ${name} t`,
    );
    contents.push([name, rows[0]?.content]);
  }
  return Object.fromEntries(contents);
}

beforeEach(async () => {
  await database.pool.query(
    `truncate organization_settings, admins, teams, team_members, projects, governance_documents, governance_file,
              allocation_rules, discounts, slack_users, audit_entries`,
  );
});

describe("a new document", () => {
  test("is in force in every part", async () => {
    const { deps, received } = setup();

    const outcome = await applyGovernance(deps, { text: example, appliedBy: "dana@acme.test" });

    expect(outcome).toMatchObject({ kind: "applied", version: 1 });
    expect(await loadOrganization(deps)).toMatchObject({ name: "Acme", timeZone: "Europe/Berlin" });
    expect(await listTeams(deps)).toEqual([
      expect.objectContaining({ key: "search", projects: ["checkout", "ranking"] }),
    ]);
    expect(await findPerson(deps, emailFrom("ana@acme.test"))).toMatchObject({
      ownedTeams: ["search"],
    });
    expect(await listAllocationRules(database.pool)).toHaveLength(3);
    expect(await listDiscounts(database.pool)).toEqual([
      {
        modelPattern: "claude-opus-*",
        workspaceId: undefined,
        share: { numerator: 125_000n, denominator: 1_000_000n },
        validFrom: instant("2026-09-30T22:00:00Z"),
        validUntil: undefined,
      },
    ]);
    const appliedBy = "dana@acme.test";
    expect(received).toEqual([
      { part: "budgets", keys: ["search-monthly", "per-person"], appliedBy },
      {
        part: "digests",
        keys: [
          "#finops org day 09:00 Europe/Berlin",
          "#team-search team:search week monday 09:30 America/New_York",
        ],
        appliedBy,
      },
      { part: "approvals", keys: [1, 2], appliedBy },
    ]);
  });

  test("is kept as it was written", async () => {
    const { deps } = setup();
    expect(await findGovernanceDocument(deps)).toBeUndefined();

    await applyGovernance(deps, { text: example, appliedBy: "dana@acme.test" });

    expect(await findGovernanceDocument(deps)).toMatchObject({
      version: 1,
      text: example,
      json: { organization: { name: "Acme" } },
      appliedAt: instant(now),
      appliedBy: "dana@acme.test",
    });
  });

  test("says what it changes, to whoever applies it and in the audit trail", async () => {
    const { deps } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "dana@acme.test" });
    const changed = example
      .replace('limit: "500.00"', 'limit: "600.5"')
      .replace("key: per-person", "key: everybody")
      .replace("members: [bo@acme.test]", "members: []")
      .replace('percent: "12.5"', 'percent: "15"');

    const outcome = await applyGovernance(deps, { text: changed, appliedBy: "file" });

    const changes = [
      "team search: members bo@acme.test → none",
      "budget search-monthly: limit $500.00 → $600.50",
      "budget everybody: added",
      "budget per-person: removed",
      "discounts: 1 → 1, changed",
    ];
    expect(outcome).toEqual({ kind: "applied", version: 2, changes, warnings: [] });
    expect((await listAudit(database.pool, "governance")).at(-1)).toEqual({
      occurredAt: instant(now),
      actor: "file",
      action: "governance.applied",
      subject: "governance",
      before: { version: 1 },
      after: { version: 2, changes },
    });
  });

  test("that leaves something out removes it", async () => {
    const { deps, received } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "x" });

    await applyGovernance(deps, { text: "organization: { name: Acme }", appliedBy: "x" });

    expect(await listTeams(deps)).toEqual([]);
    expect(await listAllocationRules(database.pool)).toEqual([]);
    expect(await listDiscounts(database.pool)).toEqual([]);
    expect(await findPerson(deps, emailFrom("dana@acme.test"))).toMatchObject({ isAdmin: false });
    expect(received.slice(3).map(({ part, keys }) => [part, keys])).toEqual([
      ["budgets", []],
      ["digests", []],
      ["approvals", []],
    ]);
  });

  test("that differs by a comment is a version of its own without changes", async () => {
    const { deps } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "x" });

    expect(await applyGovernance(deps, { text: `${example}# why\n`, appliedBy: "x" })).toEqual({
      kind: "applied",
      version: 2,
      changes: [],
      warnings: [],
    });
  });

  test("with budgets in another zone says so", async () => {
    const { deps } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "x" });
    const text = example.replace("Europe/Berlin", "Asia/Tokyo");

    const outcome = await applyGovernance(deps, { text, appliedBy: "x" });

    expect(outcome.kind === "applied" ? outcome.changes : []).toEqual(
      expect.arrayContaining([
        "organization: time zone Europe/Berlin → Asia/Tokyo",
        "budget per-person: time zone Europe/Berlin → Asia/Tokyo",
      ]),
    );
  });
});

describe("nothing at all changes", () => {
  test("when the same document is applied again", async () => {
    const { deps, received } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "x" });
    const before = await dump();

    const outcome = await applyGovernance(deps, { text: example, appliedBy: "y" });

    expect(outcome).toEqual({ kind: "unchanged", version: 1 });
    expect(await dump()).toEqual(before);
    expect(received).toHaveLength(3);
  });

  test("when a document has a problem", async () => {
    const { deps, received } = setup();
    await applyGovernance(deps, { text: example, appliedBy: "x" });
    const before = await dump();
    const text = example
      .replace('percent: "12.5"', 'percent: "0"')
      .replace("name: Acme", "name: B");

    const outcome = await applyGovernance(deps, { text, appliedBy: "y" });

    expect(outcome).toMatchObject({
      kind: "refused",
      problems: [{ line: 17, field: "pricing.discounts[0].percent" }],
    });
    expect(await dump()).toEqual(before);
    expect(received).toHaveLength(3);
  });

  test.each(["budgets", "digests", "approvalPolicies"] as const)(
    "when applying %s fails",
    async (part) => {
      await applyGovernance(setup().deps, { text: example, appliedBy: "x" });
      const before = await dump();
      const { deps } = setup({
        [part]: async (sql: Parameters<GovernanceAppliers["budgets"]>[0]) => {
          await sql.query(`insert into admins (email) values ('half@acme.test')`);
          throw new Error("the lights went out");
        },
      });
      const text = example
        .replace("name: Acme", "name: Other")
        .replace("key: search-monthly", "key: b");

      await expect(applyGovernance(deps, { text, appliedBy: "x" })).rejects.toThrow("lights");

      expect(await dump()).toEqual(before);
    },
  );
});

describe("applied at the same time", () => {
  test("the same document counts once", async () => {
    const { deps, received } = setup();

    const outcomes = await Promise.all(
      Array.from(
        { length: 4 },
        async () => await applyGovernance(deps, { text: example, appliedBy: "x" }),
      ),
    );

    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
      "applied",
      "unchanged",
      "unchanged",
      "unchanged",
    ]);
    expect(received).toHaveLength(3);
  });

  test("different documents follow one another, and the last one is in force as a whole", async () => {
    let applying = 0;
    let together = 0;
    const { deps } = setup({
      budgets: async (sql) => {
        applying += 1;
        together = Math.max(together, applying);
        await sql.query("select pg_sleep(0.02)");
        applying -= 1;
      },
    });
    const names = ["a", "b", "c", "d"];

    const outcomes = await Promise.all(
      names.map(async (name) => {
        const text = example
          .replace("name: Acme", `name: ${name}`)
          .replace("search:", `${name}-team:`)
          .replaceAll("team: search", `team: ${name}-team`)
          .replaceAll("team:search", `team:${name}-team`);
        return { name, outcome: await applyGovernance(deps, { text, appliedBy: name }) };
      }),
    );

    const versions = outcomes.map(({ outcome }) =>
      outcome.kind === "applied" ? outcome.version : 0,
    );
    expect(new Set(versions)).toEqual(new Set([1, 2, 3, 4]));
    expect(together).toBe(1);
    const last = outcomes.find((_, index) => versions[index] === 4)?.name;
    expect((await loadOrganization(deps)).name).toBe(last);
    expect((await listTeams(deps)).map(({ key }) => key)).toEqual([`${last ?? ""}-team`]);
    expect((await findGovernanceDocument(deps))?.appliedBy).toBe(last);
  });
});

test("a duration in the document arrives in milliseconds", async () => {
  const expiries: number[] = [];
  const { deps } = setup({
    approvalPolicies: async (_sql, policies) => {
      expiries.push(...policies.map(({ expiresInMs }) => expiresInMs));
      await Promise.resolve();
    },
  });
  const approvals = `approvals:
  - { up_to: "1", approvers: [a@b.c], expires_in: 30m }
  - { approvers: [a@b.c], expires_in: 2d }`;

  await applyGovernance(deps, { text: `organization: { name: A }\n${approvals}`, appliedBy: "x" });

  expect(expiries).toEqual([HOUR_MS / 2, 48 * HOUR_MS]);
});
