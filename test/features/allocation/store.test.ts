import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { timeZone } from "../../../src/domain/time.ts";
import {
  type AllocationRule,
  ensureSpendDimensions,
  listAllocationRules,
  loadOwnership,
  replaceAllocationRules,
} from "../../../src/features/allocation/index.ts";
import { replaceOrganization } from "../../../src/features/organization/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { aSpendDimension } from "../../support/allocation-builders.ts";
import { useDatabase } from "../../support/database.ts";
import { aTeam } from "../../support/organization-builders.ts";

const database = useDatabase();

describe("allocation rules", () => {
  const rules: AllocationRule[] = [
    { match: { apiKeyId: "apikey_01" }, to: { team: "search", project: "ranking" } },
    { match: { workspaceId: "w", tags: { env: "prod" } }, to: { team: "search" } },
    { match: { userEmail: "*@acme.test", model: "claude-*", source: "x" }, to: { project: "p" } },
  ];

  test("come back as they were stored, in their order", async () => {
    await replaceAllocationRules(database.pool, rules);

    expect(await listAllocationRules(database.pool)).toEqual(rules);
  });

  test("are replaced as a whole", async () => {
    await replaceAllocationRules(database.pool, rules);
    await replaceAllocationRules(database.pool, rules.slice(2));

    expect(await listAllocationRules(database.pool)).toEqual(rules.slice(2));

    await replaceAllocationRules(database.pool, []);

    expect(await listAllocationRules(database.pool)).toEqual([]);
  });
});

test("ownership counts a team once for somebody who owns it and is a member of it", async () => {
  const ana = emailFrom("ana@acme.test");
  await replaceOrganization(database.pool, {
    organization: { name: "Acme", timeZone: timeZone("UTC"), weekStartsOn: "monday", admins: [] },
    teams: [
      aTeam({ key: "search", owners: [ana], members: [ana], projects: ["ranking"] }),
      aTeam({ key: "ads", members: [emailFrom("bo@acme.test")] }),
      aTeam({ key: "labs", members: [emailFrom("bo@acme.test")] }),
    ],
  });

  expect(await loadOwnership(database.pool)).toEqual({
    membershipsByEmail: new Map([
      ["ana@acme.test", ["search"]],
      ["bo@acme.test", ["ads", "labs"]],
    ]),
    teamByProject: new Map([["ranking", "search"]]),
  });
});

/** Until somebody waits for a lock. */
async function waitForBlockedInsert(): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query<{ blocked: number }>(
      `select count(*)::integer as blocked from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if ((rows[0]?.blocked ?? 0) > 0) return;
  }
}

describe("spend dimensions", () => {
  const full = aSpendDimension({
    teamKey: "search",
    projectKey: "ranking",
    userEmail: emailFrom("ana@acme.test"),
    apiKeyId: "apikey_01",
    workspaceId: "wrkspc_01",
  });

  test("keep their id, and nothing but the same combination has it", async () => {
    const others = [
      aSpendDimension(),
      aSpendDimension({ teamKey: "search" }),
      aSpendDimension({ projectKey: "search" }),
      aSpendDimension({ userEmail: emailFrom("ana@acme.test") }),
      aSpendDimension({ modelId: "claude-haiku-5" }),
      aSpendDimension({ apiKeyId: "search" }),
      aSpendDimension({ workspaceId: "search" }),
      aSpendDimension({ source: "search" }),
    ];

    const ids = await ensureSpendDimensions(database.pool, [full, ...others, full]);

    expect(new Set(ids).size).toBe(others.length + 1);
    expect(ids.at(-1)).toBe(ids[0]);
    expect(await ensureSpendDimensions(database.pool, [...others, full])).toEqual(ids.slice(1));
    expect(await ensureSpendDimensions(database.pool, [])).toEqual([]);
  });

  test("that are known use up no ids", async () => {
    await ensureSpendDimensions(database.pool, [full]);
    const [before] = await ensureSpendDimensions(database.pool, [aSpendDimension({ source: "b" })]);
    for (let round = 0; round < 5; round += 1) await ensureSpendDimensions(database.pool, [full]);
    const [after] = await ensureSpendDimensions(database.pool, [aSpendDimension({ source: "c" })]);

    expect(after).toBe((before ?? 0) + 1);
  });

  test("added by two transactions at once are the same for both", async () => {
    const dimension = aSpendDimension({ source: "two at once" });
    let secondStarted: Promise<number[]> | undefined;

    const first = await inTransaction(database.pool, async (sql) => {
      const ids = await ensureSpendDimensions(sql, [dimension]);
      // It finds nothing yet, tries to add the same, and has to wait for this transaction's end.
      secondStarted = inTransaction(
        database.pool,
        async (other) => await ensureSpendDimensions(other, [dimension]),
      );
      await waitForBlockedInsert();
      return ids;
    });

    expect(await secondStarted).toEqual(first);
  });

  test("added by many callers in any order never block each other for good", async () => {
    const all = Array.from({ length: 40 }, (_, index) =>
      aSpendDimension({
        source: `crowd ${String(index)}`,
        teamKey: index % 2 === 0 ? "a" : undefined,
      }),
    );
    const orders = fc.sample(fc.shuffledSubarray(all, { minLength: 40, maxLength: 40 }), 8);

    const answers = await Promise.all(
      orders.map(async (order) => {
        const ids = await inTransaction(
          database.pool,
          async (sql) => await ensureSpendDimensions(sql, order),
        );
        const idBySource = new Map(order.map(({ source }, index) => [source, ids[index]]));
        return all.map(({ source }) => idBySource.get(source));
      }),
    );

    const [first = []] = answers;
    expect(new Set(first).size).toBe(40);
    for (const answer of answers) expect(answer).toEqual(first);
  });
});
