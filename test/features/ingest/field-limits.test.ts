import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { isoTime, requiredId } from "../../../src/features/ingest/event-fields.ts";
import { ISO_TIME, isId, isIsoTime } from "../../../src/features/ingest/field-limits.ts";

test("a time is the same with the shapes and without", () => {
  expect(ISO_TIME.source).toBe(z.core.regexes.datetime({ offset: true }).source);
  const digits = fc.stringMatching(/^[0-9TZ:.+ -]{0,30}$/);
  const near = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  fc.assert(
    fc.property(fc.oneof(near, digits, fc.constant(5)), (value) => {
      expect(isIsoTime(value)).toBe(isoTime.safeParse(value).success);
    }),
  );
});

test("an id is the same with the shapes and without", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("", "x".repeat(256), "x".repeat(257), "\0", "\ud800", "a\udc00", "\u{1f600}"),
  );
  fc.assert(
    fc.property(fc.oneof(text, fc.jsonValue()), (value) => {
      expect(isId(value)).toBe(requiredId.safeParse(value).success);
    }),
  );
});
