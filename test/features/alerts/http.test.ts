import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { actOnAlert } from "../../../src/features/alerts/flow/act.ts";
import { alertRoutes, raiseAlert } from "../../../src/features/alerts/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { anAlertFact } from "../../support/alert-builders.ts";
import { acme } from "../../support/budget-builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  await acme(db.pool);
  const raised = await raiseAlert(db.pool, { clock }, anAlertFact());
  const org = { factKey: "2", threadKey: "2", scope: scopeFrom("org"), silentBecause: "planned" };
  await raiseAlert(db.pool, { clock }, anAlertFact(org));
  const threadId = raised.kind === "announced" ? raised.alertId : "";
  const actor = { email: emailFrom("bo@acme.test"), slackUserId: "U1" };
  await actOnAlert(
    { database: db.pool, clock },
    { threadId, actor, action: { kind: "acknowledge" } },
  );
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  alertRoutes(app, { database: db.pool, requireApiToken: requireBearer("token-1") });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(async () => {
  await app.close();
});

async function get(path: string, token = "token-1") {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("GET /v1/alerts", () => {
  test("shows what was found, who was told, and who looks after it", async () => {
    const { status, body } = await get("/v1/alerts?scope=team:search&limit=5");

    expect(status).toBe(200);
    expect(body).toEqual({
      currency: "USD",
      alerts: [
        {
          alert_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
          kind: "spike",
          severity: "warning",
          text: "Search spends 4 times what is normal.",
          thread: "spike:team:search",
          budget_id: null,
          scope: "team:search",
          member_key: null,
          period_start: "2026-11-01T00:00:00.000Z",
          period_end: "2026-12-01T00:00:00.000Z",
          threshold: null,
          limit: null,
          spend: null,
          found_at: "2026-11-23T10:00:00.000Z",
          announced: true,
          silent_because: null,
          deliveries: [
            { to: "#team-search", status: "pending", not_sent_because: null, held_until: null },
          ],
          acknowledged_by: "bo@acme.test",
          acknowledged_at: "2026-11-23T10:00:00.000Z",
          assigned_to: null,
          feedback: null,
          resolved_at: null,
          resolved_because: null,
        },
      ],
    });
  });

  test("the latest first, silent ones with their reason", async () => {
    const { body } = await get("/v1/alerts");

    expect(body["alerts"]).toMatchObject([
      { scope: "org", announced: false, silent_because: "planned", acknowledged_by: null },
      { scope: "team:search", announced: true },
    ]);
  });

  test.each([
    ["/v1/alerts?limit=0", "a whole number from 1 to 1000"],
    ["/v1/alerts?limit=5000", "a whole number from 1 to 1000"],
    ["/v1/alerts?scope=each:user", "scope: expected"],
    ["/v1/alerts?team=search", "The parameters are scope and limit"],
  ])("refuses %s", async (path, message) => {
    const { status, body } = await get(path);

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(message);
  });

  test("needs the token", async () => {
    expect((await get("/v1/alerts", "wrong")).status).toBe(401);
  });
});
