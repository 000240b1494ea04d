/** Elements that carry no time, through the database: the second delivery adds nothing. */
import { pino } from "pino";
import { expect, test } from "vitest";
import { addMs, DAY_MS, type Instant } from "../../../../src/domain/time.ts";
import { createIngestMemory } from "../../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../../src/features/ingest/flow/record-usage.ts";
import { useDatabase } from "../../../support/database.ts";
import {
  DELIVERY_CONTEXT,
  parseDelivery,
  webhookFixture,
} from "../../../support/native-deliveries.ts";

const db = useDatabase();
const ingestMemory = createIngestMemory();

async function deliver(body: string, at: Instant, source = DELIVERY_CONTEXT.source) {
  const batch = parseDelivery(body, { contentType: "application/jsonl" }, { source, now: at });
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
