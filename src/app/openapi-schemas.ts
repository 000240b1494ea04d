/** Pieces that the description of our HTTP API is made of: schemas and answers. */
import { USAGE_EVENTS_MAX } from "../http/limits.ts";

export const decimal = {
  type: "string",
  pattern: "^-?\\d+\\.\\d{6,12}$",
  description: "Exact US dollars.",
  examples: ["0.040000"],
};
export const json = (schema: object): object => ({ "application/json": { schema } });
export const response = (description: string, schema?: object): object => ({
  description,
  ...(schema === undefined ? {} : { content: json(schema) }),
});
const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "request_id"],
      properties: {
        code: { type: "string" },
        message: { type: "string", description: "What is wrong and what was expected." },
        request_id: { type: "string" },
      },
    },
  },
};
export const errors = (...statuses: readonly number[]): Record<string, object> =>
  Object.fromEntries(
    statuses.map((status) => [
      String(status),
      response(ERROR_MEANING[status] ?? "Error", errorSchema),
    ]),
  );
export const ERROR_MEANING: Readonly<Record<number, string>> = {
  400: "Not JSON, or not of the expected shape",
  401: "Unsigned, wrongly signed, older than five minutes, or a wrong token",
  404: "There is none",
  413: `More than ${String(USAGE_EVENTS_MAX)} events or 8 MiB`,
  503: "The database is away; Retry-After says when to come again",
};
export const apiToken = [{ apiToken: [] }];
export const parameter = (name: string, description: string): object => ({
  name,
  in: "query",
  description,
  schema: { type: "string" },
});
const tokens = {
  type: "object",
  properties: Object.fromEntries(
    ["uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output"].map((name) => [
      name,
      { type: "integer" },
    ]),
  ),
};
export const listOf = (name: string): object => ({
  type: "object",
  required: ["currency", name],
  properties: { currency: { const: "USD" }, [name]: { type: "array", items: { type: "object" } } },
});

const usageAnswer = {
  type: "object",
  required: ["accepted", "duplicates", "rejected"],
  properties: {
    accepted: { type: "integer" },
    duplicates: { type: "integer", description: "Recorded before; counted once for ever." },
    rejected: {
      type: "array",
      items: {
        type: "object",
        required: ["index", "event_id", "code", "message"],
        properties: {
          index: { type: "integer" },
          event_id: { type: ["string", "null"] },
          code: { enum: ["invalid", "too_old", "in_future", "conflict"] },
          message: { type: "string" },
        },
      },
    },
  },
};

export const usageResponses = {
  "202": response("Recorded, as far as the events were valid", usageAnswer),
  "422": response("Every event was rejected", usageAnswer),
  ...errors(400, 401, 413, 503),
};

export const spendAnswer = {
  type: "object",
  required: [
    "scope",
    "from",
    "to",
    "currency",
    "total_cost",
    "requests",
    "tokens",
    "rows",
    "data_as_of",
    "basis",
    "basis_as_of",
  ],
  properties: {
    scope: { type: "string" },
    from: { type: "string", format: "date-time", description: "Inclusive." },
    to: { type: "string", format: "date-time", description: "Exclusive." },
    currency: { const: "USD" },
    basis: {
      enum: ["estimated", "billed", "reconciled"],
      description:
        "reconciled: agrees with Anthropic's bill within tolerance. billed: compared with it, with differences. estimated: not compared, or not all of it.",
    },
    basis_as_of: {
      type: "string",
      format: "date-time",
      description: "Up to when that bill was complete; of an estimate, now.",
    },
    total_cost: decimal,
    requests: { type: "integer" },
    tokens,
    rows: {
      type: "array",
      items: {
        type: "object",
        description: "The group keys, then cost, requests and tokens.",
        properties: { cost: decimal, requests: { type: "integer" }, tokens },
      },
    },
    data_as_of: { type: "string", format: "date-time" },
  },
};

const unitCost = {
  from: { type: "string", format: "date-time" },
  to: { type: "string", format: "date-time" },
  cost: { type: "string", description: "Decimal dollars, exact" },
  unit_count: { type: "string", description: "Decimal" },
  unit_cost: {
    type: ["string", "null"],
    description: "Decimal dollars, rounded to 12 places; null where there was no unit",
  },
} as const;

/** `GET /v1/unit-costs`. */
export const unitCostAnswer = {
  type: "object",
  required: ["scope", "units", "currency", "rows", "data_as_of", ...Object.keys(unitCost)],
  properties: {
    scope: { type: "string" },
    units: { type: "string" },
    currency: { const: "USD" },
    ...unitCost,
    rows: {
      type: "array",
      items: { type: "object", required: Object.keys(unitCost), properties: unitCost },
    },
    data_as_of: { type: "string", format: "date-time" },
  },
} as const;

export const operationsAnswer = {
  type: "object",
  required: ["scope", "from", "to", "currency", "operations", "data_as_of"],
  properties: {
    scope: { type: "string" },
    from: { type: "string", format: "date-time", description: "Inclusive." },
    to: { type: "string", format: "date-time", description: "Exclusive." },
    currency: { const: "USD" },
    operations: {
      type: "array",
      items: {
        type: "object",
        properties: {
          operation_id: { type: "string" },
          attempts: { type: "integer" },
          incomplete_attempts: { type: "integer", description: "Whose answer was cut off." },
          cost: decimal,
          wasted_cost: decimal,
          first_at: { type: "string", format: "date-time" },
          last_at: { type: "string", format: "date-time" },
        },
      },
    },
    data_as_of: { type: "string", format: "date-time" },
  },
};
