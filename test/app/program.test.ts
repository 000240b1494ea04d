import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { addMs, DAY_MS } from "../../src/domain/time.ts";
import { requestRerate } from "../../src/features/ingest/index.ts";
import { recordPrices } from "../../src/features/pricing/index.ts";
import { runningClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { PEOPLE, useFakeSlack } from "../support/fake-slack.ts";
import { runSql } from "../support/global-setup.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../support/program.ts";
import { aNativeEvent } from "../support/usage-builders.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const clock = runningClock();
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "claude-spend-program-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestProgram> {
  return await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), env, clock });
}

async function failureOf(env: Readonly<Record<string, string>>): Promise<AppError> {
  const outcome = await start(env).catch((error: unknown) => error);
  if (outcome instanceof AppError) return outcome;
  throw new Error(`expected an AppError, got ${String(outcome)}`);
}

/** Connections to the test's database, but for the one that asks. */
async function expectNoConnections(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await db.pool.query<{ count: number }>(
        `select count(*)::integer as count
           from pg_stat_activity a
          where a.datname = current_database() and a.pid <> pg_backend_pid()`,
      );
      expect(rows[0]?.count).toBe(0);
    },
    { timeout: 120_000, interval: 20 },
  );
}

/** How many servers this process has: a port that is free now may be another's the next moment. */
function countServers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
}

describe("a start that fails", () => {
  test("for Slack refuses the token says what to do, and leaves nothing behind", async () => {
    const before = countServers();
    const failure = await failureOf({ SLACK_BOT_TOKEN: "xoxb-wrong" });

    expect(failure).toMatchObject({ code: "unauthorized", retryable: false });
    expect(failure.message).toMatch(/SLACK_BOT_TOKEN \(invalid_auth\): copy the Bot User OAuth/);
    expect(failure.message).not.toContain("xoxb-wrong");
    await expect.poll(countServers).toBeLessThanOrEqual(before);
    await expectNoConnections();
  });

  test("for the port is taken says which, and leaves nothing behind", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";

    const failure = await failureOf({ PORT: port });

    expect(failure).toMatchObject({
      code: "conflict",
      message: `Port ${port} is taken by another program. Stop that one, or set PORT.`,
    });
    await expectNoConnections();
    taken.close();
  });

  test.each([
    ["is not there", undefined, /GOVERNANCE_FILE: can't read .*missing\.yml/],
    [
      "is wrong",
      "teams:\n  search: { nam: Search }\n",
      /GOVERNANCE_FILE was not applied:\n[^]*wrong\.yml:2:13 teams\.search\.nam: unknown key/,
    ],
  ])(
    "for the governance file %s says where, and leaves nothing behind",
    async (_name, text, says) => {
      const file = join(directory, text === undefined ? "missing.yml" : "wrong.yml");
      if (text !== undefined) await writeFile(file, text);

      const failure = await failureOf({ GOVERNANCE_FILE: file });

      expect(failure.code).toBe("invalid");
      expect(failure.message).toMatch(says);
      await expectNoConnections();
    },
  );
});

