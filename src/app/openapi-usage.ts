/** How usage comes in, for the description of our HTTP API. */
import { nativeEventJsonSchema } from "../features/ingest/index.ts";
import { USAGE_EVENTS_MAX } from "../http/limits.ts";
import {
  ERROR_MEANING,
  errors,
  json,
  parameter,
  response,
  usageResponses,
} from "./openapi-schemas.ts";

/** The routes of ingest. */
export function usagePaths(): object {
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
    "/v1/metrics": {
      post: {
        summary: "Record business metrics, which unit costs divide by",
        description:
          "Stored whole or not at all. A value for the same name, scope, time and source replaces the former.",
        security: [{ standardWebhooks: [] }, { sourceToken: [] }],
        requestBody: {
          required: true,
          content: json({
            anyOf: [businessMetric, { type: "array", maxItems: 5_000, items: businessMetric }],
          }),
        },
        responses: {
          "202": response("Stored", {
            type: "object",
            required: ["accepted"],
            properties: { accepted: { type: "integer" } },
          }),
          ...errors(400, 401, 413, 503),
        },
      },
    },
    ...otlpPaths(),
  };
}

const businessMetric = {
  type: "object",
  required: ["name", "value", "time", "scope"],
  additionalProperties: false,
  properties: {
    name: { type: "string", pattern: "^[a-z][a-z0-9_]{0,62}$" },
    value: { anyOf: [{ type: "number", minimum: 0 }, { type: "string" }] },
    time: { type: "string", format: "date-time" },
    scope: { type: "string", description: "org, team:KEY, project:KEY, tag:NAME=VALUE, …" },
  },
} as const;

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
      {
        post: operation(signal),
        ...(signal === "traces" ? { put: operation(signal) } : {}),
      },
    ]),
  );
}
