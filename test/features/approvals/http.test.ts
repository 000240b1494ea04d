import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { approve, deny } from "../../../src/features/approvals/flow/decide-approval.ts";
import { approvalRoutes } from "../../../src/features/approvals/http.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { ANA, DANA } from "../../support/approvals-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { acme, ask, aTier, resetAcme, usePolicies } from "./flow/setup.ts";

const db = useDatabase();
let app: FastifyInstance;
beforeAll(() => {
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  approvalRoutes(app, { database: db.pool, requireApiToken: requireBearer("token") });
});
afterAll(async () => {
  await app.close();
});
beforeEach(async () => {
  await resetAcme(db.pool);
});

async function get(url: string, token = "token") {
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await app.inject({ method: "GET", url, headers });
  return { statusCode, body: JSON.parse(body) as Record<string, unknown> };
}

describe("GET /v1/approvals", () => {
  test("answers requests with their votes, money as decimal strings", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA, amount: usd(150), note: "One run." });

    const { statusCode, body } = await get("/v1/approvals");

    expect(statusCode).toBe(200);
    expect(body).toEqual({
      currency: "USD",
      approvals: [
        {
          request_id: requestId,
          kind: "budget_raise",
          status: "requested",
          scope: "team:search",
          subject: { budget_id: "search-monthly" },
          title: "Search, monthly budget",
          details: ["Now: $480.00 of $500.00 (96 %)", "After: $480.00 of $700.00 (68 %)"],
          requester: "bo@acme.test",
          beneficiary: "bo@acme.test",
          requested_amount: "200.000000",
          approved_amount: null,
          ends_at: "2026-12-01T00:00:00.000Z",
          approved_ends_at: null,
          is_automatic: false,
          revoked_by: null,
          revoked_at: null,
          revocation_reason: null,
          reason: "Re-indexing before the launch",
          asked: ["ana@acme.test", "dana@acme.test"],
          waiting_for: ["dana@acme.test"],
          quorum: 2,
          current_step: 1,
          steps: [{ approvers: ["team_owners", "admins"], quorum: 2, agreed: ["ana@acme.test"] }],
          votes: [
            {
              approver: "ana@acme.test",
              amount: "150.000000",
              voted_at: "2026-11-23T10:00:00.000Z",
              note: "One run.",
              for: null,
              steps: [1],
              ends_at: null,
            },
          ],
          questions: [],
          decided_by: null,
          decided_at: null,
          decision_reason: null,
          requested_at: "2026-11-23T10:00:00.000Z",
          expires_at: "2026-11-24T10:00:00.000Z",
        },
      ],
    });
  });

  test("narrows them to one status", async () => {
    const deps = acme(db.pool);
    const applied = await ask(deps);
    await approve(deps, { requestId: applied.requestId, actorEmail: ANA });
    const denied = await ask(deps);
    await deny(deps, { requestId: denied.requestId, actorEmail: DANA, reason: "no" });
    await ask(deps);

    const answers = await Promise.all(
      ["applied", "denied", "requested", "expired"].map(
        async (status) => (await get(`/v1/approvals?status=${status}`)).body["approvals"],
      ),
    );

    expect(answers).toMatchObject([
      [{ request_id: applied.requestId, approved_amount: "200.000000" }],
      [{ request_id: denied.requestId, decided_by: "dana@acme.test", decision_reason: "no" }],
      [{ status: "requested" }],
      [],
    ]);
    expect((await get("/v1/approvals")).body["approvals"]).toHaveLength(3);
  });

  test.each(["status=open", "status=", "state=denied", "status=denied&status=applied"])(
    "refuses ?%s, naming what is expected",
    async (query) => {
      const { statusCode, body } = await get(`/v1/approvals?${query}`);

      expect(statusCode).toBe(400);
      expect(JSON.stringify(body)).toContain(
        "status: one of requested, applied, denied, expired, cancelled",
      );
    },
  );

  test("needs the API token", async () => {
    expect((await get("/v1/approvals", "wrong")).statusCode).toBe(401);
  });
});
