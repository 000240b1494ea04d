/** Ingest's routes over real HTTP and a real database, with all that they log kept for inspection. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { type Instant, instant } from "../../src/domain/time.ts";
import { createIngestMemory, ingestRoutes } from "../../src/features/ingest/index.ts";
import { createSourceDirectory } from "../../src/features/sources/index.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createHttpServer } from "../../src/http/server.ts";
import type { TestDatabase } from "./database.ts";
import { encodeOtlp } from "./otlp-protobuf.ts";
import { aWebhookSecret } from "./usage-builders.ts";

/** A little after the time of all recorded deliveries. */
export const RECORDED_NOW: Instant = instant("2026-11-23T13:30:00Z");
/** A stuck connection is a failure, not a wait. */
const ANSWER_TIMEOUT_MS = 15_000;

export interface RecordedDelivery {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface IngestEndpoint {
  readonly send: (
    path: string,
    body: Buffer | string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly port: () => number;
  readonly authorization: string;
  readonly logged: () => string;
  readonly metricsText: () => Promise<string>;
}

/** Starts before the file's tests and stops after them. */
export function useIngestEndpoint(db: TestDatabase): IngestEndpoint {
  const secret = aWebhookSecret();
  const authorization = `Bearer ${secret}`;
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const clock = () => RECORDED_NOW;
  const app: FastifyInstance = createHttpServer({ log, mounts: [] });
  const port = (): number => (app.server.address() as AddressInfo).port;

  beforeAll(async () => {
    ingestRoutes(app, {
      database: db.pool,
      clock,
      log,
      metrics,
      ingestMemory: createIngestMemory(),
      sources: createSourceDirectory({ database: db.pool, clock, secretsKey: randomBytes(32) }),
      ingestSecret: secret,
      onRecorded: () => undefined,
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
  });
  afterAll(async () => {
    agent.destroy();
    await app.close();
  });

  return {
    authorization,
    port,
    logged: () => lines.join(""),
    metricsText: async () => await metrics.registry.metrics(),
    send: async (path, body, headers = {}) =>
      await new Promise((resolve, reject) => {
        const sending = request(
          {
            agent,
            host: "127.0.0.1",
            port: port(),
            path,
            method: "POST",
            headers: { authorization, ...headers, "content-length": Buffer.byteLength(body) },
            timeout: ANSWER_TIMEOUT_MS,
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () =>
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text: Buffer.concat(chunks).toString("utf8"),
              }),
            );
          },
        );
        sending.on("timeout", () => sending.destroy(new Error("no answer: a stuck connection")));
        sending.on("error", reject);
        sending.end(body);
      }),
  };
}

const JSON_TYPE = { "content-type": "application/json" };

function fixture(name: string): Buffer {
  return readFileSync(`test/fixtures/webhooks/${name}`);
}

function recorded(path: string, type: string, names: readonly string[]): RecordedDelivery[] {
  return names.map((name) => ({
    name,
    path,
    headers: { "content-type": type },
    body: fixture(name),
  }));
}

/** Every recorded delivery, to each route in each of its encodings. */
export function recordedDeliveries(): readonly RecordedDelivery[] {
  const binary = JSON.parse(fixture("cloudevents/binary.json").toString()) as {
    headers: Record<string, string>;
    body: object;
  };
  const otlp = {
    logs: ["claude-code-logs", "claude-code-other-events"],
    metrics: ["claude-code-metrics"],
    traces: ["claude-api-spans", "gateway-spans", "openrouter-spans"],
  } as const;
  return [
    ...recorded("/v1/usage", "application/json", [
      "native/event.json",
      "anthropic/message.json",
      "anthropic/stream-cut-off.json",
      "anthropic/stream-web-search.json",
    ]),
    ...recorded("/v1/usage", "application/x-ndjson", [
      "native/events.ndjson",
      "anthropic/batch-results.jsonl",
    ]),
    ...recorded("/v1/usage", "application/cloudevents+json", ["cloudevents/structured.json"]),
    ...recorded("/v1/usage", "application/cloudevents-batch+json", ["cloudevents/batch.json"]),
    {
      name: "cloudevents/binary.json",
      path: "/v1/usage",
      headers: binary.headers,
      body: Buffer.from(JSON.stringify(binary.body)),
    },
    ...recorded("/v1/usage/litellm", "application/json", [
      "litellm/json-array.json",
      "litellm/single.json",
      "litellm/mixed.ndjson",
    ]),
    ...recorded("/v1/usage/helicone", "application/json", [
      "helicone/include-data.json",
      "helicone/without-data.json",
      "helicone/long-answer.json",
    ]),
    ...(["logs", "metrics", "traces"] as const).flatMap((signal) =>
      otlp[signal].flatMap((name) => {
        const path = `/otlp/v1/${signal}`;
        const body = fixture(`otlp/${name}.json`);
        const protobuf = encodeOtlp(signal, JSON.parse(body.toString()) as object);
        return [
          { name: `otlp/${name}.json`, path, headers: JSON_TYPE, body },
          {
            name: `otlp/${name} in protobuf`,
            path,
            headers: { "content-type": "application/x-protobuf" },
            body: protobuf,
          },
        ];
      }),
    ),
  ];
}
