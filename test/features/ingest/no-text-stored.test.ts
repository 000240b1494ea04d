/**
 * Text of prompts and answers never reaches storage, logs, metrics or answers, whatever a source
 * sends. Markers are planted in every place of every recorded delivery where a source can put free
 * text, also in events that are then rejected; afterwards every column of every table is searched.
 */
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { createIngestMemory, createUsageImport } from "../../../src/features/ingest/index.ts";
import { useDatabase } from "../../support/database.ts";
import {
  RECORDED_NOW,
  type RecordedDelivery,
  recordedDeliveries,
  useIngestEndpoint,
} from "../../support/ingest-endpoint.ts";
import { encodeOtlp } from "../../support/otlp-protobuf.ts";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.ts";

const db = useDatabase();
const endpoint = useIngestEndpoint(db);
const MARK = "zqSecretText";
let planted = 0;
const mark = (): string => {
  planted += 1;
  return `${MARK}${String(planted)} that somebody said`;
};

type Json = Readonly<Record<string, unknown>>;

/** Where sources are documented to put what was said, by the name of the field. */
const TEXT_FIELDS =
  /^(?:content|text|messages|system|prompt|completion|input|output|arguments|thinking|tool_calls|request_body|error_str|error_message|traceback|response|body|description|message|user_prompt|title|summary|cwd|gitBranch|custom_id)$/;
/**
 * The same value with markers: in each text field that holds text, and in unknown fields of every
 * object, as text, list, object and deep inside.
 */
function planting(value: unknown, field = ""): unknown {
  if (typeof value === "string") {
    // The name of an event, by which it is recognised.
    return TEXT_FIELDS.test(field) && !value.startsWith("claude_code.") ? mark() : value;
  }
  if (Array.isArray(value)) return value.map((element: unknown) => planting(element, field));
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, planting(each, name)]),
  );
  return isMapOfNames(field) ? inner : { ...inner, ...unknownFields() };
}

/** Objects whose fields are names that a source chose: any text in them is a tag, and kept. */
function isMapOfNames(field: string): boolean {
  return ["tags", "spend_logs_metadata", "additional_headers"].includes(field);
}

function unknownFields(): Json {
  return {
    messages: [{ role: "user", content: mark() }],
    system: [{ type: "text", text: mark() }],
    content: [{ type: "tool_use", name: "Bash", input: { command: mark() } }],
    completion: mark(),
    prompt: mark(),
    exception: { type: "Error", message: mark(), stacktrace: mark() },
    "x-unknown-header": mark(),
    deep: { a: [{ b: { c: mark() } }] },
    [mark()]: true,
  };
}

/** Attributes that telemetry is documented to carry text in, and any that nobody knows. */
const TEXT_ATTRIBUTES = [
  "prompt",
  "user_prompt",
  "response",
  "tool_input",
  "tool_parameters",
  "error",
  "error.message",
  "exception.message",
  "exception.stacktrace",
  "gen_ai.prompt",
  "gen_ai.completion",
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.prompt.0.content",
  "gen_ai.tool.call.arguments",
  "http.request.header.x-prompt",
  "url.full",
  "some.unknown.attribute",
];

function telemetryWithText(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) {
    const inner = value.map((element: unknown) => telemetryWithText(element, field));
    return field === "attributes" ? [...inner, ...textAttributes()] : inner;
  }
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, telemetryWithText(each, name)]),
  );
  const isSpan = "spanId" in value;
  return isSpan
    ? {
        ...inner,
        events: [{ name: "exception", timeUnixNano: "1", attributes: textAttributes() }],
        status: { message: mark() },
      }
    : inner;
}

function textAttributes(): readonly object[] {
  return [
    ...TEXT_ATTRIBUTES.map((key) => ({ key, value: { stringValue: mark() } })),
    { key: "gen_ai.input.messages", value: { arrayValue: { values: [{ stringValue: mark() }] } } },
    {
      key: "gen_ai.output.messages",
      value: { kvlistValue: { values: [{ key: mark(), value: { stringValue: mark() } }] } },
    },
  ];
}

/** The delivery with markers, in its own encoding. */
function withMarkers(delivery: RecordedDelivery): RecordedDelivery {
  const plant = delivery.path.startsWith("/otlp") ? telemetryWithText : planting;
  const reading = (text: string): string => JSON.stringify(plant(JSON.parse(text)));
  if (delivery.name.endsWith("in protobuf")) {
    const json = recordedDeliveries().find(
      ({ name }) => name === delivery.name.replace(" in protobuf", ".json"),
    );
    const signal = delivery.path.replace("/otlp/v1/", "") as "logs" | "metrics" | "traces";
    const request = plant(JSON.parse(json?.body.toString() ?? "")) as object;
    return { ...delivery, body: encodeOtlp(signal, request) };
  }
  const text = delivery.body.toString("utf8");
  const lines = /nd?json|jsonl/.test(delivery.name) && !delivery.name.endsWith(".json");
  const body = lines
    ? text
        .split("\n")
        .map((line) => (isJson(line) ? reading(line) : line))
        .join("\n")
    : reading(text);
  return {
    ...delivery,
    body: Buffer.from(body),
    headers: { ...delivery.headers, "x-prompt": mark(), "user-agent": mark(), "ce-prompt": mark() },
  };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Quantities, times, models and ids that are none, so that events are rejected beside their text. */
function spoiledFigures(body: Buffer, random: SeededRandom): Buffer {
  const wrong = ["-1", "1.5", `"${mark()}"`, `{"text":"${mark()}"}`, `["${mark()}"]`];
  return Buffer.from(
    body
      .toString("utf8")
      .replaceAll(
        /("(?:input_tokens|output_tokens|prompt_tokens|completion_tokens|usage|occurred_at|startTime|endTime|timestamp|reported_cost_usd|response_cost|cost|timeUnixNano|endTimeUnixNano|tags|user_email)"\s*:\s*)("(?:[^"\\]|\\.)*"|-?[\d.]+|null)/g,
        (whole: string, name: string) =>
          random.below(2) === 0 ? name + random.pick(wrong) : whole,
      ),
  );
}

