/**
 * What a part of a document may look like, whatever it is about: each refusal says what was expected
 * and what stands there instead.
 */
import { z } from "zod";
import { nearestNames } from "../../organization/index.ts";

/** A value that `parse` turns into what the rest of the program uses, or refuses. */
export function leaf<Value>(expected: string, parse: (value: unknown) => Value | undefined) {
  return z.unknown().transform((value, ctx): Value => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    ctx.addIssue({ code: "custom", message: `expected ${expected}${butGot(value)}`, input: value });
    return z.NEVER;
  });
}

export function oneOf<const Name extends string>(names: readonly Name[]) {
  return z.unknown().transform((value, ctx): Name => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    const meant = typeof value === "string" ? didYouMean(nearestNames(value, names)) : "";
    const message = `expected one of ${names.join(", ")}${butGot(value)}${meant}`;
    ctx.addIssue({ code: "custom", message, input: value });
    return z.NEVER;
  });
}

/** Refuses unknown keys: one issue for all of them, its message with a line for each. */
export function mapping<Shape extends z.core.$ZodShape>(shape: Shape) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return `expected a mapping${butGot(issue.input)}`;
      return issue.keys
        .map(
          (name) =>
            `unknown key; expected one of ${names.join(", ")}${didYouMean(nearestNames(name, names))}`,
        )
        .join("\n");
    },
  });
}

export function mappingOf<Value extends z.ZodType>(value: Value, name = z.string()) {
  return z.record(name, value, {
    error: (issue) => `expected a mapping${butGot(issue.input)}`,
  });
}

export function listOf<Value extends z.ZodType>(value: Value) {
  return z.array(value, { error: (issue) => `expected a list${butGot(issue.input)}` });
}

export function notEmpty<Value extends z.ZodType<object>>(
  schema: Value,
  message = "expected at least one entry",
) {
  return schema.refine((value) => Object.keys(value).length > 0, {
    message,
    when: ({ issues }) => issues.length === 0, // Not beside "unknown key": that one is missing here.
  });
}

export function matching(pattern: RegExp): (value: unknown) => string | undefined {
  return (value) => (typeof value === "string" && pattern.test(value) ? value : undefined);
}

export function wholeUpTo(max: number): (value: unknown) => number | undefined {
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max
      ? value
      : undefined;
}

const GOT_CHARS_MAX = 60;

/** What stands there instead, shortened; and that quotes make text of a number. */
function butGot(value: unknown): string {
  if (value === undefined) return "; it is missing";
  if (value === null) return ", got nothing";
  const shown = JSON.stringify(value);
  const short = shown.length > GOT_CHARS_MAX ? `${shown.slice(0, GOT_CHARS_MAX)}…` : shown;
  return `, got ${short}`;
}

/** "; did you mean limit?" */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : `; did you mean ${names.join(" or ")}?`;
}
