import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { readFileLines } from "../../../src/features/ingest/adapters/transcript.ts";
import { createIngestMemory, importUsage } from "../../../src/features/ingest/index.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const TRANSCRIPT = "test/fixtures/webhooks/claude-code/session.jsonl";

async function importLines(input: AsyncIterable<string>, userEmail?: string) {
  return await importUsage(
    {
      database: db.pool,
      clock: () => instant("2026-11-23T12:00:00Z"),
      log: pino({ level: "silent" }),
      ingestMemory: createIngestMemory(),
    },
    { lines: input, source: { name: "import", isTrusted: true }, userEmail },
  );
}
const linesOf = (path: string) => createInterface({ input: createReadStream(path) });
async function* lines(...texts: readonly string[]) {
  for (const text of texts) yield await Promise.resolve(text);
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, budget_checks, rejected_events`,
  );
});

describe("importUsage", () => {
  test("counts each answer of a Claude Code session once, complete, and nothing of what was said", async () => {
    expect(await importLines(linesOf(TRANSCRIPT), "dev@example.com")).toMatchObject({
      accepted: 2,
      duplicates: 0,
      rejected: 0,
      brokenLines: 1,
    });

    const { rows } = await db.pool.query(
      `select e.request_id, e.user_email, sum(c.billed_cost_usd)::numeric(10, 6)::text as cost
         from usage_events e join charges c using (usage_event_id)
        group by 1, 2 order by 1`,
    );
    expect(rows).toEqual([
      { request_id: "req_t1", user_email: "dev@example.com", cost: "0.040000" },
      { request_id: "req_t2", user_email: "dev@example.com", cost: "1.000000" },
    ]);
    const all = await db.pool.query(`select e::text as row from usage_events e`);
    expect(JSON.stringify(all.rows)).not.toContain("SECRET");
  });

  test("a second import, and a resumed session that begins with a copy, add nothing", async () => {
    await importLines(linesOf(TRANSCRIPT), "dev@example.com");
    expect(await importLines(linesOf(TRANSCRIPT), "dev@example.com")).toMatchObject({
      accepted: 0,
      duplicates: 2,
      rejected: 0,
    });
  });

  test("takes native events and batch results, and says what was wrong with the first bad one", async () => {
    const result = {
      custom_id: "a",
      result: {
        type: "succeeded",
        message: {
          id: "msg_b",
          type: "message",
          model: "claude-opus-5-5",
          usage: { input_tokens: 1, output_tokens: 1, service_tier: "batch" },
        },
      },
    };
    const totals = await importLines(
      lines(
        JSON.stringify(aNativeEvent()),
        "",
        JSON.stringify(result),
        JSON.stringify({ custom_id: "b", result: { type: "errored" } }),
        JSON.stringify(aNativeEvent({ usage: { input_tokens: -1, output_tokens: 1 } })),
      ),
    );
    expect(totals).toMatchObject({ accepted: 2, rejected: 1 });
    expect(totals.firstRejection).toContain("usage.input_tokens");
  });
});

test("any line is taken without throwing", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (texts) => {
      const reader = readFileLines();
      for (const text of texts) reader.take(text);
      expect(reader.rest().length).toBeLessThanOrEqual(texts.length);
    }),
  );
});
