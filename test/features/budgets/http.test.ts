import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  budgetRoutes,
  checkDueBudgets,
  replaceGovernedBudgets,
} from "../../../src/features/budgets/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { acme, aGovernedBudget, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const clock = fixedClock(NOW);
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  await acme(db.pool);
  await replaceGovernedBudgets(
    db.pool,
    [aGovernedBudget(), aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(40) })],
    instant("2026-10-01T00:00:00Z"),
  );
  const of = { userEmail: emailFrom("bo@acme.test") };
  await spend(db.pool, { amount: usd(25.5), at: NOW, of });
  await checkDueBudgets({ database: db.pool, clock });
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  budgetRoutes(app, { database: db.pool, clock, requireApiToken: requireBearer("token-1") });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(async () => {
  await app.close();
});

async function get(path: string, token = "token-1") {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("GET /v1/budgets", () => {
  test("says where each budget stands, with exact decimals", async () => {
    const { status, body } = await get("/v1/budgets?scope=team:search");

    expect(status).toBe(200);
    expect(body).toEqual({
      currency: "USD",
      budgets: [
        {
          budget_id: "search-monthly",
          scope: "team:search",
          member_key: null,
          managed_by: "governance",
          period: "monthly",
          period_start: "2026-11-01T00:00:00.000Z",
          period_end: "2026-12-01T00:00:00.000Z",
          time_zone: "UTC",
          base_limit: "500.000000",
          carried_over: "0.000000",
          forecast: null,
          days_ahead_of_plan: null,
          grants: "0.000000",
          limit: "500.000000",
          spend: "25.500000",
          percent: 5,
          thresholds: [50, 80, 100],
        },
      ],
    });
  });

  test("lists all without a scope", async () => {
    const { body } = await get("/v1/budgets");

    expect(body["budgets"]).toMatchObject([
      { scope: "user:bo@acme.test" },
      { scope: "team:search" },
    ]);
  });
});

describe("GET /v1/budgets, refused", () => {
  test.each([
    ["/v1/budgets?scope=nothing", "scope: expected"],
    ["/v1/budgets?team=search", "The only parameter is scope."],
    ["/v1/budgets?scope=each:user", "scope: expected"],
  ])("refuse %s", async (path, message) => {
    const { status, body } = await get(path);

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(message);
  });

  test.each(["/v1/budgets"])("%s needs the token", async (path) => {
    expect((await get(path, "wrong")).status).toBe(401);
  });
});
