/** Each route of ingest through real HTTP: who may send, what is recorded, in whose form the answer is. */
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createIngestMemory, ingestRoutes } from "../../../src/features/ingest/index.ts";
import { addSource, createSourceDirectory } from "../../../src/features/sources/index.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { runningClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../../support/usage-builders.ts";

const db = useDatabase();
const log = pino({ level: "silent" });
const ingestSecret = aWebhookSecret();
const secretsKey = randomBytes(32);
/** Of the recorded calls. */
const clock = runningClock({ from: "2026-11-23T12:00:00Z" });
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  app = createHttpServer({ log, mounts: [] });
  ingestRoutes(app, {
    database: db.pool,
    clock,
    log,
    metrics: createMetrics(),
    ingestMemory: createIngestMemory(),
    sources: createSourceDirectory({ database: db.pool, clock, secretsKey }),
    ingestSecret,
    onRecorded: () => undefined,
  });
  base = await app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(async () => {
  await app.close();
});
beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events, sources, source_secrets`,
  );
});

async function send(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}${path}`, { method: "POST", body, headers });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text: await response.text(),
  };
}
async function aSource(name: string, options: { isTrusted?: boolean; secret?: string } = {}) {
  const change = await addSource(
    { database: db.pool, clock, secretsKey },
    { name, isTrusted: options.isTrusted ?? true, actor: "test", secret: options.secret },
  );
  if (change.kind !== "done") throw new Error(change.kind);
  return change.secret;
}
/** Typed, where vitest gives `any`. */
const containing = (text: string): unknown => expect.stringContaining(text);
const bearer = (token: string) => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
});
async function stored() {
  const { rows } = await db.pool.query<{
    source: string;
    event_id: string;
    cost: string;
    team: string | null;
  }>(
    `select e.source, e.event_id, sum(c.billed_cost_usd)::numeric(20, 6)::text as cost, min(d.team_key) as team
       from usage_events e
       join charges c on c.usage_event_id = e.usage_event_id
       join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
      group by 1, 2 order by 2`,
  );
  return rows;
}
const recently = () => clock().toISOString();

describe("POST /v1/usage from several sources", () => {
  test("a source's token says whose events they are, and whether their word counts", async () => {
    const trusted = await aSource("checkout");
    const other = await aSource("partner", { isTrusted: false });
    const event = JSON.stringify(aNativeEvent({ team: "search", occurred_at: recently() }));

    expect(await send("/v1/usage", event, bearer(trusted))).toMatchObject({ status: 202 });
    expect(await send("/v1/usage", event, bearer(other))).toMatchObject({ status: 202 });
    expect(await stored()).toMatchObject([{ cost: "0.040000" }, { cost: "0.040000" }]);
    const teams = (await stored()).map(({ source, team }) => [source, team]);
    expect(Object.fromEntries(teams)).toEqual({ checkout: "search", partner: null });
  });

  test("a signature names its source in the address", async () => {
    const secret = await aSource("checkout");
    const body = JSON.stringify(aNativeEvent({ occurred_at: recently() }));
    expect(
      await send("/v1/usage?source=checkout", body, signedHeaders(secret, body)),
    ).toMatchObject({ status: 202 });
    expect(await send("/v1/usage", body, signedHeaders(secret, body))).toMatchObject({
      status: 401,
    });
  });

  test("takes lines, CloudEvents and Anthropic's own responses", async () => {
    const [one, two] = [
      aNativeEvent({ occurred_at: recently() }),
      aNativeEvent({ occurred_at: recently() }),
    ];
    const auth = { authorization: `Bearer ${ingestSecret}` };
    expect(
      await send("/v1/usage", `${JSON.stringify(one)}\n${JSON.stringify(two)}\n`, {
        ...auth,
        "content-type": "application/x-ndjson",
      }),
    ).toMatchObject({ status: 202, text: containing('"accepted":2') });
    const data = aNativeEvent({ occurred_at: recently() });
    expect(
      await send(
        "/v1/usage",
        JSON.stringify({ specversion: "1.0", id: "1", source: "app", type: "usage", data }),
        { ...auth, "content-type": "application/cloudevents+json" },
      ),
    ).toMatchObject({ status: 202, text: containing('"accepted":1') });
    const message = {
      id: "msg_01",
      type: "message",
      role: "assistant",
      model: "claude-opus-5-5",
      content: [{ type: "text", text: "the answer" }],
      usage: { input_tokens: 1000, output_tokens: 800 },
    };
    expect(
      await send(
        "/v1/usage",
        JSON.stringify({ message, request_id: "req_1", occurred_at: recently() }),
        {
          ...auth,
          "content-type": "application/json",
        },
      ),
    ).toMatchObject({ status: 202, text: containing('"accepted":1') });
    const { rows } = await db.pool.query(`select e::text as row from usage_events e`);
    expect(JSON.stringify(rows)).not.toContain("the answer");
  });
});

