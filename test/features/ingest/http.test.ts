import { gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory, ingestRoutes } from "../../../src/features/ingest/index.ts";
import { createSourceDirectory } from "../../../src/features/sources/index.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent, aWebhookSecret, signedHeaders } from "../../support/usage-builders.ts";

const db = useDatabase();
const secret = aWebhookSecret();
const log = pino({ level: "silent" });
let app: FastifyInstance;
let url: string;
let recordings = 0;

async function serve(database: Parameters<typeof ingestRoutes>[1]["database"]) {
  const server = createHttpServer({ log, mounts: [] });
  ingestRoutes(server, {
    database,
    clock: () => instant(new Date()),
    log,
    metrics: createMetrics(),
    ingestMemory: createIngestMemory(),
    ingestSecret: secret,
    sources: createSourceDirectory({
      database: database,
      clock: () => instant(new Date()),
      secretsKey: undefined,
    }),
    onRecorded: () => {
      recordings += 1;
    },
  });
  return { server, address: `${await server.listen({ port: 0, host: "127.0.0.1" })}/v1/usage` };
}

beforeAll(async () => {
  ({ server: app, address: url } = await serve(db.pool));
});
afterAll(async () => {
  await app.close();
});

const anEvent = (overrides = {}) =>
  aNativeEvent({ occurred_at: new Date().toISOString(), ...overrides });

async function post(body: string | Buffer, headers: Record<string, string>, to = url) {
  const response = await fetch(to, { method: "POST", body, headers, redirect: "error" });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as never,
  };
}
async function postSigned(value: unknown) {
  const body = JSON.stringify(value);
  return await post(body, signedHeaders(secret, body));
}

describe("POST /v1/usage", () => {
  test("takes a signed event, and an array of them", async () => {
    expect(await postSigned(anEvent())).toMatchObject({
      status: 202,
      body: { accepted: 1, duplicates: 0, rejected: [] },
    });
    expect(await postSigned([anEvent(), anEvent()])).toMatchObject({
      status: 202,
      body: { accepted: 2 },
    });
    expect(recordings).toBe(2);
  });

  test("takes the secret as a bearer token", async () => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    expect(await post(JSON.stringify(anEvent()), headers)).toMatchObject({ status: 202 });
  });

  test("takes gzip, signed as it is sent", async () => {
    const body = gzipSync(JSON.stringify(anEvent()));
    const headers = { authorization: `Bearer ${secret}`, "content-encoding": "gzip" };
    expect(await post(body, headers)).toMatchObject({ status: 202 });
  });

  test("answers 422 with the same body when every event is rejected", async () => {
    expect(await postSigned([{ event_id: "x1" }])).toMatchObject({
      status: 422,
      body: {
        accepted: 0,
        duplicates: 0,
        rejected: [{ index: 0, event_id: "x1", code: "invalid" }],
      },
    });
    expect(await postSigned([{ event_id: "x1" }, anEvent()])).toMatchObject({ status: 202 });
  });

  test("an empty batch is fine", async () => {
    expect(await postSigned([])).toMatchObject({ status: 202, body: { accepted: 0 } });
  });

  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const signed = (body: string, at?: Date) =>
    signedHeaders(secret, body, at === undefined ? {} : { at });
  test.each([
    ["unsigned", () => ({ "content-type": "application/json" })],
    ["a wrong bearer token", () => ({ authorization: "Bearer whsec_wrong" })],
    ["another secret's signature", (body: string) => signedHeaders(aWebhookSecret(), body)],
    ["a signature over another body", () => signed("{}")],
    ["older than five minutes", (body: string) => signed(body, minutesAgo(6))],
    ["from the future", (body: string) => signed(body, minutesAgo(-6))],
  ])("refuses what is %s with 401 and stores nothing", async (_name, headersFor) => {
    const event = anEvent();
    const body = JSON.stringify(event);
    expect(await post(body, headersFor(body))).toMatchObject({
      status: 401,
      body: { error: { code: "unauthorized" } },
    });
    const { rowCount } = await db.pool.query(`select 1 from usage_events where event_id = $1`, [
      event["event_id"],
    ]);
    expect(rowCount).toBe(0);
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["text", '"hello"'],
    ["a number", "7"],
    ["null", "null"],
  ])("answers 400 to %s", async (_name, body) => {
    expect(await post(body, signedHeaders(secret, body))).toMatchObject({
      status: 400,
      body: { error: { code: "invalid" } },
    });
  });

  test("answers 400 to what is not UTF-8, not gzip, or encoded otherwise", async () => {
    const authorization = `Bearer ${secret}`;
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    expect(await post(bytes, { authorization })).toMatchObject({ status: 400 });
    expect(await post("{}", { authorization, "content-encoding": "gzip" })).toMatchObject({
      status: 400,
    });
    expect(await post("{}", { authorization, "content-encoding": "br" })).toMatchObject({
      status: 400,
    });
  });

  test("answers 413 to too many events, too many bytes, and a bomb", async () => {
    const authorization = `Bearer ${secret}`;
    const many = JSON.stringify(Array.from({ length: 5001 }, () => ({})));
    expect(await post(many, { authorization })).toMatchObject({ status: 413 });
    const large = Buffer.alloc(8 * 1024 * 1024 + 1, " ");
    expect(await post(large, { authorization })).toMatchObject({ status: 413 });
    const bomb = gzipSync(large);
    expect(await post(bomb, { authorization, "content-encoding": "gzip" })).toMatchObject({
      status: 413,
    });
  });

  test("answers 503 with Retry-After while Postgres is away, and the retry counts once", async () => {
    const away = openDatabase({ host: "127.0.0.1", port: 1, connectionTimeoutMillis: 500 });
    const { server, address } = await serve(away);
    const event = anEvent();
    const body = JSON.stringify(event);
    const refused = await post(body, signedHeaders(secret, body), address);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await server.close();
    await away.end();

    expect(await postSigned(event)).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await postSigned(event)).toMatchObject({ status: 202, body: { duplicates: 1 } });
  });
});
