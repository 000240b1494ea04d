import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { parseByShape, parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { isPlainCall } from "../../../src/features/ingest/plain-call.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const context = { index: 0, source: "default", now: instant("2026-11-23T12:00:00Z") };

/** As it arrives: `undefined` is absent, `__proto__` may be a field. */
const asJson = (raw: unknown): unknown => JSON.parse(JSON.stringify(raw));

const FULL = {
  ...aNativeEvent({ event_id: "evt_1" }),
  request_id: "req_1",
  message_id: "msg_1",
  user_email: "dev@acme.test",
  team: "search",
  project: "ranking",
  workspace_id: "wrkspc_1",
  api_key_id: "apikey_1",
  session_id: "session",
  operation_id: "operation",
  tags: { env: "prod", "": "empty" },
  prompt_hash: "hash",
  reported_cost_usd: "0.04",
  is_incomplete: false,
  corrects: "evt_0",
  voids: null,
};

const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    " ",
    "x",
    "\0",
    "\ud800",
    "😀",
    "-1",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(256),
    "x".repeat(257),
    "2026-11-23T10:00:00Z",
    "2026-02-30T10:00:00Z",
    "2026-11-23T10:00:00+02:00",
    "2026-11-23T10:00:00",
    "2026-11-23T24:00:00Z",
    "0.1",
    "1e3",
    0,
    -0,
    1,
    -1,
    0.5,
    1e12,
    1e12 + 1,
    2 ** 53,
    1e300,
    true,
    false,
    [],
    {},
    [1],
    { a: "b" },
    { a: 1 },
    { "": "b" },
    { a: "\0" },
    { a: "x".repeat(257) },
    { ["__proto__"]: "b" },
    Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`tag-${String(index)}`, "v"])),
    { ephemeral_5m_input_tokens: -1 },
    { ephemeral_1h_input_tokens: 5 },
    { web_search_requests: 1.5 },
    [{ type: "message", input_tokens: 1, output_tokens: 2 }],
    [{ type: "message", input_tokens: 1, output_tokens: 2, model: "m", cache_creation: {} }, {}],
    [{ type: "x".repeat(65), input_tokens: 1, output_tokens: 2 }],
    [{ type: "message", input_tokens: 1, output_tokens: 2, model: "" }],
    Array.from({ length: 1_001 }, () => ({ type: "message", input_tokens: 1, output_tokens: 2 })),
  ),
  fc.jsonValue(),
);
const path = fc.constantFrom(
  ...Object.keys(FULL).map((name) => [name]),
  ...[
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
  ].map((name) => ["usage", name]),
  ...["cache_creation", "server_tool_use", "service_tier", "inference_geo", "speed"].map((name) => [
    "usage",
    name,
  ]),
  ["usage", "iterations"],
  ["usage", "cache_creation", "ephemeral_5m_input_tokens"],
  ["usage", "server_tool_use", "web_search_requests"],
  ["unknown"],
);

function withChange(raw: unknown, [name = "", ...rest]: readonly string[], to: unknown): unknown {
  const fields: [string, unknown][] =
    typeof raw === "object" && raw !== null ? Object.entries(raw) : [];
  const inner = fields.find(([known]) => known === name)?.[1];
  return Object.fromEntries([
    ...fields.filter(([known]) => known !== name),
    [name, rest.length === 0 ? to : withChange(inner, rest, to)],
  ]);
}

describe("isPlainCall", () => {
  test("never takes what the shape refuses, and reads it as the shape does", () => {
    let plain = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(path, value), { maxLength: 3 }), (changes) => {
        const raw = asJson(
          changes.reduce<unknown>((changed, [at, to]) => withChange(changed, at, to), {
            ...FULL,
            tags: { env: "prod" },
          }),
        );
        if (isPlainCall(raw)) plain += 1;
        expect(parseNativeEvent(raw, context)).toEqual(parseByShape(raw, context));
      }),
      { numRuns: 1_500 },
    );
    expect(plain).toBeGreaterThan(150);
  });

  test.each([
    ["as senders write it", aNativeEvent()],
    ["with every field", { ...FULL, tags: { env: "prod" } }],
    ["with fields of the sender's own", aNativeEvent({ prompt: "secret" })],
    ["without runs", withChange(aNativeEvent(), ["usage", "iterations"], [])],
    [
      "with the runs of several models",
      withChange(
        aNativeEvent(),
        ["usage", "iterations"],
        [
          { type: "message", input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3 },
          { type: "advisor_message", model: "claude-haiku-4-5", input_tokens: 1, output_tokens: 2 },
        ],
      ),
    ],
  ])("takes a usual event: %s", (_name, raw) => {
    expect(isPlainCall(asJson(raw))).toBe(true);
  });

  test.each([
    ["a void", { event_id: "evt_2", occurred_at: "2026-11-23T10:00:00Z", voids: "evt_1" }],
    ["runs without their kind", withChange(FULL, ["usage", "iterations"], [{ input_tokens: 1 }])],
    ["no object", []],
    ["a date that is none", aNativeEvent({ occurred_at: "2026-02-30T10:00:00Z" })],
  ])("leaves to the shape: %s", (_name, raw) => {
    expect(isPlainCall(asJson(raw))).toBe(false);
  });

  test("keeps nothing of fields that are not ours", () => {
    const parsed = parseNativeEvent(asJson(aNativeEvent({ prompt: "secret" })), context);
    expect(JSON.stringify(parsed)).not.toContain("secret");
  });
});
