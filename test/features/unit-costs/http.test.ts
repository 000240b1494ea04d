import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSourceDirectory } from "../../../src/features/sources/index.ts";
import { unitCostRoutes } from "../../../src/features/unit-costs/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { acme } from "../../support/budget-builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordEvents } from "../../support/showback-builders.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../../support/usage-builders.ts";

const db = useDatabase();
const clock = fixedClock("2026-11-23T10:07:00Z");
const secret = aWebhookSecret();
let app: FastifyInstance;

beforeAll(async () => {
  await acme(db.pool);
  // 4 cents each, as in the contract's example.
  await recordEvents(db.pool, [
    aNativeEvent({
      occurred_at: "2026-11-20T10:00:00Z",
      project: "checkout",
      user_email: "bo@acme.test",
    }),
    aNativeEvent({
      occurred_at: "2026-11-20T11:00:00Z",
      project: "ranking",
      user_email: "ana@acme.test",
    }),
    aNativeEvent({
      occurred_at: "2026-11-21T10:00:00Z",
      project: "ranking",
      user_email: "bo@acme.test",
    }),
  ]);
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  unitCostRoutes(
    app,
    {
      database: db.pool,
      clock,
      requireApiToken: requireBearer("token-1"),
      ingestSecret: secret,
      sources: createSourceDirectory({ database: db.pool, clock, secretsKey: undefined }),
    },
    { ingest: true },
  );
});
afterAll(async () => {
  await app.close();
});

async function post(metrics: unknown, headers?: Record<string, string>) {
  const body = JSON.stringify(metrics);
  const answer = await app.inject({
    method: "POST",
    url: "/v1/metrics",
    headers: {
      "content-type": "application/json",
      ...(headers ?? { authorization: `Bearer ${secret}` }),
    },
    payload: body,
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

async function get(query: Readonly<Record<string, string>>) {
  const answer = await app.inject({
    url: `/v1/unit-costs?${new URLSearchParams(query).toString()}`,
    headers: { authorization: "Bearer token-1" },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

function aMetric(over: Record<string, unknown> = {}) {
  return {
    name: "tickets",
    value: 8,
    time: "2026-11-20T00:00:00Z",
    scope: "project:checkout",
    ...over,
  };
}

const DAYS = { from: "2026-11-20", to: "2026-11-22", time_zone: "UTC" };

describe("POST /v1/metrics and GET /v1/unit-costs", () => {
  test("give the cost of one unit, a day and in all", async () => {
    expect(await post([aMetric(), aMetric({ scope: "project:ranking", value: "2.5" })])).toEqual({
      status: 202,
      body: { accepted: 2 },
    });

    const { status, body } = await get({ units: "tickets", scope: "project:checkout", ...DAYS });

    expect(status).toBe(200);
    expect(body).toEqual({
      scope: "project:checkout",
      units: "tickets",
      currency: "USD",
      from: "2026-11-20T00:00:00.000Z",
      to: "2026-11-22T00:00:00.000Z",
      cost: "0.040000",
      unit_count: "8",
      unit_cost: "0.005000",
      rows: [
        {
          from: "2026-11-20T00:00:00.000Z",
          to: "2026-11-21T00:00:00.000Z",
          cost: "0.040000",
          unit_count: "8",
          unit_cost: "0.005000",
        },
        {
          from: "2026-11-21T00:00:00.000Z",
          to: "2026-11-22T00:00:00.000Z",
          cost: "0.000000",
          unit_count: "0",
          unit_cost: null,
        },
      ],
      data_as_of: "2026-11-23T10:07:00.000Z",
    });
  });

  test("a value sent again replaces the former; another source adds to it", async () => {
    const metric = { name: "builds", scope: "project:checkout" };
    await post(aMetric({ ...metric, value: 5 }));
    await Promise.all([
      post(aMetric({ ...metric, value: 4 })),
      post(aMetric({ ...metric, value: 4 })),
    ]);
    await db.pool.query(
      `insert into business_metrics (source, name, scope, occurred_at, quantity, received_at)
       values ('ci', 'builds', 'project:checkout', '2026-11-20T05:00:00Z', 1, now())`,
    );

    const { body } = await get({ units: "builds", scope: "project:checkout", ...DAYS });
    expect(body["unit_count"]).toBe("5");
  });

  test("know requests and users without being told", async () => {
    const requests = await get({ units: "requests", scope: "team:search", ...DAYS });
    expect(requests.body).toMatchObject({
      cost: "0.120000",
      unit_count: "3",
      unit_cost: "0.040000",
    });

    const users = await get({ units: "users", scope: "team:search", ...DAYS });
    expect(users.body).toMatchObject({ cost: "0.120000", unit_count: "2", unit_cost: "0.060000" });
    expect(users.body["rows"]).toMatchObject([{ unit_count: "2" }, { unit_count: "1" }]);
  });

  test("by month and week cut the first and the last step to the period", async () => {
    const { body } = await get({
      units: "requests",
      from: "2026-10-30",
      to: "2026-11-21",
      by: "month",
      time_zone: "UTC",
    });

    expect(body["rows"]).toMatchObject([
      { from: "2026-10-30T00:00:00.000Z", to: "2026-11-01T00:00:00.000Z", unit_count: "0" },
      { from: "2026-11-01T00:00:00.000Z", to: "2026-11-21T00:00:00.000Z", unit_count: "2" },
    ]);
  });

  test("take a signed request, and nobody without a secret", async () => {
    const body = JSON.stringify(aMetric({ name: "signed" }));
    const signed = await app.inject({
      method: "POST",
      url: "/v1/metrics",
      headers: signedHeaders(secret, body),
      payload: body,
    });
    expect(signed.statusCode).toBe(202);
    expect(await post(aMetric(), {})).toMatchObject({ status: 401 });
    expect(await post(aMetric(), { authorization: "Bearer else" })).toMatchObject({ status: 401 });
  });

  test.each([
    ["name", { name: "Tickets resolved" }, /0\.name: expected lower-case/],
    ["value", { value: -1 }, /0\.value: expected a number from 0/],
    ["value", { value: "1e3" }, /0\.value/],
    ["time", { time: "yesterday" }, /0\.time: expected a time with its zone/],
    [
      "time",
      { time: "2026-12-24T00:00:00Z" },
      /0\.time: expected a time that is at most a day ahead/,
    ],
    ["scope", { scope: "teams:search" }, /0\.scope: expected org, team:KEY/],
    ["anything else", { currency: "USD" }, /0\.metric|currency/],
  ])("refuse a wrong %s by its place, and keep nothing of the batch", async (_, wrong, message) => {
    const { status, body } = await post([
      aMetric({ name: "kept_out", ...wrong }),
      aMetric({ name: "kept_out" }),
    ]);

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toMatch(message);
    const { rows } = await db.pool.query(
      `select from business_metrics m where m.name = 'kept_out'`,
    );
    expect(rows).toHaveLength(0);
  });

  test("name what can be asked for", async () => {
    await post(aMetric());
    const { status, body } = await get({ units: "stories" });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toMatch(
      /units: expected one of requests, users, .*tickets.*, got stories/,
    );
  });

  test("refuse more steps than anybody reads", async () => {
    const { status, body } = await get({ units: "requests", from: "2024-01-01", to: "2026-01-01" });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("at most 400 steps");
  });
});
