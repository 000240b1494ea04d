import fc from "fast-check";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { showbackRoutes } from "../../../src/features/showback/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { acme } from "../../support/budget-builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordEvents } from "../../support/showback-builders.ts";
import { sumDays } from "../../support/spend-days.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
let app: FastifyInstance;

beforeAll(async () => {
  await acme(db.pool);
  await recordEvents(db.pool, [
    aNativeEvent({ team: "search", project: "checkout", user_email: "bo@acme.test" }),
    aNativeEvent({ occurred_at: "2026-11-02T23:30:00Z", tags: { env: "prod" } }),
  ]);
  app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  showbackRoutes(app, {
    database: db.pool,
    clock: fixedClock("2026-11-23T10:07:00Z"),
    requireApiToken: requireBearer("token-1"),
  });
});
afterAll(async () => {
  await app.close();
});

async function get(query: Readonly<Record<string, string>> | string, token = "token-1") {
  const answer = await app.inject({
    url: `/v1/spend?${typeof query === "string" ? query : new URLSearchParams(query).toString()}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const ONE = {
  requests: 1,
  tokens: {
    uncached_input: 1000,
    cache_write_5m: 2000,
    cache_write_1h: 0,
    cache_read: 50000,
    output: 800,
  },
};

describe("GET /v1/spend", () => {
  test("answers as the contract says, field by field", async () => {
    const { status, body } = await get({
      scope: "team:search",
      from: "2026-11-01",
      to: "2026-12-01",
      group_by: "team,project,user,model,api_key,workspace,source,day,hour",
    });

    expect(status).toBe(200);
    expect(body).toEqual({
      scope: "team:search",
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-12-01T00:00:00.000Z",
      currency: "USD",
      total_cost: "0.040000",
      ...ONE,
      rows: [
        {
          team: "search",
          project: "checkout",
          user: "bo@acme.test",
          model: "claude-opus-5-5",
          api_key: null,
          workspace: null,
          source: "default",
          day: "2026-11-23",
          hour: "2026-11-23T10:00:00Z",
          cost: "0.040000",
          ...ONE,
        },
      ],
      data_as_of: "2026-11-23T10:07:00.000Z",
      basis: "estimated",
      basis_as_of: "2026-11-23T10:07:00.000Z",
    });
  });

  test("without anything is the organization's month until now, ungrouped", async () => {
    const { body } = await get({});

    expect(body).toMatchObject({
      scope: "org",
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-23T10:15:00.000Z",
      total_cost: "0.080000",
      requests: 2,
      rows: [],
    });
  });

  test("a time zone moves dates, days and the default month", async () => {
    const { body } = await get({
      time_zone: "Asia/Kolkata",
      from: "2026-11-03",
      to: "2026-11-04",
      group_by: "day",
    });

    expect(body).toMatchObject({
      from: "2026-11-02T18:30:00.000Z",
      to: "2026-11-03T18:30:00.000Z",
      rows: [{ day: "2026-11-03", cost: "0.040000" }],
    });
    expect((await get({ time_zone: "Asia/Kolkata" })).body["from"]).toBe(
      "2026-10-31T18:30:00.000Z",
    );
  });

  test("an event belongs to the period that begins with it, not to the one that ends there", async () => {
    const at = "2026-11-02T23:30:00Z";

    expect((await get({ from: "2026-11-02", to: at })).body["requests"]).toBe(0);
    expect((await get({ from: at, to: "2026-11-03" })).body["requests"]).toBe(1);
    expect((await get({ from: at, to: "2026-11-02T23:30:00.001Z" })).body["requests"]).toBe(1);
    expect((await get({ from: "2026-11-03T00:30:00+01:00", to: "2026-11-03" })).body).toMatchObject(
      {
        from: "2026-11-02T23:30:00.000Z",
        requests: 1,
      },
    );
  });

  test("of a tag, of nobody, and of a name with anything in it", async () => {
    expect((await get({ scope: "tag:env=prod" })).body).toMatchObject({ requests: 1 });
    expect((await get({ scope: "user:BO@acme.test" })).body).toMatchObject({
      scope: "user:bo@acme.test",
      requests: 1,
    });
    expect((await get({ scope: "team:'; drop table charges --" })).body).toMatchObject({
      total_cost: "0.000000",
      requests: 0,
    });
  });

  test.each([
    [{ scope: "everything" }, "scope"],
    [{ scope: "" }, "scope"],
    [{ scope: "team:" }, "scope"],
    [{ scope: "each:user" }, "scope"],
    [{ scope: "tag:env" }, "scope"],
    [{ scope: "team:a\0b" }, "scope"],
    [{ scope: "tag:env=\0" }, "scope"],
    [{ from: "yesterday" }, "from"],
    [{ from: "" }, "from"],
    [{ from: "2026-02-30" }, "from"],
    [{ from: "2026-11-01T00:00:00" }, "from"],
    [{ from: "1764547200" }, "from"],
    [{ to: "2026-11-31" }, "to"],
    [{ to: "2026-11-01T25:00:00Z" }, "to"],
    [{ from: "2026-11-02", to: "2026-11-02" }, "to"],
    [{ from: "2026-11-03", to: "2026-11-02" }, "to"],
    [{ from: "2027-01-01" }, "from"],
    [{ group_by: "teams" }, "group_by"],
    [{ group_by: "team,team" }, "group_by"],
    [{ group_by: "team," }, "group_by"],
    [{ group_by: "constructor" }, "group_by"],
    [{ time_zone: "Mars/Olympus" }, "time_zone"],
    [{ time_zone: "+01:00" }, "time_zone"],
    [{ time_zone: "" }, "time_zone"],
    [{ groupby: "team" }, "groupby"],
    ["scope=org&scope=team:search", "scope"],
    ["group_by=team&group_by=day", "group_by"],
  ])("refuses %j and names what is wrong with it", async (query, name) => {
    const { status, body } = await get(query);

    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code: "invalid" } } });
    expect(JSON.stringify(body)).toMatch(new RegExp(`"message":"${name}: expected `));
  });

  test("answers any parameters at all with 200 or a named 400", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("org", "2026-11-01", "0000-01-01", "0001-01-01", "9999-12-31", "day"),
      fc.constantFrom("2026-11-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "Asia/Tokyo"),
    );
    const parameters = fc.dictionary(
      fc.constantFrom("scope", "from", "to", "group_by", "time_zone", "x"),
      text,
    );
    await fc.assert(
      fc.asyncProperty(parameters, async (given) => {
        const { status, body } = await get(given);

        expect({ status, body }).toEqual({ status: status === 200 ? 200 : 400, body });
      }),
      { numRuns: 150 },
    );
  });

  test.each(["", "Bearer", "wrong", "token-1x"])("needs the token, not %j", async (token) => {
    expect((await get({}, token)).status).toBe(401);
  });

  test("is closed without an Authorization header", async () => {
    expect((await app.inject("/v1/spend")).statusCode).toBe(401);
  });
});

test("more than 10,000 rows are refused with what to do about it; the total is still to be had", async () => {
  await db.pool.query(
    `with d as (
       insert into spend_dimensions (user_email, model_id, source)
       select 'p' || n || '@acme.test', 'claude-opus-5-5', 'many' from generate_series(1, 10001) n
       returning spend_dimension_id)
     insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
             output_tokens, web_search_requests, list_cost_usd, billed_cost_usd)
     select d.spend_dimension_id, '2026-01-05T10:00:00Z', 1, 0, 0, 0, 0, 0, 0, 1, 1 from d`,
  );
  await sumDays(db.pool);
  const january = { from: "2026-01-01", to: "2026-02-01" };

  const refused = await get({ ...january, group_by: "user" });

  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body)).toMatch(
    /group_by gives more than 10000 rows.*shorter period/,
  );
  expect((await get(january)).body).toMatchObject({ total_cost: "10001.000000", requests: 10_001 });
});