describe("POST /v1/usage/litellm", () => {
  test("records calls of Claude, and the same call from elsewhere once", async () => {
    const body = readFileSync("test/fixtures/webhooks/litellm/json-array.json", "utf8");
    const token = await aSource("gateway");
    const first = await send("/v1/usage/litellm", body, bearer(token));
    expect(first).toMatchObject({ status: 202 });
    const count = (await stored()).length;
    expect(count).toBeGreaterThan(0);

    expect(await send("/v1/usage/litellm", body, bearer(token))).toMatchObject({
      status: 202,
      text: containing('"accepted":0'),
    });
    expect(await stored()).toHaveLength(count);
  });

  test("refuses strangers and what is not LiteLLM's", async () => {
    expect(await send("/v1/usage/litellm", "[]")).toMatchObject({ status: 401 });
    expect(await send("/v1/usage/litellm", "7", bearer(ingestSecret))).toMatchObject({
      status: 400,
    });
  });
});

describe("POST /v1/usage/helicone", () => {
  test("takes what Helicone signed with its own key", async () => {
    const key = "helicone-hmac-key-0123456789";
    await aSource("helicone", { secret: key });
    const body = readFileSync("test/fixtures/webhooks/helicone/include-data.json", "utf8");
    const signature = createHmac("sha256", key).update(body).digest("hex");

    const path = "/v1/usage/helicone?source=helicone";
    expect(await send(path, body, { "helicone-signature": signature })).toMatchObject({
      status: 202,
    });
    expect(await stored()).toHaveLength(1);
    expect(await send(path, `${body} `, { "helicone-signature": signature })).toMatchObject({
      status: 401,
    });
    expect(await send(path, body)).toMatchObject({ status: 401 });
  });
});

describe("POST /otlp/v1/{logs,metrics,traces}", () => {
  const apiRequest = (requestId: string) => ({
    resourceLogs: [
      {
        resource: { attributes: [{ key: "team.id", value: { stringValue: "platform" } }] },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: `${String(clock().getTime())}000000`,
                body: { stringValue: "claude_code.api_request" },
                attributes: Object.entries({
                  "event.name": "api_request",
                  model: "claude-opus-5-5",
                  input_tokens: "12",
                  output_tokens: "340",
                  cache_read_tokens: "18000",
                  cache_creation_tokens: "900",
                  cost_usd_micros: "12345",
                  request_id: requestId,
                  "user.email": "dev@example.com",
                }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
              },
            ],
          },
        ],
      },
    ],
  });

  test("counts Claude Code's requests at the cost that it reports", async () => {
    const body = JSON.stringify(apiRequest("req_cc_1"));
    expect(await send("/otlp/v1/logs", body, bearer(ingestSecret))).toMatchObject({
      status: 200,
      type: containing("application/json"),
      text: "{}",
    });
    expect(await stored()).toMatchObject([{ cost: "0.012345", team: "platform" }]);
    const { rows } = await db.pool.query(
      `select distinct c.pricing_basis, e.cost_basis from charges c join usage_events e using (usage_event_id)`,
    );
    expect(rows).toEqual([{ pricing_basis: "reported", cost_basis: "reported" }]);
  });

  test("a request that an app reports as well counts once", async () => {
    const native = JSON.stringify(
      aNativeEvent({ request_id: "req_both", occurred_at: recently() }),
    );
    await send("/v1/usage", native, bearer(ingestSecret));
    await send("/otlp/v1/logs", JSON.stringify(apiRequest("req_both")), bearer(ingestSecret));
    expect(await stored()).toHaveLength(1);
  });

  test("answers mistakes as OTLP does, in the encoding of the request", async () => {
    const json = bearer(ingestSecret);
    const protobuf = { ...json, "content-type": "application/x-protobuf" };
    expect(await send("/otlp/v1/logs", "{", json)).toMatchObject({
      status: 400,
      type: containing("json"),
    });
    expect(await send("/otlp/v1/logs", Buffer.from([0xff, 0xff]), protobuf)).toMatchObject({
      status: 400,
      type: "application/x-protobuf",
    });
    expect(
      await send("/otlp/v1/traces", "{}", { "content-type": "application/json" }),
    ).toMatchObject({ status: 401 });
    expect(await send("/otlp/v1/traces", Buffer.alloc(0), protobuf)).toMatchObject({
      status: 200,
      text: "",
    });
    expect(
      await send("/otlp/v1/traces", "", { ...json, "x-test-connection": "true" }),
    ).toMatchObject({ status: 200 });
  });
});
