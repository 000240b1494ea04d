/**
 * The description of our HTTP API, OpenAPI 3.1. A test compares its paths with the routes that the
 * server really has.
 */
import { nativeEventJsonSchema } from "../features/ingest/index.ts";
import { USAGE_EVENTS_MAX } from "../http/limits.ts";

const decimal = {
  type: "string",
  pattern: "^-?\\d+\\.\\d{6,12}$",
  description: "Exact US dollars.",
  examples: ["0.040000"],
};
const json = (schema: object): object => ({ "application/json": { schema } });
const response = (description: string, schema?: object): object => ({
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
const errors = (...statuses: readonly number[]): Record<string, object> =>
  Object.fromEntries(
    statuses.map((status) => [
      String(status),
      response(ERROR_MEANING[status] ?? "Error", errorSchema),
    ]),
  );
const ERROR_MEANING: Readonly<Record<number, string>> = {
  400: "Not JSON, or not of the expected shape",
  401: "Unsigned, wrongly signed, older than five minutes, or a wrong token",
  404: "There is none",
  413: `More than ${String(USAGE_EVENTS_MAX)} events or 8 MiB`,
  503: "The database is away; Retry-After says when to come again",
};
const apiToken = [{ apiToken: [] }];
const parameter = (name: string, description: string): object => ({
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
const listOf = (name: string): object => ({
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

const usageResponses = {
  "202": response("Recorded, as far as the events were valid", usageAnswer),
  "422": response("Every event was rejected", usageAnswer),
  ...errors(400, 401, 413, 503),
};

const spendAnswer = {
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
  ],
  properties: {
    scope: { type: "string" },
    from: { type: "string", format: "date-time", description: "Inclusive." },
    to: { type: "string", format: "date-time", description: "Exclusive." },
    currency: { const: "USD" },
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

export function openApiDocument(): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Claude Spend",
      version: "1",
      description: "Usage in, spend and governance out. Periods are half-open.",
      license: { name: "MIT", identifier: "MIT" },
    },
    components: {
      securitySchemes: {
        apiToken: { type: "http", scheme: "bearer", description: "API_TOKEN" },
        sourceToken: {
          type: "http",
          scheme: "bearer",
          description: "The source's secret (INGEST_SECRET)",
        },
        heliconeSignature: {
          type: "apiKey",
          in: "header",
          name: "Helicone-Signature",
          description: "Lower-case hexadecimal HMAC-SHA256 of the raw body.",
        },
        standardWebhooks: {
          type: "apiKey",
          in: "header",
          name: "webhook-signature",
          description:
            "Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature over the raw body.",
        },
      },
    },
    paths: { ...usagePaths(), ...readPaths(), ...governancePaths(), ...operationPaths() },
  };
}

function usagePaths(): object {
  const event = nativeEventJsonSchema();
  return {
    "/v1/usage": {
      post: {
        summary: "Record usage events",
        description: "Answers 202 only when every accepted event is durable.",
        security: [{ standardWebhooks: [] }, { sourceToken: [] }],
        requestBody: {
          required: true,
          content: {
            ...json({
              anyOf: [event, { type: "array", maxItems: USAGE_EVENTS_MAX, items: event }],
            }),
            "application/x-ndjson": { schema: { type: "string" } },
            "application/cloudevents+json": { schema: { type: "object" } },
            "application/cloudevents-batch+json": { schema: { type: "array" } },
          },
        },
        responses: usageResponses,
      },
    },
    "/v1/usage/litellm": {
      post: {
        summary: "LiteLLM's generic API callback, in each of its log formats",
        security: [{ sourceToken: [] }, { standardWebhooks: [] }],
        requestBody: { required: true, content: json({}) },
        responses: usageResponses,
      },
    },
    "/v1/usage/helicone": {
      post: {
        summary: "Helicone's webhook, signed with Helicone-Signature",
        security: [{ heliconeSignature: [] }, { sourceToken: [] }],
        parameters: [parameter("source", "Whose HMAC key signed it")],
        requestBody: { required: true, content: json({ type: "object" }) },
        responses: usageResponses,
      },
    },
    ...otlpPaths(),
  };
}

/** OTLP/HTTP; every answer is in the encoding of its request. */
function otlpPaths(): object {
  const content = {
    "application/x-protobuf": { schema: { type: "string", format: "binary" } },
    ...json({ type: "object" }),
  };
  const operation = (signal: string): object => ({
    summary: `OTLP/HTTP ${signal}: Claude Code, GenAI spans`,
    security: [{ sourceToken: [] }, { standardWebhooks: [] }],
    requestBody: { required: true, content },
    responses: Object.fromEntries(
      [200, 400, 401, 413, 503].map((status) => [
        String(status),
        {
          description:
            status === 200 ? "Taken, perhaps in part" : (ERROR_MEANING[status] ?? "Error"),
          content,
        },
      ]),
    ),
  });
  return Object.fromEntries(
    ["logs", "metrics", "traces"].map((signal) => [
      `/otlp/v1/${signal}`,
      { post: operation(signal), put: operation(signal) },
    ]),
  );
}

function readPaths(): object {
  const list = (summary: string, name: string, parameters: readonly object[]): object => ({
    get: {
      summary,
      security: apiToken,
      parameters,
      responses: { "200": response(summary, listOf(name)), ...errors(400, 401, 503) },
    },
  });
  return {
    "/v1/spend": {
      get: {
        summary: "Spend of a scope in a period",
        security: apiToken,
        parameters: [
          parameter(
            "scope",
            "org (default), team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID, tag:NAME=VALUE",
          ),
          parameter("from", "Date or time, inclusive. Default: start of the month"),
          parameter("to", "Date or time, exclusive. Default: now"),
          parameter(
            "group_by",
            "Comma list of team, project, user, model, api_key, workspace, source, day, hour",
          ),
          parameter("time_zone", "IANA name. Default: the organization's"),
        ],
        responses: { "200": response("Spend", spendAnswer), ...errors(400, 401, 503) },
      },
    },
    "/v1/budgets": list("Budgets and how much of them is used", "budgets", [
      parameter("scope", "Only this scope"),
    ]),
    "/v1/alerts": list("Alerts that were found, newest first", "alerts", []),
    "/v1/approvals": list("Approval requests and their votes", "approvals", [
      parameter("status", "Only this status"),
    ]),
  };
}

function governancePaths(): object {
  return {
    "/v1/governance": {
      get: {
        summary: "The governance document in force",
        security: apiToken,
        responses: {
          "200": response("As JSON, or as YAML when Accept asks for it"),
          ...errors(401, 404, 503),
        },
      },
      put: {
        summary: "Apply a governance document, whole or not at all",
        security: apiToken,
        requestBody: {
          required: true,
          content: {
            "application/yaml": { schema: { type: "string" } },
            ...json({ type: "object" }),
          },
        },
        responses: {
          "200": response("Applied, or unchanged"),
          "422": response("Refused: every problem with its line and field"),
          ...errors(400, 401, 413, 503),
        },
      },
    },
  };
}

function operationPaths(): object {
  const get = (summary: string, ...statuses: readonly number[]): object => ({
    get: { summary, responses: { "200": response(summary), ...errors(...statuses) } },
  });
  return {
    "/healthz": get("Alive"),
    "/readyz": get("Ready to serve", 503),
    "/metrics": get("Prometheus metrics"),
    "/openapi.json": get("This document"),
  };
}
