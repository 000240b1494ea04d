import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMessageReader, type MessageReading } from "../../src/client/message-reader.ts";
import { aMessage, aStream, eventStream } from "../support/client-stand-ins.ts";

const SSE = "text/event-stream; charset=utf-8";

function read(contentType: string, chunks: readonly Uint8Array[]): MessageReading | undefined {
  const reader = createMessageReader(contentType);
  for (const chunk of chunks) reader?.push(chunk);
  return reader?.result();
}

function cut(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const ends = [...at.map((end) => end % bytes.length), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe("the usage of a stream", () => {
  test("does not depend on how its bytes are cut, nor on the kind of line ends", () => {
    const events = eventStream(aStream({ text: "Zwölf Grüße, ☃ und 🦊 — naïve" }));
    fc.assert(
      fc.property(cuts, fc.constantFrom("\n", "\r\n", "\r"), (at, lineEnd) => {
        const bytes = new TextEncoder().encode(events.replaceAll("\n", lineEnd));

        expect(read(SSE, cut(bytes, at))).toMatchObject({
          isIncomplete: false,
          message: {
            model: "claude-opus-5-5",
            usage: {
              input_tokens: 140,
              output_tokens: 44,
              cache_creation_input_tokens: 30, // null in the delta: nothing new
            },
          },
        });
      }),
    );
  });

  test("that is cut off anywhere is at least what was said and what has arrived", () => {
    const events = aStream({ text: "x".repeat(4_000) });
    const start = new TextEncoder().encode(eventStream(events.slice(0, 1))).length;
    const bytes = new TextEncoder().encode(eventStream(events));
    fc.assert(
      fc.property(fc.integer({ min: start, max: bytes.length }), (end) => {
        const reading = read(SSE, [bytes.subarray(0, end)]);

        // Nothing but the start, then 12 characters of thinking, 4,000 of text, 7 of a tool call.
        const expected = reading?.isIncomplete === true ? [1, 3, 1_003, 1_004] : [44];
        expect(expected).toContain(reading?.message.usage.output_tokens);
      }),
    );
  });

  test("that bills by iterations has what was cut off as one of them", () => {
    const [start] = aStream();
    const iterations = [{ type: "compaction", input_tokens: 500, output_tokens: 9 }];
    const delta = { type: "message_delta", delta: {}, usage: { output_tokens: 10, iterations } };
    const text = { type: "text_delta", text: "x".repeat(400) };
    const events = [start ?? {}, delta, { type: "content_block_delta", index: 0, delta: text }];

    const reading = read(SSE, [new TextEncoder().encode(eventStream(events))]);

    expect(reading?.message.usage).toMatchObject({
      output_tokens: 100,
      iterations: [...iterations, { type: "message", input_tokens: 0, output_tokens: 90 }],
    });
  });

  test("is not read out of anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(read(SSE, [bytes])).toBeUndefined();
        expect(read("application/json", [bytes])).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const event = eventStream([{ type: "message_start", message: json }]);
        expect(() => read(SSE, [new TextEncoder().encode(event)])).not.toThrow();
      }),
    );
    expect(createMessageReader("application/x-jsonl")).toBeUndefined();
    expect(createMessageReader(null)).toBeUndefined();
  });
});

test("the usage of a message does not depend on how its bytes are cut", () => {
  const bytes = new TextEncoder().encode(JSON.stringify(aMessage({ note: "☃ naïve 🦊" })));
  fc.assert(
    fc.property(cuts, (at) => {
      const reading = read("application/json", cut(bytes, at));

      expect(reading).toMatchObject({
        isIncomplete: false,
        message: { usage: { input_tokens: 100 } },
      });
    }),
  );
});
