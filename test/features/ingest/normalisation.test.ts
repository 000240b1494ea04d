/**
 * One call of Claude in the words of every source: does "input" include what was cached, are cache
 * writes split by lifetime, is a cost given and does it count, where the time comes from. And the
 * same call through two sources, in either order, counts once.
 */
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { createIngestMemory, createUsageImport } from "../../../src/features/ingest/index.ts";
import { useDatabase } from "../../support/database.ts";
import { RECORDED_NOW, useIngestEndpoint } from "../../support/ingest-endpoint.ts";
import { claudeCodeLogs, genAiSpans } from "../../support/otlp-builders.ts";

const db = useDatabase();
const endpoint = useIngestEndpoint(db);

interface Call {
  readonly requestId: string;
  readonly messageId: string;
}

const AT = "2026-11-23T10:00:00.000Z";
const MODEL = "claude-opus-5-5";
/** What was really used: 1,000 uncached, 50,000 read, 500 and 1,500 written, 800 out. */
const USAGE = {
  input_tokens: 1_000,
  cache_creation_input_tokens: 2_000,
  cache_read_input_tokens: 50_000,
  cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1_500 },
  output_tokens: 800,
  service_tier: "standard",
};
/** In the words of OpenAI: all of the prompt, and what of it was cached. */
const OPENAI_USAGE = {
  prompt_tokens: 53_000,
  completion_tokens: 800,
  cache_read_input_tokens: 50_000,
  cache_creation_input_tokens: 2_000,
};

const JSON_TYPE = { "content-type": "application/json" };
const post =
  (path: string, body: (call: Call) => unknown) =>
  async (call: Call): Promise<void> => {
    const { status, text } = await endpoint.send(path, JSON.stringify(body(call)), JSON_TYPE);
    // The same id with other figures, by another way into one source: the first counts.
    if (status >= 300 && !text.includes('"code":"conflict"')) throw new Error(text);
  };
const imported =
  (line: (call: Call) => unknown) =>
  async (call: Call): Promise<void> => {
    const problems: unknown[] = [];
    const usageImport = createUsageImport({
      now: RECORDED_NOW,
      recording: {
        database: db.pool,
        clock: () => RECORDED_NOW,
        log: pino({ level: "silent" }),
        ingestMemory: createIngestMemory(),
      },
      source: undefined,
      userEmail: undefined,
      onProblem: (problem) => problems.push(problem),
      onSettled: () => undefined,
    });
    const chunks = (async function* () {
      yield await Promise.resolve(Buffer.from(JSON.stringify(line(call))));
    })();
    await usageImport.add({ name: "x", chunks });
    await usageImport.finish();
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  };

const message = ({ messageId }: Call) => ({
  id: messageId,
  type: "message",
  model: MODEL,
  stop_reason: "end_turn",
  usage: USAGE,
});
const litellm = ({ requestId, messageId }: Call, headers: boolean) => ({
  litellm_call_id: `call-${requestId}-${String(headers)}`,
  id: messageId,
  call_type: "acompletion",
  status: "success",
  custom_llm_provider: "anthropic",
  model: MODEL,
  startTime: AT,
  endTime: AT,
  prompt_tokens: 53_000,
  completion_tokens: 800,
  response_cost: 0.5,
  metadata: { usage_object: OPENAI_USAGE },
  hidden_params: headers
    ? { additional_headers: { "llm_provider-request-id": requestId } }
    : undefined,
});

const SPLIT = { w5m: 500, w1h: 1_500, basis: "computed", cost: "0.044500" };
const UNSPLIT = { w5m: 2_000, w1h: 0, basis: "computed", cost: "0.040000" };
const COMPLETE = { uncached: 1_000, read: 50_000, output: 800, incomplete: false, at: AT };
const AT_RECEIPT = { at: RECORDED_NOW.toISOString() };

interface SourceCase {
  readonly send: (call: Call) => Promise<void>;
  readonly stored: object;
  /** Which ids it knows a call by. */
  readonly ids: readonly (keyof Call)[];
}

