/** What Anthropic and Slack list is read whole, goes on where it was interrupted, and tells what is gone. */
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { adminReader } from "../../../src/app/admin-reader.ts";
import { HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import {
  loadListedNames,
  type SyncDeps,
  syncDirectory,
} from "../../../src/features/directory-sync/index.ts";
import type { OrganizationDirectory } from "../../../src/sandbox/anthropic/directory.ts";
import type { SlackUserGroup } from "../../../src/slack/web.ts";
import { useDatabase } from "../../support/database.ts";
import { ADMIN_KEY, type FakeAnthropic, fakeAnthropic } from "../../support/report-builders.ts";

const db = useDatabase();
const log = pino({ level: "silent" });

const KEYS = 2_300;
const directory: Partial<OrganizationDirectory> = {
  defaultWorkspaceId: "wrkspc_default",
  workspaces: [
    { id: "wrkspc_default", name: "Default" },
    { id: "wrkspc_search", name: "Search", tags: { team: "search" } },
    { id: "wrkspc_old", name: "Old", archivedAt: "2026-06-01T00:00:00Z" },
  ],
  apiKeys: Array.from({ length: KEYS }, (_, index) => ({
    id: `apikey_${String(index).padStart(4, "0")}`,
    name: `key ${String(index)}`,
    workspaceId: "wrkspc_search",
    ...(index === 0 ? { createdBy: { id: "user_ana", type: "user" as const } } : {}),
    ...(index === 1 ? { status: "archived" as const } : {}),
  })),
  users: [{ id: "user_ana", email: "Ana@Acme.test", name: "Ana" }],
};

function deps(fake: FakeAnthropic, over: Partial<SyncDeps> = {}): SyncDeps {
  const { clock } = fake.time;
  const { signal } = new AbortController();
  const surroundings = { database: db.pool, clock, log, signal };
  return {
    ...surroundings,
    kind: "console",
    web: undefined,
    reader: {
      ...adminReader(surroundings, {
        budget: "anthropic-admin",
        access: { key: ADMIN_KEY, baseUrl: fake.baseUrl },
      }),
      wait: async (ms) => {
        fake.time.advance(ms);
        await Promise.resolve();
      },
    },
    ...over,
  };
}

async function count(table: string, where = "true"): Promise<number> {
  const { rows } = await db.pool.query<{ n: number }>(
    `select count(*)::integer as n from ${table} where ${where}`,
  );
  return rows[0]?.n ?? -1;
}

beforeEach(async () => {
  await db.pool.query(
    `truncate synced_workspaces, synced_api_keys, synced_users, synced_groups, directory_syncs,
              request_budgets`,
  );
});

describe("the lists of a Console organization", () => {
  test("are read whole, with states, tags and who made a key", async () => {
    const fake = await fakeAnthropic({ directory });

    const outcomes = await syncDirectory(deps(fake), { isAsked: false });

    expect(outcomes.map(({ list, kind }) => [list, kind])).toEqual([
      ["workspaces", "synced"],
      ["api_keys", "synced"],
      ["users", "synced"],
    ]);
    expect(await count("synced_api_keys")).toBe(KEYS);
    const { rows } = await db.pool.query(
      `select k.status, k.created_by, w.name, w.tags, u.email
         from synced_api_keys k
         join synced_workspaces w on w.workspace_id = k.workspace_id
         left join synced_users u on k.created_by = 'user:' || u.user_id
        where k.api_key_id in ('apikey_0000', 'apikey_0001') order by k.api_key_id`,
    );
    const common = { name: "Search", tags: { team: "search" } };
    expect(rows).toEqual([
      { ...common, status: "active", created_by: "user:user_ana", email: "ana@acme.test" },
      { ...common, status: "archived", created_by: null, email: null },
    ]);
    expect(await count("synced_workspaces", "archived_at is not null")).toBe(1);
    const names = await loadListedNames(db.pool, {
      workspaces: ["wrkspc_search"],
      apiKeys: ["apikey_0002", "unknown"],
    });
    expect(names.apiKey("apikey_0002")).toBe("key 2 (…0002)");
    expect(names.apiKey("unknown")).toBe("unknown");
    expect(names.workspace("wrkspc_search")).toBe("Search (…arch)");
  });

  test("go on with the page at which a reading was interrupted", async () => {
    const fake = await fakeAnthropic({ directory });
    fake.faults.add({
      fault: { kind: "error", type: "api_error" },
      path: "/api_keys",
      after: 1,
      times: 5,
    });

    const first = await syncDirectory(deps(fake), { isAsked: false });
    const readBefore = await count("synced_api_keys");
    fake.asked.length = 0;
    fake.time.advance(2 * MINUTE_MS);
    await syncDirectory(deps(fake), { isAsked: false });

    expect(first.map(({ list, kind }) => [list, kind])).toEqual([
      ["workspaces", "synced"],
      ["api_keys", "failed"],
      ["users", "synced"],
    ]);
    expect(readBefore).toBe(1_000);
    expect(await count("synced_api_keys")).toBe(KEYS);
    expect(await count("synced_api_keys", "gone_at is not null")).toBe(0);
    expect(fake.asked.map(({ searchParams }) => searchParams.get("after_id"))).toEqual([
      "apikey_0999",
      "apikey_1999",
    ]);
  });

  test("begin anew when the element at which to go on is gone", async () => {
    const fake = await fakeAnthropic({ directory });
    await syncDirectory(deps(fake), { isAsked: false });
    await db.pool.query(
      `update directory_syncs set cursor = 'apikey_deleted', run_started_at = now(), next_attempt_at = '2026-01-01'
        where list = 'api_keys'`,
    );

    const [failed] = await syncDirectory(deps(fake), { isAsked: false }).then((outcomes) =>
      outcomes.filter(({ list }) => list === "api_keys"),
    );
    fake.time.advance(2 * MINUTE_MS);
    const again = await syncDirectory(deps(fake), { isAsked: false });

    expect(failed).toMatchObject({ kind: "failed" });
    expect(again).toContainEqual({ list: "api_keys", kind: "synced", count: KEYS });
  });

  test("mark what is no longer there, and what is there again", async () => {
    const fake = await fakeAnthropic({ directory });
    await syncDirectory(deps(fake), { isAsked: false });
    const less = await fakeAnthropic({
      directory: { ...directory, apiKeys: directory.apiKeys?.slice(1) ?? [] },
      time: fake.time,
    });
    less.time.advance(HOUR_MS);

    await syncDirectory(deps(less), { isAsked: false });
    const gone = await count(
      "synced_api_keys",
      "gone_at is not null and api_key_id = 'apikey_0000'",
    );
    fake.time.advance(HOUR_MS);
    await syncDirectory(deps(fake), { isAsked: false });

    expect(gone).toBe(1);
    expect(await count("synced_api_keys", "gone_at is not null")).toBe(0);
  });

  test("are not read again before an hour is over, by any replica", async () => {
    const fake = await fakeAnthropic({ directory });
    await Promise.all([
      syncDirectory(deps(fake), { isAsked: false }),
      syncDirectory(deps(fake, { database: db.openPool() }), { isAsked: false }),
    ]);
    const asked = fake.asked.length;
    fake.time.advance(HOUR_MS - 1_000);

    const outcomes = await syncDirectory(deps(fake), { isAsked: false });

    expect(asked).toBe(1 + 3 + 1);
    expect(outcomes.every(({ kind }) => kind === "skipped")).toBe(true);
    expect(fake.asked.length).toBe(asked);
  });
});

test("an Enterprise organization has members only", async () => {
  const fake = await fakeAnthropic({ directory, kind: "enterprise", scopes: ["read:members"] });

  const outcomes = await syncDirectory(deps(fake, { kind: "enterprise" }), { isAsked: false });

  expect(outcomes).toEqual([{ list: "users", kind: "synced", count: 1 }]);
});

test("groups of Slack are kept with their members, and tell when they are gone", async () => {
  const fake = await fakeAnthropic({ directory });
  const search: SlackUserGroup = {
    id: "S1",
    handle: "search",
    name: "Search",
    memberIds: ["U1", "U2"],
  };
  const other: SlackUserGroup = { id: "S2", handle: "old", name: "Old", memberIds: [] };
  const web = (groups: readonly SlackUserGroup[]) => ({
    listUserGroups: async () => await Promise.resolve(groups),
  });
  await syncDirectory(deps(fake, { reader: undefined, web: web([search, other]) }), {
    isAsked: true,
  });
  fake.time.advance(HOUR_MS);

  await syncDirectory(deps(fake, { reader: undefined, web: web([search]) }), { isAsked: true });

  const { rows } = await db.pool.query(
    `select g.handle, g.member_ids, g.gone_at is not null as is_gone from synced_groups g order by 1`,
  );
  expect(rows).toEqual([
    { handle: "old", member_ids: [], is_gone: true },
    { handle: "search", member_ids: ["U1", "U2"], is_gone: false },
  ]);
});
