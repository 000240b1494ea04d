import { readFileSync } from "node:fs";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../../src/domain/errors.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  createIngestMemory,
  createUsageImport,
  type ImportProblem,
} from "../../../src/features/ingest/index.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T12:00:00Z");
const fixture = (name: string) => readFileSync(`test/fixtures/webhooks/${name}`);
const TRANSCRIPT = fixture("claude-code/session.jsonl");

/** All in the same memory, as a file is read. */
async function* inPieces(bytes: Buffer, length: number) {
  const memory = Buffer.alloc(Math.min(length, bytes.length));
  for (let at = 0; at < bytes.length; at += length) {
    const copied = bytes.copy(memory, 0, at, at + length);
    yield await Promise.resolve(memory.subarray(0, copied));
    memory.fill("x");
  }
}

async function importFiles(
  files: Readonly<Record<string, string | Buffer | AsyncIterable<Buffer>>>,
  options: { userEmail?: string; source?: string; isDryRun?: boolean; pieces?: number } = {},
) {
  const problems: ImportProblem[] = [];
  let settled = 0;
  const usageImport = createUsageImport({
    now: NOW,
    recording:
      options.isDryRun === true
        ? undefined
        : {
            database: db.pool,
            clock: () => NOW,
            log: pino({ level: "silent" }),
            ingestMemory: createIngestMemory(),
          },
    source: options.source,
    userEmail: options.userEmail,
    onProblem: (problem) => problems.push(problem),
    onSettled: (events) => {
      settled += events;
    },
  });
  for (const [name, content] of Object.entries(files)) {
    const chunks =
      typeof content === "string" || Buffer.isBuffer(content)
        ? inPieces(Buffer.from(content), options.pieces ?? 1_000_000)
        : content;
    await usageImport.add({ name, chunks });
  }
  const totals = await usageImport.finish();
  return {
    ...totals,
    settled,
    problems: problems.map(
      ({ file, line, message }) =>
        `${file}${line === undefined ? "" : `:${String(line)}`}: ${message}`,
    ),
  };
}

