/** Whatever is sent as OTLP: refused as invalid, or read into sound events without any prompt. */
import fc from "fast-check";
import protobuf from "protobufjs/minimal.js";
import { describe, expect, it } from "vitest";
import type { OtlpSignal } from "../../../../../src/http/otlp.ts";
import {
  type AttributeValues,
  claudeCodeLogs,
  genAiSpans,
  hasWholeCounts,
  otlpAttributes,
  otlpOutcome,
  parsedOtlp,
  storedText,
} from "../../../../support/otlp-builders.ts";
import { encodeLogs } from "../../../../support/otlp-protobuf.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";

const isSound = (outcome: ReturnType<typeof otlpOutcome>) =>
  typeof outcome === "string" ? outcome === "invalid" : hasWholeCounts(outcome);

const anyAttributes: fc.Arbitrary<AttributeValues> = fc.dictionary(
  fc.constantFrom(
    "model",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cost_usd",
    "cost_usd_micros",
    "request_id",
    "event.timestamp",
    "user.email",
    "team.id",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cost",
    "gen_ai.response.id",
    "gen_ai.provider.name",
    "__proto__",
  ),
  fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom("NaN", "Infinity", "1e999"),
    fc.boolean(),
    fc.string({ unit: "binary" }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  ),
);

describe("whatever is sent", () => {
  const runs = { numRuns: 200 };

  it("as JSON, is refused as invalid or gives whole counts", () => {
    const anyTree = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            "resourceLogs",
            "scopeLogs",
            "logRecords",
            "resourceSpans",
            "scopeSpans",
            "spans",
            "resource",
            "scope",
            "attributes",
            "key",
            "value",
            "body",
            "stringValue",
          ),
          fc.oneof(fc.array(tie("tree"), { maxLength: 3 }), tie("tree")),
        ),
      ),
    })).tree;
    fc.assert(
      fc.property(
        anyTree,
        fc.constantFrom<OtlpSignal>("logs", "traces", "metrics"),
        (tree, signal) => {
          expect(isSound(otlpOutcome(signal, JSON_TYPE, Buffer.from(JSON.stringify(tree))))).toBe(
            true,
          );
        },
      ),
      runs,
    );
  });

  it("in attributes, never gives a negative or broken count", () => {
    fc.assert(
      fc.property(anyAttributes, (attributes) => {
        expect(hasWholeCounts(parsedOtlp("logs", claudeCodeLogs(attributes)))).toBe(true);
        expect(hasWholeCounts(parsedOtlp("traces", genAiSpans(attributes)))).toBe(true);
      }),
      runs,
    );
  });

  it("says the same in protobuf as in JSON", () => {
    fc.assert(
      fc.property(anyAttributes, (attributes) => {
        const own = { "event.name": "api_request", model: "m", request_id: "r", ...attributes };
        const list = otlpAttributes({ input_tokens: 1, output_tokens: 2, ...own });
        const record = { attributes: list, body: { stringValue: "claude_code.api_request" } };
        const timed = { ...record, timeUnixNano: "1795440187988000000" };
        const json = { resourceLogs: [{ scopeLogs: [{ logRecords: [timed] }] }] };

        const expected = parsedOtlp("logs", json);
        expect(expected).toHaveLength(1);
        expect(otlpOutcome("logs", PROTOBUF_TYPE, encodeLogs(list))).toEqual(expected);
      }),
      runs,
    );
  });

  it("as text of a conversation, is not kept", () => {
    const name = fc.constantFrom(
      "prompt",
      "response",
      "error",
      "tool_input",
      "body",
      "gen_ai.prompt",
      "gen_ai.completion",
      "gen_ai.input.messages",
      "gen_ai.output.messages",
      "gen_ai.prompt.0.content",
    );
    fc.assert(
      fc.property(name, fc.uuid(), (attribute, secret) => {
        const attributes = { [attribute]: secret };
        const status = { code: 0, message: secret };
        const results = [
          parsedOtlp("logs", claudeCodeLogs(attributes, { resource: attributes })),
          parsedOtlp("logs", claudeCodeLogs({ ...attributes, model: undefined })),
          parsedOtlp("traces", genAiSpans(attributes, { resource: attributes, span: { status } })),
        ];
        for (const result of results) {
          expect(result).toHaveLength(1);
          expect(storedText(result)).not.toContain(secret);
        }
      }),
      runs,
    );
  });

  const sound = encodeLogs(
    [
      otlpAttributes({ "event.name": "api_request", model: "claude-opus-5-5", input_tokens: 1 }),
      otlpAttributes({ output_tokens: 2, cost_usd: 0.5, fast: true, request_id: "req_1" }),
    ].flat(),
  );

  it("as damaged protobuf, is refused as invalid or gives whole counts", () => {
    expect(otlpOutcome("logs", PROTOBUF_TYPE, sound)).toMatchObject([{ kind: "event" }]);
    const damage = fc.record({
      flips: fc.array(fc.nat({ max: sound.length * 8 - 1 }), { maxLength: 6 }),
      length: fc.nat({ max: sound.length }),
      signal: fc.constantFrom<OtlpSignal>("logs", "logs", "traces", "metrics"),
    });
    fc.assert(
      fc.property(damage, ({ flips, length, signal }) => {
        const body = Buffer.from(sound);
        for (const bit of flips) body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(isSound(otlpOutcome(signal, PROTOBUF_TYPE, body.subarray(0, length)))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("as random bytes, is refused as invalid or gives nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const outcome = otlpOutcome("traces", PROTOBUF_TYPE, Buffer.from(bytes));
        expect(outcome === "invalid" || outcome.length === 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("nested deeply, costs nothing", () => {
    const depth = 200_000;
    const nested = `{"arrayValue":{"values":[${"[".repeat(depth)}${"]".repeat(depth)}]}}`;
    const json = `{"resourceLogs":[{"resource":{"attributes":[{"key":"a","value":${nested}}]}}]}`;
    expect(otlpOutcome("logs", JSON_TYPE, Buffer.from(json))).toEqual([]);

    let value = protobuf.Writer.create().uint32(10).string("deep").finish();
    for (let level = 0; level < 1_000; level += 1) {
      const list = protobuf.Writer.create().uint32(10).bytes(value).finish();
      value = protobuf.Writer.create().uint32(42).bytes(list).finish();
    }
    const attribute = protobuf.Writer.create().uint32(10).string("a").uint32(18).bytes(value);
    const resource = protobuf.Writer.create().uint32(10).bytes(attribute.finish()).finish();
    const group = protobuf.Writer.create().uint32(10).bytes(resource).finish();
    const body = Buffer.from(protobuf.Writer.create().uint32(10).bytes(group).finish());
    expect(otlpOutcome("logs", PROTOBUF_TYPE, body)).toEqual([]);
  });

  it("as millions of empty messages, is refused before they fill the memory", () => {
    const body = Buffer.alloc(8 * 1024 * 1024);
    for (let at = 0; at < body.length; at += 2) body[at] = 10;

    expect(otlpOutcome("logs", PROTOBUF_TYPE, body)).toBe("too-large");
  });
});