const SOURCES: Readonly<Record<string, SourceCase>> = {
  "an app, as a native event": {
    send: post("/v1/usage", (call) => ({
      event_id: `app-${call.requestId}`,
      occurred_at: AT,
      model: MODEL,
      usage: USAGE,
      request_id: call.requestId,
      message_id: call.messageId,
      reported_cost_usd: 9,
    })),
    stored: { ...COMPLETE, ...SPLIT },
    ids: ["requestId", "messageId"],
  },
  "an app, with the response alone": {
    send: post("/v1/usage", (call) => message(call)),
    stored: { ...COMPLETE, ...SPLIT, ...AT_RECEIPT },
    ids: ["messageId"],
  },
  "a Message Batch's results": {
    send: post("/v1/usage?occurred_at=2026-11-23T10:00:00Z", (call) => ({
      custom_id: "a",
      result: {
        type: "succeeded",
        message: { ...message(call), usage: { ...USAGE, service_tier: "batch" } },
      },
    })),
    stored: { ...COMPLETE, ...SPLIT, cost: "0.022250" }, // Half the price.
    ids: ["messageId"],
  },
  "a stream that was cut off": {
    send: post("/v1/usage", (call) => ({
      stream_events: [
        {
          type: "message_start",
          message: { ...message(call), usage: { ...USAGE, output_tokens: 3 } },
        },
      ],
      partial_output_characters: 1_003,
      request_id: call.requestId,
      occurred_at: AT,
    })),
    // 250 tokens for 1,003 characters: 550 fewer than there were.
    stored: { ...COMPLETE, ...SPLIT, output: 250, incomplete: true, cost: "0.033500" },
    ids: ["requestId", "messageId"],
  },
  "LiteLLM's callback": {
    send: post("/v1/usage/litellm", (call) => [litellm(call, true)]),
    stored: { ...COMPLETE, ...UNSPLIT },
    ids: ["requestId", "messageId"],
  },
  "LiteLLM's callback without headers": {
    send: post("/v1/usage/litellm", (call) => [litellm(call, false)]),
    stored: { ...COMPLETE, ...UNSPLIT },
    ids: ["messageId"],
  },
  "LiteLLM's callback without usage": {
    send: post("/v1/usage/litellm", (call) => [{ ...litellm(call, true), metadata: {} }]),
    // Nobody can tell what was cached, but LiteLLM's cost does.
    stored: {
      uncached: 53_000,
      read: 0,
      output: 800,
      w5m: 0,
      w1h: 0,
      basis: "reported",
      cost: "0.500000",
      incomplete: false,
      at: AT,
    },
    ids: ["requestId", "messageId"],
  },
  "LiteLLM's spend log": {
    send: imported((call) => ({
      request_id: call.messageId,
      call_type: "acompletion",
      spend: 0.5,
      prompt_tokens: 53_000,
      completion_tokens: 800,
      startTime: AT,
      endTime: AT,
      model: MODEL,
      custom_llm_provider: "anthropic",
      metadata: { usage_object: OPENAI_USAGE },
    })),
    stored: { ...COMPLETE, ...UNSPLIT },
    ids: ["messageId"],
  },
  "Helicone's webhook": {
    send: post("/v1/usage/helicone", (call) => ({
      request_id: `helicone-${call.requestId}`,
      response_body: JSON.stringify(message(call)),
      model: MODEL,
      provider: "ANTHROPIC",
      metadata: { cost: 0.5, promptTokens: 1_000, completionTokens: 800 },
    })),
    stored: { ...COMPLETE, ...SPLIT, ...AT_RECEIPT },
    ids: ["messageId"],
  },
  "Claude Code's telemetry": {
    send: post("/otlp/v1/logs", (call) =>
      claudeCodeLogs({
        request_id: call.requestId,
        "event.timestamp": AT,
        model: MODEL,
        input_tokens: 1_000,
        output_tokens: 800,
        cache_read_tokens: 50_000,
        cache_creation_tokens: 2_000,
        cost_usd_micros: 44_500,
      }),
    ),
    // It does not split cache writes, so what it reports counts.
    stored: { ...COMPLETE, w5m: 2_000, w1h: 0, basis: "reported", cost: "0.044500" },
    ids: ["requestId"],
  },
  "Claude Code's transcript": {
    send: imported((call) => ({
      type: "assistant",
      sessionId: "s",
      requestId: call.requestId,
      timestamp: AT,
      message: message(call),
    })),
    stored: { ...COMPLETE, ...SPLIT },
    ids: ["requestId", "messageId"],
  },
  "a span of Anthropic's SDK": {
    send: post("/otlp/v1/traces", (call) =>
      genAiSpans(
        {
          "gen_ai.response.id": call.messageId,
          "gen_ai.response.model": MODEL,
          "gen_ai.request.model": MODEL,
          "anthropic.request.id": call.requestId,
          "gen_ai.usage.input_tokens": 53_000,
          "gen_ai.usage.output_tokens": 800,
          "gen_ai.usage.cache_read.input_tokens": 50_000,
          "gen_ai.usage.cache_creation.input_tokens": 2_000,
          "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 500,
          "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 1_500,
        },
        { span: { endTimeUnixNano: `${String(Date.parse(AT))}000000` } },
      ),
    ),
    stored: { ...COMPLETE, ...SPLIT },
    ids: ["requestId", "messageId"],
  },
  "a gateway's span": {
    send: post("/otlp/v1/traces", (call) =>
      genAiSpans(
        {
          "gen_ai.response.id": call.messageId,
          "gen_ai.response.model": MODEL,
          "gen_ai.request.model": MODEL,
          "gen_ai.usage.input_tokens": 53_000,
          "gen_ai.usage.output_tokens": 800,
          "gen_ai.usage.input_tokens.cached": 50_000,
          "gen_ai.usage.total_cost": 0.5,
        },
        { span: { endTimeUnixNano: `${String(Date.parse(AT))}000000` } },
      ),
    ),
    // It does not say what was written to the cache, so what it reports counts.
    stored: { ...COMPLETE, uncached: 3_000, w5m: 0, w1h: 0, basis: "reported", cost: "0.500000" },
    ids: ["messageId"],
  },
};