async function stored() {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select e.source, e.event_id, e.user_email, e.claimed_team, e.claimed_project, e.cost_basis,
            sum(c.billed_cost_usd)::numeric(10, 6)::text as cost
       from usage_events e join charges c using (usage_event_id)
      group by 1, 2, 3, 4, 5, 6 order by 2`,
  );
  return rows;
}
const json = (...values: readonly unknown[]) =>
  values.map((value) => JSON.stringify(value)).join("\n");
const answer = (number: number, overrides: Record<string, unknown> = {}, output = 10) => ({
  type: "assistant",
  sessionId: "s1",
  uuid: `u${String(number)}`,
  timestamp: "2026-11-20T09:00:03.000Z",
  requestId: `req_${String(number)}`,
  message: {
    id: `msg_${String(number)}`,
    model: "claude-opus-5-5",
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: output },
  },
  ...overrides,
});

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_events, usage_identities, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

describe("Claude Code transcripts", () => {
  test.each([1_000_000, 700, 7])(
    "each answer counts once, complete, and nothing of what was said (pieces of %i bytes)",
    async (pieces) => {
      const totals = await importFiles(
        { "s.jsonl": TRANSCRIPT },
        { userEmail: "dev@example.com", pieces },
      );
      expect(totals).toMatchObject({
        accepted: 2,
        duplicates: 0,
        rejected: 1,
        settled: 2,
        problems: ["s.jsonl:7: expected JSON in UTF-8"],
      });
      expect(await stored()).toMatchObject([
        {
          source: "claude-code",
          event_id: "req_t1",
          user_email: "dev@example.com",
          cost: "0.040000",
        },
        {
          source: "claude-code",
          event_id: "req_t2",
          user_email: "dev@example.com",
          cost: "1.000000",
        },
      ]);
      const all = await db.pool.query(`select e::text as row from usage_events e`);
      expect(JSON.stringify(all.rows)).not.toContain("SECRET");
    },
  );

  test("a second import, and a resumed session that begins with a copy, add nothing", async () => {
    await importFiles({ "s.jsonl": TRANSCRIPT });
    const again = await importFiles({ "s.jsonl": TRANSCRIPT, "copy.jsonl": TRANSCRIPT });
    expect(again).toMatchObject({ accepted: 0, duplicates: 4 });
    expect(await stored()).toHaveLength(2);
  });

  test("an answer whose blocks stand far apart still counts once, with its last figures", async () => {
    const others = Array.from({ length: 400 }, (_, index) => answer(1_000 + index));
    const text = json(answer(1, {}, 1), ...others, answer(1, {}, 800));
    expect(await importFiles({ "s.jsonl": text })).toMatchObject({ accepted: 401 });
    const { rows } = await db.pool.query(
      `select e.usage->>'outputTokens' as output from usage_events e where e.event_id = 'req_1'`,
    );
    expect(rows).toEqual([{ output: "800" }]);
  });

  test("of one answer that is told twice, far apart and differently, the first counts", async () => {
    const others = Array.from({ length: 2_600 }, (_, index) => answer(10 + index));
    const text = json(answer(1, {}, 5), ...others, answer(1, {}, 900));
    // Several batches are recorded at a time, and these two stand in the first and the last.
    const totals = await importFiles({ "s.jsonl": text }, { pieces: 100_000 });
    expect(totals).toMatchObject({ accepted: 2_601, duplicates: 0, rejected: 1, settled: 2_602 });
    expect(totals.problems).toEqual([expect.stringMatching(/^s\.jsonl:2602: event_id: already/)]);
    const { rows } = await db.pool.query(
      `select e.usage->>'outputTokens' as output from usage_events e where e.event_id = 'req_1'`,
    );
    expect(rows).toEqual([{ output: "5" }]);
  });

  test("leaves the last answer of a running session for later, and only that", async () => {
    const running = (number: number, timestamp: string) =>
      answer(number, {
        timestamp,
        message: { ...answer(number).message, stop_reason: null },
      });
    const files = {
      "live.jsonl": json(answer(1), running(2, "2026-11-23T11:59:30Z")),
      "over.jsonl": json(running(3, "2026-11-23T11:50:00Z")),
    };
    expect(await importFiles(files)).toMatchObject({ accepted: 2, unfinished: 1, rejected: 0 });
  });

  test("what is too old is no mistake of anybody", async () => {
    const old = answer(1, { timestamp: "2025-01-01T00:00:00Z" });
    expect(await importFiles({ "s.jsonl": json(old, answer(2)) })).toMatchObject({
      accepted: 1,
      tooOld: 1,
      rejected: 0,
      problems: [],
    });
  });
});

describe("LiteLLM's spend logs", () => {
  const JSON_EXPORT = fixture("litellm/spend-logs.json");
  const expected = [
    {
      source: "litellm",
      event_id: "chatcmpl-7d1c2f4e-7a52-4b1f-9f53-0a2a4b7d9c11",
      user_email: "dev@example.com",
      claimed_team: "platform",
      claimed_project: "checkout",
      cost_basis: "computed",
    },
    {
      source: "litellm",
      event_id: "msg_01XFDUDYJgAACzvnptvVoYEL",
      claimed_team: "search",
      cost_basis: "reported", // It does not say what was cached.
      cost: "0.012300",
    },
  ];
  const rows = JSON.parse(JSON_EXPORT.toString()) as unknown[];

  test.each([
    ["an answer of /spend/logs", JSON_EXPORT],
    ["an answer with pages", Buffer.from(`{ "data": ${JSON_EXPORT.toString()}, "total": 5 }`)],
    ["one row a line", Buffer.from(json(...rows))],
    ["the table as CSV", fixture("litellm/spend-logs.csv")],
    [
      "CSV with a byte order mark",
      Buffer.concat([Buffer.from("\uFEFF"), fixture("litellm/spend-logs.csv")]),
    ],
  ])("%s: calls of Claude that reached it, once each", async (_, bytes) => {
    for (const pieces of [1_000_000, 13]) {
      const totals = await importFiles({ "spend-logs": bytes }, { pieces });
      expect(totals).toMatchObject({ rejected: 0, refusedFiles: 0, problems: [] });
      expect(totals.accepted + totals.duplicates).toBe(2);
      expect(await stored()).toMatchObject(expected);
    }
    const all = await db.pool.query(`select e::text as row from usage_events e`);
    expect(JSON.stringify(all.rows)).not.toContain("SECRET");
  });

  test("a daily summary is refused with what to ask for", async () => {
    const summary = json([{ startTime: "2026-11-23", spend: 1, users: {}, models: {} }]);
    const { problems } = await importFiles({ "spend.json": summary });
    expect(problems).toEqual([expect.stringContaining("summarize=false")]);
  });

  test("a broken row is told with its line and spoils no other", async () => {
    const csv = fixture("litellm/spend-logs.csv").toString().split("\n");
    csv[2] = (csv[2] ?? "").replace(",0.0123,", ",much,");
    const { accepted, problems } = await importFiles({ "x.csv": csv.join("\n") });
    expect(accepted).toBe(1);
    expect(problems).toEqual([expect.stringMatching(/^x\.csv:3: response_cost: /)]);
  });
});

describe("native events and batch results", () => {
  test("a list, an object laid out over lines, and one a line", async () => {
    const [one, two, three] = [aNativeEvent(), aNativeEvent(), aNativeEvent()];
    const files = {
      "list.json": JSON.stringify([one], undefined, 2),
      "pretty.json": JSON.stringify(two, undefined, 2),
      "lines.ndjson": `\uFEFF\r\n${JSON.stringify(three)}\r\n\r\n`,
    };
    expect(await importFiles(files, { pieces: 50 })).toMatchObject({
      accepted: 3,
      rejected: 0,
      found: { native: 3 },
    });
    expect((await stored()).map(({ source }) => source)).toEqual(["import", "import", "import"]);
  });

  test("batch results count at the batch price, once, and failed ones not at all", async () => {
    const totals = await importFiles({ "results.jsonl": fixture("anthropic/batch-results.jsonl") });
    expect(totals).toMatchObject({ accepted: 2, rejected: 0, found: { "batch-results": 2 } });
  });

  test("names the file, the line and the field of what is wrong, and records the rest", async () => {
    const text = [
      JSON.stringify(aNativeEvent({ event_id: "good" })),
      "",
      JSON.stringify(aNativeEvent({ usage: { input_tokens: -1, output_tokens: 1 } })),
      "{ half",
      JSON.stringify(aNativeEvent({ event_id: "good", model: "claude-haiku-4-5" })),
      JSON.stringify(aNativeEvent({ event_id: "last" })),
    ].join("\n");
    expect(await importFiles({ "day.ndjson": text })).toMatchObject({
      accepted: 2,
      rejected: 3,
      problems: [
        expect.stringMatching(/^day\.ndjson:3: usage\.input_tokens: /),
        "day.ndjson:4: expected JSON in UTF-8",
        expect.stringMatching(/^day\.ndjson:5: event_id: already recorded/),
      ],
    });
  });

  test("--source names the source of all", async () => {
    await importFiles(
      { "a.ndjson": json(aNativeEvent()), "b.jsonl": json(answer(1)) },
      { source: "backfill" },
    );
    expect((await stored()).map(({ source }) => source)).toEqual(["backfill", "backfill"]);
  });
});

describe("what can't be imported", () => {
  test.each([
    ["text", "Dear diary"],
    ["another table", "id,name\n1,x\n"],
    ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
    ["another JSON", '{"name":"claude-spend","version":"1"}'],
    ["another list", '[{"a":1},{"a":2}]'],
    ["half a list", '[{"event_id":'],
    ["UTF-16", Buffer.from(json(aNativeEvent()), "utf16le")],
    ["only broken lines", "{ a\n{ b\n"],
  ])("%s is refused by name, with what is known", async (_, content) => {
    const good = json(aNativeEvent());
    const totals = await importFiles({ "odd.bin": content, "good.ndjson": good });
    expect(totals).toMatchObject({ files: 2, refusedFiles: 1, accepted: 1 });
    expect(totals.problems).toEqual([
      expect.stringMatching(/^odd\.bin: .*Claude Code transcripts/),
    ]);
  });

  test("an empty file and an empty list are nothing, and no mistake", async () => {
    expect(await importFiles({ "a.jsonl": "", "b.jsonl": "\n \n", "c.json": "[]" })).toMatchObject({
      files: 3,
      refusedFiles: 0,
      accepted: 0,
      problems: [],
    });
  });

  test("a file that breaks while it is read is told, what came before counts, the next is read", async () => {
    async function* breaking() {
      yield await Promise.resolve(Buffer.from(`${json(aNativeEvent())}\n`));
      throw new Error("EIO: i/o error");
    }
    const totals = await importFiles({ "a.ndjson": breaking(), "b.ndjson": json(aNativeEvent()) });
    expect(totals).toMatchObject({ accepted: 2, refusedFiles: 1 });
    expect(totals.problems).toEqual(["a.ndjson: It can't be read: EIO: i/o error."]);
  });
});

test("a dry run counts and records nothing", async () => {
  expect(await importFiles({ "s.jsonl": TRANSCRIPT }, { isDryRun: true })).toMatchObject({
    accepted: 2,
    rejected: 1,
    settled: 2,
  });
  expect(await stored()).toEqual([]);
});

test("ends when what was read can't be recorded, and throws why", async () => {
  const lost = new AppError({ code: "unavailable", message: "Away.", retryable: true });
  const usageImport = createUsageImport({
    now: NOW,
    recording: {
      database: db.pool,
      clock: () => NOW,
      log: pino({ level: "silent" }),
      get ingestMemory(): never {
        throw lost;
      },
    },
    source: undefined,
    userEmail: undefined,
    onProblem: () => undefined,
    onSettled: () => undefined,
  });
  const lines = Array.from({ length: 9_000 }, (_, index) => `${json(answer(index))}\n`);
  const adding = usageImport.add({
    name: "s.jsonl",
    chunks: inPieces(Buffer.from(lines.join("")), 20_000),
  });
  await expect(adding).rejects.toBe(lost);
  await expect(usageImport.finish()).rejects.toBe(lost);
});

test("begun again, it goes on where it was: all that was recorded is passed over", async () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => answer(index));
  await importFiles({ "s.jsonl": json(...lines.slice(0, 4_500)) });
  // Small pieces, so that there are several batches, and the later ones are looked up first.
  const again = await importFiles({ "s.jsonl": json(...lines) }, { pieces: 50_000 });
  expect(again).toMatchObject({ accepted: 500, duplicates: 4_500, settled: 5_000 });
  const { rows } = await db.pool.query(
    `select count(*)::int as events, (select sum(r.request_count)::int from spend_rollups r) as counted from usage_events e`,
  );
  expect(rows).toEqual([{ events: 5_000, counted: 5_000 }]);
});
