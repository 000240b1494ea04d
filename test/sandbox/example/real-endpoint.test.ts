/** The example and the program meet: over HTTP, signed, into a real database. */
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addMs, DAY_MS, instant } from "../../../src/domain/time.ts";
import { createIngestMemory, ingestRoutes } from "../../../src/features/ingest/index.ts";
import { createSourceDirectory } from "../../../src/features/sources/index.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { sendUsage } from "../../../src/sandbox/example/send.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { useDatabase } from "../../support/database.ts";
import { aStory } from "./priced-example.ts";
import { SECRET } from "./usage-server.ts";

const db = useDatabase();
const clock = () => instant(new Date());
let app: FastifyInstance;
let url = "";

beforeAll(async () => {
  const log = pino({ level: "silent" });
  app = createHttpServer({ log, mounts: [] });
  ingestRoutes(app, {
    database: db.pool,
    clock,
    log,
    metrics: createMetrics(),
    ingestMemory: createIngestMemory(),
    ingestSecret: SECRET,
    sources: createSourceDirectory({
      database: db.pool,
      clock: () => instant(new Date()),
      secretsKey: undefined,
    }),
    onRecorded: () => undefined,
  });
  url = `${await app.listen({ port: 0, host: "127.0.0.1" })}/v1/usage`;
});
afterAll(async () => {
  await app.close();
});

test("the bot records the example once, however often it is sent", async () => {
  const story = aStory(new Date().toISOString());
  const events = [
    ...exampleUsage({ story, from: addMs(story.toldAt, -3 * DAY_MS), to: story.toldAt }),
  ];

  const first = await sendUsage({ url, secret: SECRET, clock, events });
  const second = await sendUsage({ url, secret: SECRET, clock, events: events.toReversed() });

  expect(events.length).toBeGreaterThan(50);
  expect(first).toMatchObject({ accepted: events.length, duplicates: 0, rejected: 0 });
  expect(second).toMatchObject({ accepted: 0, duplicates: events.length, rejected: 0 });
});
