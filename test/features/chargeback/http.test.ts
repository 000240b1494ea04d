import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { statementPaths } from "../../../src/app/openapi-statements.ts";
import { chargebackRoutes } from "../../../src/features/chargeback/index.ts";
import { statementRows, statementText } from "../../../src/features/chargeback/messages.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import {
  chargebackOrganization,
  clock,
  close,
  govern,
  record,
  statement,
  used,
} from "../../support/chargeback-builders.ts";
import { useDatabase } from "../../support/database.ts";
import { schemaProblems } from "../../support/json-schema.ts";

const db = useDatabase();
let app: FastifyInstance;

beforeAll(async () => {
  await chargebackOrganization(db.pool);
  await record(db.pool, [
    used("a", "2026-10-05", { project: "checkout" }),
    used("b", "2026-10-06", { team: undefined }),
    used("c", "2026-10-07", { team: "platform", project: "ci" }),
  ]);
  await govern(db.pool, {
    sharedCosts: [
      { name: "CI", match: { project: "ci" }, split: { kind: "even", teams: ["ads", "search"] } },
    ],
  });
  await close(db.pool, "2026-10");
  await record(db.pool, [used("late", "2026-10-08", { team: "ads" })]);
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  chargebackRoutes(app, {
    database: db.pool,
    clock,
    requireApiToken: requireBearer("token-1"),
  });
});
afterAll(async () => {
  await app.close();
});

async function get(query: string, token = "token-1") {
  const answer = await app.inject({
    url: `/v1/statements?${query}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const amount = (cost: string) => ({
  list_cost: cost,
  contracted_cost: cost,
  billed_cost: cost,
  effective_cost: cost,
});

describe("GET /v1/statements", () => {
  test("answers a closed month by team and project, each kind of cost apart", async () => {
    const { status, body } = await get("month=2026-10");

    expect(status).toBe(200);
    expect(body).toMatchObject({
      month: "2026-10",
      from: "2026-09-30T22:00:00.000Z",
      to: "2026-10-31T23:00:00.000Z",
      status: "closed",
      closed_at: "2026-12-10T12:00:00.000Z",
      currency: "USD",
      teams: [
        {
          team: "ads",
          direct: amount("0.000000"),
          shared: amount("0.012500"),
          total: amount("0.012500"),
        },
        {
          team: "platform",
          direct: amount("0.025000"),
          shared: amount("-0.025000"),
          total: amount("0.000000"),
        },
        {
          team: "search",
          cost_center: "CC-100",
          total: amount("0.037500"),
          projects: [
            { project: "checkout", direct: amount("0.025000") },
            { project: null, shared: amount("0.012500") },
          ],
        },
        { team: null, name: "Unallocated", total: amount("0.025000") },
      ],
      total: amount("0.075000"),
      data_as_of: "2026-12-10T12:00:00.000Z",
    });
  });

  test("answers an open month with adjustments, and one team alone, as the description says", async () => {
    const whole = await get("month=2026-11");
    const ads = await get("month=2026-11&team=ads");
    const nobodys = await get("month=2026-10&team=unallocated");
    const { get: operation } = (
      statementPaths() as Record<string, { get: Record<string, unknown> }>
    )["/v1/statements"] ?? { get: {} };
    const { responses } = operation as {
      responses: Record<string, { content: Record<string, { schema: unknown }> }>;
    };
    const schema = responses["200"]?.content["application/json"]?.schema;

    expect(ads.body).toMatchObject({
      status: "open",
      closed_at: null,
      teams: [{ team: "ads", adjustments: [{ month: "2026-10", ...amount("0.025000") }] }],
      total: amount("0.025000"),
    });
    expect(nobodys.body).toMatchObject({ teams: [{ team: null }], total: amount("0.025000") });
    for (const { body } of [whole, ads, nobodys]) expect(schemaProblems(schema, body)).toEqual([]);
  });

  test.each([
    ["", /month/],
    ["month=october", /month: expected a month such as 2026-10, got october/],
    ["month=2026-10&month=2026-11", /month/],
    ["month=2026-10&scope=org", /month, and perhaps team/],
    ["month=2026-10&team=x", /team: expected one of ads, platform, search, unallocated, got x/],
  ])("refuses %j", async (query, message) => {
    const { status, body } = await get(query);

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toMatch(message);
  });

  test("needs the token", async () => {
    expect((await get("month=2026-10", "other")).status).toBe(401);
  });
});

test("a statement as text has each team, its projects and what it all comes to", async () => {
  expect(statementText(await statement(db.pool, "2026-11"))).toMatchInlineSnapshot(`
    "2026-11, open: as it stands now

    Team                              direct        shared   commitments       credits   adjustments         total
    Ads (CC-200)                       $0.00         $0.00         $0.00         $0.00         $0.02         $0.02
    Platform                           $0.00         $0.00         $0.00         $0.00         $0.00         $0.00
    Search (CC-100)                    $0.00         $0.00         $0.00         $0.00         $0.00         $0.00
    Unallocated                        $0.00         $0.00         $0.00         $0.00         $0.00         $0.00
    All                                $0.00         $0.00         $0.00         $0.00         $0.02         $0.02

    Effective cost. Billed: $0.02, at list prices $0.02.
    Adjustments of 2026-10: $0.02"
  `);
  expect(statementText(await statement(db.pool, "2026-10"))).toContain("closed 2026-12-10 by dana");
});

test("rows of a statement add up to it", async () => {
  const rows = statementRows(await statement(db.pool, "2026-10"));

  expect(rows.map((row) => [row["team"], row["project"], row["effective_cost"]])).toEqual([
    ["ads", null, "0.012500"],
    ["platform", "ci", "0.000000"],
    ["search", "checkout", "0.025000"],
    ["search", null, "0.012500"],
    [null, null, "0.025000"],
  ]);
});
