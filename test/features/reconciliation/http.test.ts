import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import { reconciliationRoutes } from "../../../src/features/reconciliation/http.ts";
import { reconcile } from "../../../src/features/reconciliation/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { useDatabase } from "../../support/database.ts";
import { record, reportedBy, steadyRequests } from "../../support/reconciliation-builders.ts";
import { fakeAnthropic, pullAll, puller } from "../../support/report-builders.ts";

const db = useDatabase();
let app: FastifyInstance;

beforeAll(async () => {
  const period = { start: instant("2026-11-20T00:00:00Z"), end: instant("2026-11-22T00:00:00Z") };
  const requests = steadyRequests({ ...period, end: addMs(period.end, HOUR_MS) }, HOUR_MS);
  const fake = await fakeAnthropic({ now: "2026-11-23T10:00:00Z", discountPercent: 8 });
  fake.ledger.add(...requests);
  await record(
    db.pool,
    fake.time,
    requests.map((request) => reportedBy("gateway", request)),
  );
  await pullAll(puller(db.pool, fake));
  const { clock } = fake.time;
  await reconcile({ database: db.pool, clock }, period);
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  reconciliationRoutes(app, {
    database: db.pool,
    clock,
    requireApiToken: requireBearer("token-1"),
  });
});
afterAll(async () => {
  await app.close();
});

async function get(query: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await app.inject({
    method: "GET",
    url: `/v1/reconciliation${query}`,
    headers: { authorization: "Bearer token-1" },
  });
  return { status: answer.statusCode, body: answer.json() };
}

describe("GET /v1/reconciliation", () => {
  test("shows the gap, each cause with what to do, and what is not judged", async () => {
    const { status, body } = await get("?from=2026-11-20&to=2026-11-24");

    expect(status).toBe(200);
    expect(body).toMatchObject({
      from: "2026-11-20",
      to: "2026-11-24",
      status: "drift",
      tolerance_percent: "0.5",
      difference_percent: "8.70",
      unexplained_percent: "0.00",
      causes: [
        {
          cause: "missed_discount",
          kind: "fault",
          days: ["2026-11-20", "2026-11-21"],
          evidence: ["Anthropic takes 8 % off"],
          resolution: null,
        },
      ],
      pending_days: ["2026-11-22", "2026-11-23"],
    });
    const { days } = z.object({ days: z.array(z.object({ day: z.string() })) }).parse(body);
    expect(days.map(({ day }) => day)).toEqual(["2026-11-20", "2026-11-21"]);
  });

  test.each([
    ["?month=2026-13", "month: expected a month such as 2026-11, got 2026-13"],
    ["?month=2026-11&from=2026-11-01", "month: expected alone"],
    ["?from=soon", "from: expected a day such as 2026-11-01, got soon"],
    ["?from=2026-11-02&to=2026-11-02", "to: expected a day after from"],
    ["?from=2020-11-02", "from: expected at most 400 days"],
    ["?week=1", "expected only the parameters month, from and to"],
  ])("refuses %s", async (query, message) => {
    const { status, body } = await get(query);

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(message);
  });

  test.each(["?from=0000-01-01&to=0000-01-02", "?month=2099-12", "?from=9999-12-30&to=9999-12-31"])(
    "knows nothing of %s and says so",
    async (query) => {
      const { status, body } = await get(query);

      expect(status).toBe(200);
      expect(body).toMatchObject({ status: "pending", days: [] });
    },
  );

  test("needs the token", async () => {
    expect((await app.inject({ method: "GET", url: "/v1/reconciliation" })).statusCode).toBe(401);
  });
});
