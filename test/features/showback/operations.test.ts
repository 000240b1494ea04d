/** Operations: what was tried again is one, with what the tries that were cut off cost. */
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operationRoutes } from "../../../src/features/showback/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { acme } from "../../support/budget-builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordEvents } from "../../support/showback-builders.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
let app: FastifyInstance;

function attempt(
  operation: string | undefined,
  minute: number,
  rest: Readonly<Record<string, unknown>> = {},
) {
  return aNativeEvent({
    occurred_at: `2026-11-23T10:${String(minute).padStart(2, "0")}:00Z`,
    model: "claude-opus-4-5", // $25 a million output tokens
    usage: { input_tokens: 0, output_tokens: 100_000 },
    ...(operation === undefined ? {} : { operation_id: operation }),
    ...rest,
  });
}

beforeAll(async () => {
  await acme(db.pool);
  await recordEvents(db.pool, [
    attempt("op-1", 1, { is_incomplete: true, team: "search", tags: { env: "prod" } }),
    attempt("op-1", 2, { is_incomplete: true, team: "search", event_id: "floor" }),
    attempt("op-1", 3, { team: "search" }),
    attempt("op-2", 4),
    attempt("op-2", 5),
    attempt("op-2", 6),
    attempt("op-3", 7, { is_incomplete: true, event_id: "gone" }),
    attempt("op-4", 0, { usage: { input_tokens: 0, output_tokens: 0 } }),
    attempt(undefined, 8),
  ]);
  // The truth about one that was cut off, and one that never was.
  await recordEvents(db.pool, [
    attempt("op-1", 2, {
      is_incomplete: true,
      team: "search",
      corrects: "floor",
      usage: { input_tokens: 0, output_tokens: 200_000 },
    }),
    { event_id: "void", occurred_at: "2026-11-23T10:30:00Z", voids: "gone" },
  ]);
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  operationRoutes(app, {
    database: db.pool,
    clock: fixedClock("2026-11-23T11:07:00Z"),
    requireApiToken: requireBearer("token-1"),
  });
});
afterAll(async () => {
  await app.close();
});

async function get(query: string, token = "token-1") {
  const answer = await app.inject({
    url: `/v1/operations?${query}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const OP_1 = {
  operation_id: "op-1",
  attempts: 3,
  incomplete_attempts: 2,
  cost: "10.000000",
  wasted_cost: "7.500000",
  first_at: "2026-11-23T10:01:00.000Z",
  last_at: "2026-11-23T10:03:00.000Z",
};

describe("GET /v1/operations", () => {
  test("shows the attempts at an operation as one, the most wasteful first, after corrections", async () => {
    const { status, body } = await get("from=2026-11-23&to=2026-11-24");

    expect(status).toBe(200);
    expect(body).toMatchObject({
      scope: "org",
      currency: "USD",
      data_as_of: "2026-11-23T11:07:00.000Z",
    });
    expect(body["operations"]).toEqual([
      OP_1,
      {
        operation_id: "op-2",
        attempts: 3,
        incomplete_attempts: 0,
        cost: "7.500000",
        wasted_cost: "0.000000",
        first_at: "2026-11-23T10:04:00.000Z",
        last_at: "2026-11-23T10:06:00.000Z",
      },
      expect.objectContaining({ operation_id: "op-4", attempts: 1, cost: "0.000000" }),
    ]);
  });

  test.each([
    ["scope=team:search", ["op-1"]],
    ["scope=tag:env=prod", ["op-1"]],
    ["scope=team:ads", []],
    ["min_attempts=2", ["op-1", "op-2"]],
    ["limit=1", ["op-1"]],
    ["from=2026-11-23T10:04:00Z&to=2026-11-23T10:05:00Z", ["op-2"]],
  ])("%s", async (query, expected) => {
    const { body } = await get(query);
    const ids = (body["operations"] as { operation_id: string }[]).map((one) => one.operation_id);
    expect(ids).toEqual(expected);
  });

  test.each([
    [
      "group_by=team",
      /^group_by: expected only the parameters scope, from, to, time_zone, min_attempts, limit$/,
    ],
    ["limit=0", /^limit: expected a whole number from 1 to 1000$/],
    ["min_attempts=x", /^min_attempts: expected a whole number/],
    ["limit=1&limit=2", /^limit: expected one value, not several$/],
    ["scope=nobody", /^scope: expected org/],
    ["from=2026-12-01", /^from: expected a time in the past/],
  ])("refuses %s", async (query, message) => {
    const { status, body } = await get(query);
    expect(status).toBe(400);
    expect(body["error"]).toMatchObject({ message: expect.stringMatching(message) as string });
  });

  test("wants the token", async () => {
    expect((await get("", "wrong")).status).toBe(401);
  });
});
