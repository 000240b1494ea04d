/**
 * The part of JSON Schema 2020-12 that our API's description uses, for comparing real answers with
 * it. A keyword that it does not know is an error, so that nothing passes unchecked.
 */

type Schema = Readonly<Record<string, unknown>>;
type Check = (expected: unknown, value: unknown, at: string) => readonly string[];

const ANNOTATIONS = new Set(["description", "examples", "title", "default", "$schema"]);

/** What of `value` is not as `schema` says, each with its place; empty: all of it is. */
export function schemaProblems(schema: unknown, value: unknown, at = "answer"): readonly string[] {
  return Object.entries(record(schema)).flatMap(([keyword, expected]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = CHECKS[keyword];
    return check === undefined ? [`${at}: unknown keyword ${keyword}`] : check(expected, value, at);
  });
}

const CHECKS: Readonly<Record<string, Check>> = {
  type: (expected, value, at) => {
    const types: readonly unknown[] = Array.isArray(expected) ? expected : [expected];
    return types.some((type) => isOfType(type, value))
      ? []
      : [`${at}: expected ${types.join(" or ")}, got ${JSON.stringify(value)}`];
  },
  required: (expected, value, at) =>
    list(expected)
      .filter((name) => !(String(name) in record(value)))
      .map((name) => `${at}: lacks ${String(name)}`),
  properties: (expected, value, at) =>
    Object.entries(record(expected)).flatMap(([name, schema]) =>
      name in record(value) ? schemaProblems(schema, record(value)[name], `${at}.${name}`) : [],
    ),
  items: (expected, value, at) =>
    list(value).flatMap((item, index) => schemaProblems(expected, item, `${at}[${String(index)}]`)),
  const: (expected, value, at) =>
    value === expected ? [] : [`${at}: expected ${JSON.stringify(expected)}`],
  enum: (expected, value, at) =>
    list(expected).includes(value) ? [] : [`${at}: expected one of ${JSON.stringify(expected)}`],
  pattern: (expected, value, at) =>
    typeof value !== "string" || new RegExp(String(expected)).test(value)
      ? []
      : [`${at}: ${value} does not match ${String(expected)}`],
  format: (expected, value, at) =>
    expected !== "date-time" || !Number.isNaN(Date.parse(String(value)))
      ? []
      : [`${at}: ${String(value)} is no time`],
};

function isOfType(type: unknown, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function record(value: unknown): Schema {
  return typeof value === "object" && value !== null ? (value as Schema) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
