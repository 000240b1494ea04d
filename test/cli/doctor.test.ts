import { beforeEach, describe, expect, test } from "vitest";
import { runChecks } from "../../src/cli/doctor.ts";
import type { Check } from "../../src/cli/finding.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, instant, MINUTE_MS } from "../../src/domain/time.ts";
import { anthropicAdminSandbox } from "../../src/sandbox/anthropic/admin-api.ts";
import { increaseRequestRoutes } from "../../src/sandbox/anthropic/increase-requests.ts";
import { createSpendLimitBook } from "../../src/sandbox/anthropic/spend-limit-book.ts";
import { spendLimitRoutes } from "../../src/sandbox/anthropic/spend-limits.ts";
import { migrate } from "../../src/store/migrate.ts";
import { listening } from "../sandbox/anthropic/listening.ts";
import { spend } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase, useEmptyDatabase } from "../support/database.ts";
import { useFakeSlack } from "../support/fake-slack.ts";
import { databaseUrl, MANIFEST, testEnvironment } from "../support/program.ts";
import { aPull } from "../support/report-pulls.ts";

const db = useDatabase();
const empty = useEmptyDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const NOW = instant("2026-11-23T10:00:00Z");
const ADMIN_KEY = "sk-ant-admin01-sandbox";

async function checksOf(
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, Check>>> {
  const checks = await runChecks(
    testEnvironment({ poolConfig: db.poolConfig, fake: slack(), env }),
    NOW,
  );
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

/** `scopes`: of a key of Claude Enterprise; else a Console key, which has none. */
async function anthropic(scopes?: readonly string[]): Promise<string> {
  const prefix = "/anthropic";
  const root = await listening(
    anthropicAdminSandbox({
      prefix,
      adminKey: ADMIN_KEY,
      clock: fixedClock(NOW.toISOString()),
      organization: { id: "org-1", name: "Acme" },
      ...(scopes === undefined ? {} : enterprise(scopes)),
    }),
  );
  return root + prefix;
}

function enterprise(scopes: readonly string[]) {
  const book = createSpendLimitBook({ members: [], seatTiers: {}, now: NOW });
  const kind = "enterprise" as const;
  const routes = [...spendLimitRoutes({ book, kind }), ...increaseRequestRoutes(book)];
  return { kind, scopes, routes };
}

async function aMessage(status: string, createdAt: Instant): Promise<void> {
  await db.pool.query(
    `insert into outbox_messages
            (dedupe_key, kind, destination, text, blocks, status, next_attempt_at, created_at, last_error)
     values ($1, 'alert', '#gone', 'x', '[]', $1, $2, $2, 'channel_not_found')`,
    [status, createdAt],
  );
}

async function aRejection(code: string, receivedAt: Instant): Promise<void> {
  await db.pool.query(
    `insert into rejected_events (rejected_event_id, source, code, message, received_at, last_received_at)
     values (gen_random_uuid(), 'default', $1, 'model: expected a text', $2, $2)`,
    [code, receivedAt],
  );
}

/** An installation that nothing is wrong with. */
beforeEach(async () => {
  await db.pool.query(
    `truncate admins, governance_documents, outbox_messages, rejected_events, spend_rollups, spend_days, charges, usage_events, usage_identities, metering_designations;
     insert into governance_documents (version, content, content_sha256, applied_at, applied_by)
     values (3, 'x', 'x', '2026-11-20T00:00:00Z', 'dana@acme.test');
     insert into admins (email) values ('dana@acme.test')`,
  );
  await spend(db.pool, { amount: usd(95), at: addMs(NOW, -HOUR_MS) });
});

describe("doctor", () => {
  test("finds a healthy installation healthy, and names what it found", async () => {
    const ANTHROPIC_BASE_URL = await anthropic();
    await aPull(db.pool, "analytics_cost", NOW);
    await aPull(db.pool, "cost_report", NOW);
    const checks = await checksOf({ ANTHROPIC_ADMIN_KEY: ADMIN_KEY, ANTHROPIC_BASE_URL });

    expect(Object.values(checks).map(({ name, status }) => [name, status])).toEqual([
      ["settings", "ok"],
      ["database", "ok"],
      ["schema", "ok"],
      ["governance", "ok"],
      ["admins", "ok"],
      ["usage", "ok"],
      ["rejected events", "ok"],
      ["overlaps", "ok"],
      ["corrections", "ok"],
      ["messages", "ok"],
      ["reports", "ok"],
      ["organization", "ok"],
      ["reconciliation", "ok"],
      ["audit", "ok"],
      ["limits", "ok"],
      ["slack", "ok"],
      ["anthropic", "ok"],
    ]);
    expect(checks["governance"]?.message).toContain("version 3, applied by dana@acme.test");
    expect(checks["usage"]?.message).toContain("1 requests in the last 24 hours, 0 %");
    expect(checks["anthropic"]?.message).toContain("Acme");
  });

  test("settings: names all that is wrong, and goes on to the other checks", async () => {
    const checks = await checksOf({ PORT: "x", LOG_LEVEL: "loud" });

    expect(checks["settings"]).toMatchObject({ status: "failed" });
    expect(checks["settings"]?.message).toMatch(/PORT: .*LOG_LEVEL: .*README\.md/);
    expect(checks["slack"]?.status).toBe("ok");
  });

  test.each([
    ["nothing listens", "postgres://bot:s3cret@127.0.0.1:1/spend"],
    ["it is no address", "postgres://bot:s3#cret@127.0.0.1/spend"],
  ])("database: says what to do when %s, without the password", async (_name, DATABASE_URL) => {
    const checks = await checksOf({ DATABASE_URL });

    expect(checks["database"]).toMatchObject({ status: "failed" });
    expect(checks["database"]?.message).toMatch(/DATABASE_URL.*Check/);
    expect(JSON.stringify(checks)).not.toMatch(/s3.?cret/);
    expect(checks["slack"]?.status).toBe("ok");
  });

  test("schema: an old one is a warning that names the command, a newer one a failure", async () => {
    const DATABASE_URL = databaseUrl(empty.poolConfig);
    const old = await checksOf({ DATABASE_URL });
    expect(old["schema"]).toMatchObject({ status: "warning" });
    expect(old["schema"]?.message).toContain("`claude-spend migrate`");
    expect(old["governance"]).toBeUndefined();

    await migrate(empty.pool);
    await empty.pool.query(
      `insert into schema_migrations (name, sha256) values ('9999_future.sql', 'x')`,
    );
    const newer = await checksOf({ DATABASE_URL });
    expect(newer["schema"]).toMatchObject({ status: "failed" });
    expect(newer["schema"]?.message).toContain("Start a newer version");
  });

  test("governance: none is a warning that names the command", async () => {
    await db.pool.query(`truncate governance_documents`);

    expect((await checksOf())["governance"]).toMatchObject({
      status: "warning",
      message: expect.stringContaining("claude-spend apply") as string,
    });
  });

  test("admins: none is a warning that names the code of the first", async () => {
    await db.pool.query(`truncate admins`);
    expect((await checksOf())["admins"]?.message).toContain("Start the bot");
    await db.pool.query(`insert into setup_code (code, made_at) values ('ABCD-EFGH-JKMN', now())`);

    expect((await checksOf())["admins"]).toMatchObject({
      status: "warning",
      message: expect.stringContaining("/claude-spend setup ABCD-EFGH-JKMN") as string,
    });
  });

  test("usage: none of the last day is a warning", async () => {
    await db.pool.query(`truncate spend_rollups, spend_days`);
    await spend(db.pool, { amount: usd(1), at: addMs(NOW, -25 * HOUR_MS) });

    expect((await checksOf())["usage"]).toMatchObject({ status: "warning" });
  });

  test.each([
    [5, "ok", "5 %"],
    [20, "warning", "17 %"],
  ])("usage: $%d without a team beside $95 is %s", async (dollars, status, share) => {
    const of = { teamKey: undefined };
    await spend(db.pool, { amount: usd(dollars), at: addMs(NOW, -HOUR_MS), of });

    const { usage } = await checksOf();

    expect(usage).toMatchObject({ status, message: expect.stringContaining(share) as string });
  });

  test("rejected events: open ones of the last week by source and reason, with an example and what to do", async () => {
    await aRejection("invalid", addMs(NOW, -MINUTE_MS));
    await aRejection("invalid", addMs(NOW, -MINUTE_MS));
    await aRejection("too_old", addMs(NOW, -MINUTE_MS));
    await aRejection("conflict", addMs(NOW, -7 * DAY_MS - MINUTE_MS));
    await aRejection("in_future", addMs(NOW, -MINUTE_MS));
    await db.pool.query(
      `update rejected_events set status = 'dismissed', resolved_at = now() where code = 'in_future'`,
    );

    const check = (await checksOf())["rejected events"];

    expect(check?.status).toBe("warning");
    expect(check?.message).toMatch(
      /^2 invalid from default \(for example model: .*\): Mend their sender.* 1 too_old from default /,
    );
    expect(check?.message).toContain("claude-spend rejected list");
    expect(check?.message).not.toMatch(/conflict|in_future/);
  });

  test("overlaps: a key that two sources report, until one of them is designated", async () => {
    for (const [source, dollars] of [
      ["litellm", 12],
      ["telemetry", 11],
    ] as const) {
      const of = { apiKeyId: "apikey_1", workspaceId: `wrkspc_${source}`, source };
      await spend(db.pool, { amount: usd(dollars), at: addMs(NOW, -HOUR_MS), of });
    }

    const { overlaps } = await checksOf();

    expect(overlaps).toMatchObject({
      status: "warning",
      message:
        "in the last seven days api-key apikey_1: $12.00 from litellm (1 request), $11.00 from telemetry (1 request). If they report the same usage it counts twice; say which one counts: `claude-spend sources meter litellm --api-key apikey_1`.",
    });
    await db.pool.query(
      `insert into metering_designations (api_key_id, source, managed_by, valid_from)
       values ('apikey_1', 'litellm', 'command', now())`,
    );
    expect((await checksOf())["overlaps"]?.status).toBe("ok");
  });

  test("corrections: one of an event that never came within a day", async () => {
    await db.pool.query(
      `insert into usage_identities (source, event_id) values ('default', 'typo'), ('default', 'fresh')`,
    );
    await db.pool.query(
      `insert into usage_identities
              (source, event_id, content_sha256, usage_event_id, occurred_at, corrected_event_id)
       values ('default', 'b', 'x', gen_random_uuid(), $1, 'typo'),
              ('default', 'c', 'x', gen_random_uuid(), $2, 'fresh')`,
      [addMs(NOW, -DAY_MS - MINUTE_MS), addMs(NOW, -HOUR_MS)],
    );

    expect((await checksOf())["corrections"]).toMatchObject({
      status: "warning",
      message:
        "b of default corrects typo, which never came. Check the id: if the event was sent under another one, both count.",
    });
  });

  test.each([
    ["failed", DAY_MS, "warning", /^1 message of the last week .*#gone: channel_not_found/],
    ["failed", 8 * DAY_MS, "ok", /all delivered/],
    ["pending", 11 * MINUTE_MS, "warning", /^1 message waits .*role worker/],
    ["pending", 9 * MINUTE_MS, "ok", /all delivered/],
  ])("messages: one that is %s for %d ms is %s", async (messageStatus, age, status, says) => {
    await aMessage(messageStatus, addMs(NOW, -age));

    const { messages } = await checksOf();

    expect(messages?.status).toBe(status);
    expect(messages?.message).toMatch(says);
  });

  test.each([
    ["refused", { SLACK_BOT_TOKEN: "xoxb-wrong" }, /invalid_auth.*SLACK_BOT_TOKEN/],
    ["not there", { SLACK_BOT_TOKEN: "" }, /SLACK_BOT_TOKEN is not set/],
    [
      "right, but Slack away",
      { SLACK_API_URL: "http://127.0.0.1:1/" },
      /can't be reached.*SLACK_API_URL/,
    ],
  ])("slack: a token that is %s fails and says what to do", async (_name, env, says) => {
    const check = (await checksOf(env))["slack"];

    expect(check?.status).toBe("failed");
    expect(check?.message).toMatch(says);
    expect(check?.message).not.toContain("xoxb-wrong");
  });

  test.each([
    ["refused", "sk-ant-admin01-wrong"],
    ["of the wrong kind", "sk-ant-api03-wrong"],
  ])(
    "anthropic: a key that is %s fails and says what to do, without the key",
    async (_name, key) => {
      const ANTHROPIC_BASE_URL = await anthropic();
      const check = (await checksOf({ ANTHROPIC_ADMIN_KEY: key, ANTHROPIC_BASE_URL }))["anthropic"];

      expect(check?.status).toBe("failed");
      expect(check?.message).toMatch(/Make .* in Console > Settings > Admin keys/);
      expect(check?.message).not.toContain(key);
    },
  );

  test.each([
    [["read:spend_limits", "write:spend_limits"], "ok", /may read and write spend limits/],
    [["read:spend_limits"], "warning", /lacks write:spend_limits: .* can't be decided here/],
    [["write:spend_limits"], "warning", /lacks read:spend_limits: .* can't be shown here/],
    [[], "warning", /lacks read:spend_limits and write:spend_limits/],
  ])("anthropic: an Enterprise key with the scopes %j is %s", async (scopes, status, says) => {
    const check = (
      await checksOf({
        ANTHROPIC_ADMIN_KEY: ADMIN_KEY,
        ANTHROPIC_BASE_URL: await anthropic(scopes),
        ANTHROPIC_ORG_KIND: "enterprise",
      })
    )["anthropic"];

    expect(check?.status).toBe(status);
    expect(check?.message).toMatch(says);
  });
});

describe("doctor, where the app was installed with less than it needs", () => {
  const scopes = MANIFEST.scopes.filter((scope) => scope !== "im:write");
  const narrow = useFakeSlack({ manifest: { ...MANIFEST, scopes } });

  test("names the scopes that lack", async () => {
    const env = testEnvironment({ poolConfig: db.poolConfig, fake: narrow() });
    const check = (await runChecks(env, NOW)).find(({ name }) => name === "slack");

    expect(check).toMatchObject({
      status: "failed",
      message: expect.stringMatching(/lacks im:write\. Reinstall/) as string,
    });
  });
});