async function stored(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await db.pool.query<Record<string, unknown>>(
    `select (e.usage->>'uncachedInputTokens')::int as uncached,
            (e.usage->>'cacheReadInputTokens')::int as read,
            (e.usage->>'cacheCreation5mInputTokens')::int as w5m,
            (e.usage->>'cacheCreation1hInputTokens')::int as w1h,
            (e.usage->>'outputTokens')::int as output,
            e.cost_basis as basis, e.is_incomplete as incomplete,
            to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
            (select sum(c.billed_cost_usd)::numeric(10, 6)::text from charges c
              where c.usage_event_id = e.usage_event_id) as cost
       from usage_events e`,
  );
  return rows;
}

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_events, usage_identities, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

const CALL: Call = { requestId: "req_011CX", messageId: "msg_01X" };
const cases = Object.entries(SOURCES);

describe("one call of Claude in the words of", () => {
  test.each(cases)("%s", async (_, { send, stored: expected }) => {
    await send(CALL);
    expect(await stored()).toEqual([expected]);
  });

  test.each(cases)("%s, sent again: a duplicate, no conflict", async (_, { send }) => {
    await send(CALL);
    await send(CALL);
    expect(await stored()).toHaveLength(1);
    const { rows } = await db.pool.query(`select r.code from rejected_events r`);
    expect(rows).toEqual([]);
  });
});

test("the same call through any two sources that share an id of it counts once, in either order", async () => {
  const pairs = cases.flatMap(([first, one]) =>
    cases.flatMap(([second, other]) =>
      first !== second && one.ids.some((id) => other.ids.includes(id))
        ? [{ name: `${first}, then ${second}`, sends: [one.send, other.send] }]
        : [],
    ),
  );
  await Promise.all(
    pairs.map(async ({ sends }, number) => {
      const call = { requestId: `req_${String(number)}`, messageId: `msg_${String(number)}` };
      // oxlint-disable-next-line no-await-in-loop -- the order is what it is about
      for (const send of sends) await send(call);
    }),
  );

  const { rows } = await db.pool.query<{ number: number; events: number }>(
    `select n.number, count(e.usage_event_id)::int as events
       from generate_series(0, $1::int - 1) as n (number)
       left join usage_events e
         on e.request_id in ('req_' || n.number, 'msg_' || n.number) or e.message_id = 'msg_' || n.number
      group by n.number`,
    [pairs.length],
  );
  expect(pairs.length).toBeGreaterThan(100);
  expect(rows).toHaveLength(pairs.length);
  expect(
    rows.filter(({ events }) => events !== 1).map(({ number }) => pairs[number]?.name),
  ).toEqual([]);
});
