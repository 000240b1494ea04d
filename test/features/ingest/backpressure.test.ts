import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory, ingestRoutes } from "../../../src/features/ingest/index.ts";
import { createSourceDirectory } from "../../../src/features/sources/index.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import type { Database } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent, aWebhookSecret } from "../../support/usage-builders.ts";

const db = useDatabase();
const secret = aWebhookSecret();
const log = pino({ level: "silent" });
const servers: FastifyInstance[] = [];

/** A replica of the program's ingest; where it listens. */
async function startReplica(database: Database): Promise<string> {
  const clock = () => instant(new Date());
  const server = createHttpServer({ log, mounts: [] });
  ingestRoutes(server, {
    database,
    clock,
    log,
    metrics: createMetrics(),
    ingestMemory: createIngestMemory(),
    ingestSecret: secret,
    sources: createSourceDirectory({ database, clock, secretsKey: undefined }),
    onRecorded: () => {},
  });
  servers.push(server);
  return `${await server.listen({ port: 0, host: "127.0.0.1" })}/v1/usage`;
}

async function send(url: string, events: readonly unknown[]) {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(events),
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after") };
}

function someEvents(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) =>
    aNativeEvent({
      occurred_at: new Date().toISOString(),
      user_email: `p${String(index % 3)}@acme.test`,
      team: "search",
    }),
  );
}

async function sums() {
  const { rows } = await db.pool.query<Record<string, unknown>>(
    `select (select count(*) from usage_identities)::integer as identities,
            (select count(*) from usage_events)::integer as events,
            (select coalesce(sum(r.request_count), 0) from spend_rollups r)::integer as requests,
            (select coalesce(sum(c.billed_cost_usd), 0) from charges c)::text as charged,
            (select coalesce(sum(r.billed_cost_usd), 0) from spend_rollups r)::text as rolled_up`,
  );
  return rows[0];
}

function sumsOf(events: number) {
  const cost = `${((events * 4) / 100).toFixed(2)}0000000000`;
  return { identities: events, events, requests: events, charged: cost, rolled_up: cost };
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

afterAll(async () => {
  await Promise.all(servers.map(async (server) => await server.close()));
});

describe("a Postgres in trouble", () => {
  test.each(["usage_identities", "charges", "spend_rollups"])(
    "that does not let us into %s is answered by 503 with Retry-After, and nothing is kept by half",
    async (table) => {
      const url = await startReplica(db.pool);
      const impatient = await startReplica(db.openPool({ statement_timeout: 250 }));
      expect(await send(url, someEvents(1))).toMatchObject({ status: 202 });
      const batches = Array.from({ length: 12 }, () => someEvents(5));
      const blocker = await db.pool.connect();
      await blocker.query(`begin; lock table ${table}`);

      const refused = await Promise.all(batches.map(async (batch) => await send(impatient, batch)));
      await blocker.query("rollback");
      blocker.release();

      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
      expect(refused.every(({ retryAfter }) => Number(retryAfter) > 0)).toBe(true);
      expect(await sums()).toEqual(sumsOf(1));
      const again = await Promise.all(batches.map(async (batch) => await send(url, batch)));
      expect(new Set(again.map(({ status }) => status))).toEqual(new Set([202]));
      expect(await sums()).toEqual(sumsOf(61));
    },
  );

  test("that cuts connections of two replicas again and again loses and repeats nothing", async () => {
    const urls = await Promise.all(
      [1, 2].map(async () => await startReplica(db.openPool({ application_name: "replica" }))),
    );
    const isOver = { value: false };
    const statuses = new Map<number, number>();
    const sent: unknown[][] = [];
    const acknowledged: unknown[][] = [];
    const senders = urls.flatMap((url) =>
      Array.from({ length: 4 }, async () => {
        while (!isOver.value) {
          const batch = someEvents(4);
          sent.push(batch);
          // The other replica gets a copy at the same time, as a sender does that does not wait.
          const answers = await Promise.all([send(url, batch), send(urls[0] ?? url, batch)]);
          for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (answers.some(({ status }) => status === 202)) acknowledged.push(batch);
        }
      }),
    );
    const answered = (): number => [...statuses.values()].reduce((sum, count) => sum + count, 0);
    for (let cut = 0; cut < 20 || !statuses.has(503); cut += 1) {
      const before = answered();
      await expect.poll(answered).toBeGreaterThan(before); // However slow it is, some get through.
      await db.pool.query(
        `select pg_terminate_backend(a.pid)
           from (select a.pid from pg_stat_activity a
                  where a.datname = current_database() and a.application_name = 'replica'
                  order by random() limit 2) a`,
      );
    }
    isOver.value = true;
    await Promise.all(senders);

    const { rows } = await db.pool.query<{ event_id: string }>(
      `select e.event_id from usage_events e`,
    );
    const stored = new Set(rows.map((row) => row.event_id));
    const lost = acknowledged
      .flat()
      .filter((event) => !stored.has((event as { event_id: string }).event_id));
    expect(lost).toEqual([]);
    expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([202, 503]);
    for (const batch of sent) {
      expect(await send(urls[1] ?? "", batch)).toMatchObject({ status: 202 });
    }
    expect(await sums()).toEqual(sumsOf(sent.flat().length));
  });
});
