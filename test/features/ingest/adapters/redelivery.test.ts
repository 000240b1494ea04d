/** Elements that carry no time, through the database: the second delivery adds nothing. */
import { pino } from "pino";
import { expect, test } from "vitest";
import { addMs, DAY_MS, type Instant } from "../../../../src/domain/time.ts";
import { parseHeliconeDelivery } from "../../../../src/features/ingest/adapters/helicone.ts";
import { parseOtlpDelivery } from "../../../../src/features/ingest/adapters/otlp/delivery.ts";
import { createIngestMemory } from "../../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../../src/features/ingest/flow/record-usage.ts";
import type { ParsedEvent } from "../../../../src/features/ingest/rules.ts";
import type { OtlpSignal } from "../../../../src/http/otlp.ts";
import { useDatabase } from "../../../support/database.ts";
import {
  DELIVERY_CONTEXT,
  parseDelivery,
  webhookFixture,
} from "../../../support/native-deliveries.ts";
import { claudeCodeLogs, genAiSpans } from "../../../support/otlp-builders.ts";

const db = useDatabase();
const ingestMemory = createIngestMemory();

async function deliver(body: string, at: Instant, source = DELIVERY_CONTEXT.source) {
  const batch = parseDelivery(body, { contentType: "application/jsonl" }, { source, now: at });
  return await record(batch, at, source);
}

async function record(batch: readonly ParsedEvent[], at: Instant, source: string) {
  const [result] = await recordUsage(
    { database: db.pool, clock: () => at, log: pino({ level: "silent" }), ingestMemory },
    [{ source: { name: source, isTrusted: true }, batch }],
  );
  return result;
}

test("batch results count once, also a day later and from another source", async () => {
  const results = webhookFixture("anthropic/batch-results.jsonl");
  const { now } = DELIVERY_CONTEXT;

  expect(await deliver(results, now)).toMatchObject({ accepted: 2, duplicates: 0, rejected: [] });
  const again = { accepted: 0, duplicates: 2, rejected: [] };
  expect(await deliver(results, addMs(now, DAY_MS))).toMatchObject(again);
  expect(await deliver(results, addMs(now, DAY_MS), "import")).toMatchObject(again);

  const changed = results.replaceAll('"output_tokens":36', '"output_tokens":37');
  expect(await deliver(changed, now)).toMatchObject({
    duplicates: 1,
    rejected: [{ eventId: "msg_014VwiXbi91y3JMjcpyGBHX5", code: "conflict" }],
  });
});

const untimed = (signal: OtlpSignal, request: object) => (at: Instant) =>
  parseOtlpDelivery(
    {
      signal,
      contentType: "application/json",
      body: Buffer.from(
        JSON.stringify(request).replaceAll(/"[a-zA-Z]*imeUnixNano":"\d+"/g, '"x":0'),
      ),
    },
    { source: "untimed", now: at },
  ).events;

test.each<[string, (at: Instant) => readonly ParsedEvent[]]>([
  ["Claude Code's events", untimed("logs", claudeCodeLogs({ request_id: "req_untimed" }))],
  ["spans", untimed("traces", genAiSpans({ "gen_ai.response.id": "msg_untimed" }))],
  [
    "Helicone's deliveries",
    (at) =>
      parseHeliconeDelivery(JSON.parse(webhookFixture("helicone/include-data.json")), {
        source: "untimed",
        now: at,
      }),
  ],
])("%s without a time count once, also an hour later", async (_, parsedAt) => {
  const { now } = DELIVERY_CONTEXT;
  const later = addMs(now, DAY_MS / 24);
  expect(await record(parsedAt(now), now, "untimed")).toMatchObject({ accepted: 1, rejected: [] });
  expect(await record(parsedAt(later), later, "untimed")).toMatchObject({
    accepted: 0,
    duplicates: 1,
    rejected: [],
  });
});