/** The names of all columns of all tables in which a marker stands. */
async function columnsWithMarkers(): Promise<readonly string[]> {
  const { rows } = await db.pool.query<{ table_name: string; column_name: string }>(
    `select c.table_name, c.column_name
       from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
      where c.table_schema = 'public' and t.table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { table_name: table, column_name: column } of rows) {
    // oxlint-disable-next-line no-await-in-loop -- a hundred small questions
    const { rowCount } = await db.pool.query(
      `select 1 from "${table}" t where t."${column}"::text like '%${MARK}%' limit 1`,
    );
    if ((rowCount ?? 0) > 0) found.push(`${table}.${column}`);
  }
  expect(rows.length).toBeGreaterThan(100);
  return found;
}

async function storedRows(): Promise<{ readonly events: number; readonly rejected: number }> {
  const { rows } = await db.pool.query<{ events: number; rejected: number }>(
    `select (select count(*)::int from usage_events) as events, (select count(*)::int from rejected_events) as rejected`,
  );
  return rows[0] ?? { events: 0, rejected: 0 };
}

describe("text of prompts and answers", () => {
  test("would be found by this test", async () => {
    await db.pool.query(
      `insert into rejected_events (rejected_event_id, source, code, message, received_at, last_received_at)
       values (gen_random_uuid(), 'x', 'invalid', $1, now(), now())`,
      [mark()],
    );
    expect(await columnsWithMarkers()).toEqual(["rejected_events.message"]);
    await db.pool.query(`truncate rejected_events`);
  });

  test("of valid deliveries is nowhere afterwards", async () => {
    for (const delivery of recordedDeliveries()) {
      const { path, body, headers, name } = withMarkers(delivery);
      // oxlint-disable-next-line no-await-in-loop -- so that a failure names its delivery
      const { status, text } = await endpoint.send(path, body, headers);
      expect({ name, status: status < 300 ? "taken" : text }).toEqual({ name, status: "taken" });
      expect(text).not.toContain(MARK);
    }
    expect(planted).toBeGreaterThan(1_000);
    expect((await storedRows()).events).toBeGreaterThan(10);
    expect(await columnsWithMarkers()).toEqual([]);
    expect(endpoint.logged()).not.toContain(MARK);
    expect(await endpoint.metricsText()).not.toContain(MARK);
  });

  test("of rejected, broken and refused deliveries is nowhere afterwards", async () => {
    const before = await storedRows();
    for (let seed = 0; seed < 6; seed += 1) {
      const random = seededRandom(seed);
      for (const delivery of recordedDeliveries()) {
        const { path, body, headers } = withMarkers(delivery);
        const spoiled = spoiledFigures(body, random);
        const cut = random.below(4) === 0 ? spoiled.subarray(0, spoiled.length - 9) : spoiled;
        // oxlint-disable-next-line no-await-in-loop -- so that a failure names its delivery
        const { status, text } = await endpoint.send(path, cut, headers);
        expect(status).toBeLessThan(500);
        expect(text).not.toContain(MARK);
      }
    }
    expect((await storedRows()).rejected).toBeGreaterThan(before.rejected + 20);
    expect(await columnsWithMarkers()).toEqual([]);
    expect(endpoint.logged()).not.toContain(MARK);
    expect(await endpoint.metricsText()).not.toContain(MARK);
  });

  test("of imported files is nowhere afterwards, nor in what is said about them", async () => {
    const said: string[] = [];
    const usageImport = createUsageImport({
      now: RECORDED_NOW,
      recording: {
        database: db.pool,
        clock: () => RECORDED_NOW,
        log: pino({ level: "trace" }, { write: (line: string) => void said.push(line) }),
        ingestMemory: createIngestMemory(),
      },
      source: undefined,
      userEmail: undefined,
      onProblem: (problem) => said.push(JSON.stringify(problem)),
      onSettled: () => undefined,
    });
    for (const name of [
      "claude-code/session.jsonl",
      "anthropic/batch-results.jsonl",
      "native/events.ndjson",
      "litellm/spend-logs.json",
    ]) {
      const text = readFileSync(`test/fixtures/webhooks/${name}`, "utf8");
      const plantedText = name.endsWith(".json")
        ? JSON.stringify(planting(JSON.parse(text)))
        : text
            .split("\n")
            .map((line) =>
              isJson(line) ? JSON.stringify(planting(JSON.parse(line))) : `${line} ${mark()}`,
            )
            .join("\n");
      for (const content of [
        Buffer.from(plantedText),
        spoiledFigures(Buffer.from(plantedText), seededRandom(1)),
      ]) {
        const chunks = (async function* () {
          yield await Promise.resolve(content);
        })();
        // oxlint-disable-next-line no-await-in-loop -- one file after the other
        await usageImport.add({ name, chunks });
      }
    }
    const totals = await usageImport.finish();
    expect(totals.accepted + totals.duplicates).toBeGreaterThan(4);
    expect(totals.rejected).toBeGreaterThan(3);
    expect(await columnsWithMarkers()).toEqual([]);
    expect(said.join("\n")).not.toContain(MARK);
  });
});
