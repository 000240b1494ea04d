import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../../src/domain/errors.ts";
import { usd } from "../../../../src/domain/money.ts";
import { instant } from "../../../../src/domain/time.ts";
import {
  parseHeliconeDelivery,
  verifyHeliconeSignature,
} from "../../../../src/features/ingest/adapters/helicone.ts";
import { contentSha256 } from "../../../../src/features/ingest/native-event.ts";
import { listCostOf } from "../../../support/pricing-builders.ts";

type Delivery = Readonly<Record<string, unknown>>;
const fixture = (name: string): Delivery => {
  const file = new URL(`../../../fixtures/webhooks/helicone/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Delivery;
};
const now = instant("2026-11-23T14:00:00Z");
const deliver = (body: unknown) => parseHeliconeDelivery(body, { source: "helicone", now });

function eventOf(body: unknown) {
  const [parsed] = deliver(body);
  if (parsed?.kind !== "event") {
    throw new Error(parsed === undefined ? "no event" : parsed.rejection.message);
  }
  return parsed.event;
}

describe("verifyHeliconeSignature", () => {
  const secret = "helicone-key";
  const body = Buffer.from('{"hello":"world"}');
  const signature = "fbf00f3d0b90184769f80f1d1d8a575ce704ec5dc3afcc9f9e01509b4facb7ae";
  const verify =
    (given: string | string[] | undefined, over = body) =>
    () => {
      verifyHeliconeSignature({ secret, headers: { "helicone-signature": given }, body: over });
    };

  test("accepts Helicone's signature of the body", () => {
    expect(verify(signature)).not.toThrow();
  });

  test.each([
    ["none", undefined],
    ["an empty one", ""],
    ["a shorter one", signature.slice(2)],
    ["one that is not hexadecimal", "z".repeat(64)],
    ["one in Base64", Buffer.from(signature, "hex").toString("base64")],
    ["two", [signature, signature]],
    ["one of another key", createHmac("sha256", "other").update(body).digest("hex")],
  ])("refuses %s", (_name, given) => {
    expect(verify(given)).toThrow(expect.objectContaining({ code: "unauthorized" }));
  });

  test("refuses the signature of another body, be it by one byte", () => {
    const over = Buffer.from('{"hello":"world"} ');
    expect(verify(signature, over)).toThrow(expect.objectContaining({ code: "unauthorized" }));
  });
});

describe("parseHeliconeDelivery", () => {
  test("reads Anthropic's usage out of the answer and computes the cost", () => {
    const parsed = deliver(fixture("include-data"));
    expect(parsed).toEqual([
      {
        kind: "event",
        index: 0,
        event: {
          source: "helicone",
          eventId: "550e8400-e29b-41d4-a716-446655440000",
          occurredAt: now,
          provider: "anthropic",
          model: "claude-opus-5-5",
          usage: {
            uncachedInputTokens: 1000,
            cacheCreation5mInputTokens: 2000,
            cacheCreation1hInputTokens: 0,
            cacheReadInputTokens: 50000,
            outputTokens: 800,
            webSearchRequests: 0,
            serviceTier: "standard",
            inferenceGeo: undefined,
            speed: undefined,
            iterations: [],
          },
          requestId: "msg_01XFDUDYJgAACzvnptvVoYEL",
          messageId: "msg_01XFDUDYJgAACzvnptvVoYEL",
          userEmail: "dev@example.com",
          claimedTeam: undefined,
          claimedProject: undefined,
          workspaceId: undefined,
          apiKeyId: undefined,
          sessionId: undefined,
          operationId: undefined,
          tags: {},
          promptHash: undefined,
          reportedCost: usd(41_000_000_000n),
          costBasis: "computed",
          isIncomplete: false,
          isTimedByReceipt: true,
        },
      },
    ]);
    expect(listCostOf(eventOf(fixture("include-data")))).toBe("0.040000");
  });

  test("the same delivery at another time has the same content", () => {
    const [first, second] = ["2026-11-23T14:00:00Z", "2026-11-25T14:00:00Z"].map((at) => {
      const context = { source: "helicone", now: instant(at) };
      const [parsed] = parseHeliconeDelivery(fixture("include-data"), context);
      return parsed?.kind === "event" ? parsed.event : undefined;
    });
    if (first === undefined || second === undefined) throw new Error("no event");
    expect(first.occurredAt).not.toEqual(second.occurredAt);
    expect(contentSha256(first)).toBe(contentSha256(second));
  });

  test("an answer too long to be sent costs what Helicone says", () => {
    const event = eventOf(fixture("long-answer"));
    expect(event).toMatchObject({
      provider: "bedrock",
      usage: { uncachedInputTokens: 1000, outputTokens: 1500 },
      requestId: "660e8400-e29b-41d4-a716-446655440001",
      userEmail: undefined,
      tags: { user_id: "user-123" },
      costBasis: "reported",
    });
    expect(listCostOf(event)).toBe("0.007500");
  });

  test("a webhook without “Include Data” counts while the answer is short", () => {
    expect(eventOf(fixture("without-data"))).toMatchObject({
      provider: "anthropic",
      model: "claude-haiku-5-5",
      usage: { uncachedInputTokens: 12, outputTokens: 34 },
      reportedCost: undefined,
      costBasis: "computed",
    });
  });

  test("an answer that counts the OpenAI way costs what Helicone says", () => {
    const answer = { id: "chatcmpl-1", usage: { prompt_tokens: 53000, completion_tokens: 800 } };
    const event = eventOf({ ...fixture("include-data"), response_body: answer });
    expect(event).toMatchObject({ usage: { uncachedInputTokens: 1000 }, messageId: undefined });
    expect(listCostOf(event)).toBe("0.041000");
  });

  test("tokens without a cost are computed", () => {
    const metadata = { promptTokens: 10, completionTokens: "15" };
    expect(eventOf({ ...fixture("long-answer"), metadata })).toMatchObject({
      usage: { uncachedInputTokens: 10, outputTokens: 15 },
      costBasis: "computed",
    });
  });

  test("a cost without tokens is kept", () => {
    const event = eventOf({ ...fixture("long-answer"), metadata: { cost: 0.5 } });
    expect([event.costBasis, listCostOf(event)]).toEqual(["reported", "0.500000"]);
  });

  const noTokens = { cost: 0, promptTokens: 0, completionTokens: 0 };
  test.each([
    ["of another vendor's model", fixture("another-vendor")],
    ["that Anthropic refused", { ...fixture("include-data"), response_body: { type: "error" } }],
    ["that used nothing", { ...fixture("long-answer"), metadata: noTokens }],
  ])("gives none for a call %s", (_name, body) => {
    expect(deliver(body)).toEqual([]);
  });

  test.each([
    ["no request id", { request_id: undefined }, /^request_id: /],
    ["negative tokens", { metadata: { promptTokens: -1 } }, /^metadata\.promptTokens: /],
    ["a negative cost", { metadata: { cost: -1 } }, /^metadata\.cost: /],
    [
      "fractional tokens",
      { response_body: { usage: { input_tokens: 1.5, output_tokens: 1 } } },
      /^response_body\.usage\.input_tokens: /,
    ],
    ["nothing to count", { metadata: null, response_body: "" }, /^metadata: .*Include Data/],
    [
      "no model anywhere",
      { model: undefined, provider: undefined, response_body: "Body too large" },
      /^model: .*Include Data/,
    ],
  ])("rejects %s, naming the field", (_name, fields, message) => {
    const [parsed] = deliver({ ...fixture("include-data"), ...fields });
    expect(parsed).toMatchObject({ rejection: { index: 0, code: "invalid" } });
    expect(parsed?.kind === "rejected" && parsed.rejection.message).toMatch(message);
  });

  test.each([null, 12, "text", [fixture("include-data")]].map((body) => [body]))(
    "refuses as a whole what is no delivery: %j",
    (body) => {
      expect(() => deliver(body)).toThrow(expect.objectContaining({ code: "invalid" }));
    },
  );
});

describe("whatever is sent", () => {
  const anyOf = (...likely: unknown[]) => fc.oneof(fc.constantFrom(...likely), fc.jsonValue());
  const anyDelivery = fc
    .record(
      {
        request_id: anyOf("1"),
        user_id: anyOf("dev@example.com"),
        model: anyOf("claude-opus-5-5"),
        provider: anyOf("ANTHROPIC"),
        response_body: anyOf(
          '{"usage":{"input_tokens":-1,"output_tokens":2}}',
          { usage: { input_tokens: 1, output_tokens: 2 } },
          '"{}"',
        ),
        metadata: anyOf({ cost: "1e9", promptTokens: 1.5 }, { promptTokens: "7" }),
      },
      { requiredKeys: [] },
    )
    .map((fields) => ({ ...fixture("include-data"), ...fields }));

  test("tokens are whole and not negative, and only AppError `invalid` is thrown", () => {
    let events = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: anyDelivery }, fc.jsonValue()), (body) => {
        try {
          for (const parsed of deliver(body)) {
            if (parsed.kind === "rejected") continue;
            events += 1;
            const counts = Object.values(parsed.event.usage).filter(
              (value) => typeof value === "number",
            );
            expect(counts.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true);
          }
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== "invalid") throw error;
        }
      }),
      { numRuns: 500 },
    );
    expect(events).toBeGreaterThan(0);
  });

  test("text of prompts and answers is never kept", () => {
    const places: readonly ((text: string) => Delivery)[] = [
      (text) => ({ request_body: { messages: [{ role: "user", content: text }] } }),
      (text) => ({ request_body: text }),
      (text) => ({ response_body: text }),
      (text) => ({ response_body: JSON.stringify({ id: text, content: [{ text }] }) }),
      (text) => ({ response_body: { content: text, usage: { input_tokens: text } } }),
      (text) => ({ request_response_url: text }),
      (text) => ({ metadata: { cost: text, promptTokens: 1, note: text } }),
    ];
    fc.assert(
      fc.property(fc.subarray([...places], { minLength: 1 }), fc.uuid(), (chosen, secret) => {
        const text = `tell nobody about ${secret}`;
        const body: unknown = Object.assign(
          fixture("include-data"),
          ...chosen.map((place) => place(text)),
        );
        const parsed = deliver(body);
        expect(parsed).toHaveLength(1);
        const kept = JSON.stringify(parsed, (_key, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        expect(kept).not.toContain(secret);
      }),
    );
  });
});