describe("a program", () => {
  test("applies its governance file before it takes anything", async () => {
    const program = await start({
      GOVERNANCE_FILE: "docs/examples/governance.yml",
      ROLES: "ingest",
    });
    const { body } = await program.get("/v1/governance");

    expect(JSON.stringify(body)).toContain("Acme");
    await program.stop();
  });

  test("re-rates usage of a model that was unknown once its price is recorded", async () => {
    // Before the program came: the run was asked for long enough ago.
    const program = await start({ ROLES: "ingest" });
    const occurredAt = clock().toISOString();
    const unknown = { occurred_at: occurredAt, model: "claude-opus-9", team: "search" };
    expect((await program.post([aNativeEvent(unknown)])).status).toBe(202);
    await program.stop();
    const rates = { cache_write_5m: "2", cache_write_1h: "3", cache_read: "0", output: "0" };
    await recordPrices(
      { database: db.pool, clock },
      {
        proposals: [
          {
            modelId: "claude-opus-9",
            aliases: [],
            residencyPremium: "none",
            from: "2020-01-01",
            terms: {
              tiers: [{ abovePromptTokens: 0, rates: { ...rates, uncached_input: "10" } }],
            },
            source: "test",
          },
        ],
        isConfirmed: true,
        actor: "dana",
        onRecorded: async (sql) => {
          await requestRerate(
            sql,
            { clock: () => addMs(clock(), -60_000) },
            {
              range: {
                period: { start: addMs(clock(), -DAY_MS), end: addMs(clock(), DAY_MS) },
                onlyEstimated: true,
                includesAllocation: false,
              },
              requestedBy: "dana",
            },
          );
        },
      },
    );

    const worker = await start({ ROLES: "worker" });
    await vi.waitFor(
      async () => {
        const { rows } = await db.pool.query(
          `select r.events_changed::integer as changed, r.finished_at is not null as is_finished
             from rerates r`,
        );
        expect(rows).toEqual([{ changed: 1, is_finished: true }]);
      },
      { timeout: 120_000, interval: 50 },
    );
    const { rows } = await db.pool.query(
      `select sum(d.list_cost_usd)::numeric(10, 4)::text as cost
         from spend_days d join spend_dimensions s using (spend_dimension_id)
        where s.model_id = 'claude-opus-9'`,
    );
    expect(rows).toEqual([{ cost: "0.0140" }]); // 1,000 of input and 2,000 written to the cache.
    await worker.stop();
  });

  test("starts and takes usage while Slack is away, and hears Slack when it is back", async () => {
    slack().faults.add({ kind: "http_500", method: "auth.test", times: 1 });
    const program = await start();

    const event = aNativeEvent({
      occurred_at: clock().toISOString(),
      user_email: "bo@acme.test",
    });
    expect((await program.post([event])).status).toBe(202);

    slack().faults.clear();
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend");
    const answer = await bo.waitForMessage("#general", ({ text }) => text.includes("You spent"));
    expect(answer.text).toContain("$0.04");
    await program.stop();
  });

  test("that only takes usage asks Slack nothing and needs none of its settings", async () => {
    const program = await start({
      ROLES: "ingest",
      SLACK_BOT_TOKEN: "",
      SLACK_SIGNING_SECRET: "",
      SLACK_API_URL: "",
    });
    const event = aNativeEvent({ occurred_at: clock().toISOString() });

    expect((await program.post([event])).status).toBe(202);
    expect(slack().calls()).toEqual([]);
    expect((await fetch(`${program.url}/slack/events`, { method: "POST" })).status).toBe(404);
    await program.stop();
  });

  test("without the role ingest has no route for usage", async () => {
    const program = await start({ ROLES: "worker" });

    expect((await program.post([aNativeEvent()])).status).toBe(404);
    expect((await program.get("/healthz")).status).toBe(200);
    await program.stop();
  });

  test("stops once, however often it is asked, and leaves no connection", async () => {
    const before = countServers();
    const program = await start();
    await Promise.all([program.stop(), program.stop()]);
    await program.stop();

    await expect.poll(countServers).toBeLessThanOrEqual(before);
    await expectNoConnections();
  });

  test("without its database is alive but not ready, and is both again when it is back", async () => {
    const program = await start({ ROLES: "ingest" });
    const name = String(db.poolConfig.database);
    const admin = inject("adminConfig");
    await runSql(admin, `alter database ${name} allow_connections false`);
    await runSql(
      admin,
      `select pg_terminate_backend(a.pid) from pg_stat_activity a where a.datname = '${name}'`,
    );

    expect(await program.get("/readyz")).toMatchObject({
      status: 503,
      body: { error: { code: "unavailable" } },
    });
    expect((await program.post([aNativeEvent()])).status).toBe(503);
    expect((await program.get("/healthz")).status).toBe(200);
    expect((await fetch(`${program.url}/metrics`)).status).toBe(200);

    await runSql(admin, `alter database ${name} allow_connections true`);
    expect((await program.get("/readyz")).status).toBe(200);
    await program.stop();
  });
});
