import fc from "fast-check";
import { expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { parseJson } from "../../src/http/body.ts";

const STRICT = new TextDecoder("utf-8", { fatal: true });

function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch {
    return "refused";
  }
}

test("a body is JSON exactly when a strict decoder and the parser take it", () => {
  const text = fc.oneof(fc.json(), fc.json({ stringUnit: "binary" }), fc.string());
  const body = fc.oneof(
    text.map((json) => Buffer.from(json)),
    text.map((json) => Buffer.from(`\uFEFF${json}`)),
    text.map((json) => Buffer.from(`\uFEFF\uFEFF${json}`)),
    text.map((json) => Buffer.from(json, "utf16le")),
    // Within a text: cut-off, overlong and surrogate sequences.
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.concat([QUOTE, bytes, QUOTE])),
    fc
      .constantFrom([0xc3, 0x28], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98])
      .map((bytes) => Buffer.concat([QUOTE, Buffer.from(bytes), QUOTE])),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      expect(outcome(() => parseJson(bytes))).toEqual(
        outcome(() => JSON.parse(STRICT.decode(bytes))),
      );
    }),
    { numRuns: 300 },
  );
});

const QUOTE = Buffer.from('"');

test.each([
  ["no JSON", Buffer.from("{")],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
])("what is %s is the sender's mistake", (_what, body) => {
  expect(() => parseJson(body)).toThrow(
    new AppError({ code: "invalid", message: "The body is not JSON in UTF-8." }),
  );
});
