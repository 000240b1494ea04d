/** One installation is of one of Anthropic's organizations: what another one tells is never kept. */
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { findLimitUser } from "../../../src/anthropic/spend-limits.ts";
import { adminReader } from "../../../src/app/admin-reader.ts";
import { checkOrganization } from "../../../src/cli/check-organization.ts";
import { checkReports } from "../../../src/cli/check-reports.ts";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import { syncDirectory } from "../../../src/features/directory-sync/index.ts";
import { pullReports } from "../../../src/features/provider-reports/index.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import {
  ADMIN_KEY,
  aRequest,
  type FakeAnthropic,
  fakeAnthropic,
  pullAll,
  puller,
} from "../../support/report-builders.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const OURS = { id: "org-ours", name: "Acme" };
const OTHER = { id: "org-other", name: "Other" };
const directory = {
  workspaces: [{ id: "wrkspc_search", name: "Search" }],
  apiKeys: [{ id: "apikey_ours", name: "ours", workspaceId: "wrkspc_search" }],
};

beforeEach(async () => {
  await db.pool.query(
    `truncate provider_report_rows, provider_report_pulls, request_budgets, anthropic_organization,
              synced_workspaces, synced_api_keys, synced_users, directory_syncs, usage_events, charges,
              spend_rollups, spend_days, spend_dimensions`,
  );
});

async function organization(of: typeof OURS): Promise<FakeAnthropic> {
  const fake = await fakeAnthropic({ now: NOW, organization: of, directory });
  // Both use their default workspace: in the reports their rows look alike.
  fake.ledger.add(aRequest(addMs(instant(NOW), -2 * DAY_MS), { workspaceId: "wrkspc_default" }));
  return fake;
}

function readerOf(fake: FakeAnthropic) {
  const surroundings = {
    database: db.pool,
    clock: fake.time.clock,
    log: pino({ level: "silent" }),
    signal: new AbortController().signal,
  };
  const access = { key: ADMIN_KEY, baseUrl: fake.baseUrl };
  const reader = adminReader(surroundings, { budget: "anthropic-admin", access });
  return { surroundings, reader };
}

async function sync(fake: FakeAnthropic) {
  const { surroundings, reader } = readerOf(fake);
  return await syncDirectory(
    { ...surroundings, reader, kind: "console", web: undefined },
    { isAsked: true },
  );
}

async function kept(): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.pool.query<Record<string, number>>(
    `select (select count(*)::integer from provider_report_rows) as rows,
            (select count(*)::integer from synced_api_keys k where k.gone_at is null) as keys,
            (select count(*)::integer from synced_users) as users`,
  );
  return rows[0] ?? {};
}

test("a key of another organization is refused, with what to do, and nothing of it is kept", async () => {
  const ours = await organization(OURS);
  await pullAll(puller(db.pool, ours));
  await sync(ours);
  const before = await kept();
  expect(before["rows"]).toBeGreaterThan(0);
  expect(before["keys"]).toBe(1);

  const other = await organization(OTHER);
  const outcomes = await pullReports(puller(db.pool, other), {
    from: addMs(instant(NOW), -5 * DAY_MS),
    to: instant(NOW),
  });
  const lists = await sync(other);

  expect(outcomes).toHaveLength(2);
  for (const outcome of [...outcomes, ...lists]) {
    expect(outcome).toMatchObject({
      kind: "failed",
      error: expect.stringMatching(
        /organization org-other, and what is kept here is of org-ours: nothing was read/,
      ) as string,
    });
  }
  expect(await kept()).toEqual(before);
  const env = { ANTHROPIC_ADMIN_KEY: ADMIN_KEY };
  expect(await checkReports(db.pool, env, instant(NOW))).toMatchObject({
    status: "failed",
    message: expect.stringContaining("or another database for the other one") as string,
  });

  // The own key again: everything goes on.
  await pullAll(puller(db.pool, ours), {
    from: addMs(instant(NOW), -5 * DAY_MS),
    to: instant(NOW),
  });
});

test("nobody of another organization is found to change limits of", async () => {
  const [ours, other] = [await organization(OURS), await organization(OTHER)];
  const bo = { system: "anthropic", email: "bo@acme.test" } as const;
  expect(await findLimitUser(readerOf(ours).reader, bo)).toMatchObject({ kind: "answer" });

  expect(await findLimitUser(readerOf(other).reader, bo)).toMatchObject({
    kind: "refused",
    isMissing: false,
    message: expect.stringMatching(/organization org-other.*is of org-ours/) as string,
  });
});

test("of two that read first at once, of different organizations, one decides", async () => {
  const [ours, other] = [await organization(OURS), await organization(OTHER)];
  const outcomes = await Promise.all(
    [ours, other].map(async (fake) => (await sync(fake)).map(({ kind }) => kind)),
  );
  const { rows } = await db.pool.query<{ id: string }>(
    `select o.organization_id as id from anthropic_organization o`,
  );

  expect(rows).toHaveLength(1);
  const loser = rows[0]?.id === OURS.id ? 1 : 0;
  expect(outcomes[loser]).not.toContain("synced");
});

test("doctor names usage of keys and workspaces that the organization does not list", async () => {
  const at = addMs(instant(NOW), -2 * DAY_MS);
  const use = async (of: Parameters<typeof spend>[1]["of"]): Promise<void> => {
    await spend(db.pool, { amount: usd(1), at, of: { source: "gateway", ...of } });
  };
  await use({ apiKeyId: "apikey_foreign", workspaceId: "wrkspc_search" });
  await use({ apiKeyId: "apikey_ours", workspaceId: undefined });
  await use({ apiKeyId: "sk-hash-of-a-gateway", workspaceId: undefined });
  const look = async () => await checkOrganization(db.pool, instant(NOW));
  expect(await look()).toMatchObject({ status: "ok" });

  await sync(await organization(OURS));

  expect(await look()).toEqual({
    status: "warning",
    message: expect.stringContaining(
      "no workspace or key apikey_foreign (from gateway) in org-ours",
    ) as string,
  });
});
