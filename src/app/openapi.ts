/**
 * The description of our HTTP API, OpenAPI 3.1. A test compares its paths with the routes that the
 * server really has.
 */
import { reconciliationAnswer } from "./openapi-reconciliation.ts";
import {
  apiToken,
  errors,
  json,
  listOf,
  operationsAnswer,
  parameter,
  response,
  spendAnswer,
  unitCostAnswer,
} from "./openapi-schemas.ts";
import { statementPaths } from "./openapi-statements.ts";
import { usagePaths } from "./openapi-usage.ts";

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
    paths: {
      ...usagePaths(),
      ...readPaths(),
      ...costPaths(),
      ...governancePaths(),
      ...operationPaths(),
    },
  };
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
          parameter("from", "Date or time, inclusive. Default: start of the calendar month"),
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
    "/v1/operations": {
      get: {
        summary: "The attempts at each operation as one, the most wasteful first",
        security: apiToken,
        parameters: [
          parameter("scope", "As for /v1/spend"),
          parameter("from", "Date or time, inclusive. Default: start of the calendar month"),
          parameter("to", "Date or time, exclusive. Default: now"),
          parameter("time_zone", "IANA name. Default: the organization's"),
          parameter("min_attempts", "Only operations with so many attempts. Default: 1"),
          parameter("limit", "How many at most, from 1 to 1000. Default: 100"),
        ],
        responses: { "200": response("Operations", operationsAnswer), ...errors(400, 401, 503) },
      },
    },
    "/v1/budgets": list(
      "Budgets, how much of them is used, and the last forecast of each (null: none yet)",
      "budgets",
      [parameter("scope", "Only this scope")],
    ),
    "/v1/alerts": list("Alerts that were found, newest first", "alerts", [
      parameter("scope", "Only this scope"),
      parameter("limit", "How many at most, from 1 to 1000"),
    ]),
    "/v1/approvals": list(
      "Approval requests with their steps, votes, questions and revocations",
      "approvals",
      [parameter("status", "Only this status")],
    ),
  };
}

function costPaths(): object {
  return {
    "/v1/unit-costs": {
      get: {
        summary: "What one request, user or posted unit cost in a period, step by step",
        security: apiToken,
        parameters: [
          parameter("units", "requests, users, or the name of a posted metric"),
          parameter("scope", "As of /v1/spend. Default: org"),
          parameter("from", "Date or time, inclusive. Default: start of the calendar month"),
          parameter("to", "Date or time, exclusive. Default: now"),
          parameter("by", "day (default), week or month"),
          parameter("time_zone", "IANA name. Default: the organization's"),
        ],
        responses: { "200": response("Unit costs", unitCostAnswer), ...errors(400, 401, 503) },
      },
    },
    "/v1/reconciliation": {
      get: {
        summary: "Our total against Anthropic's bill by UTC day, each difference with its cause",
        security: apiToken,
        parameters: [
          parameter("month", "A month in UTC such as 2026-11. Default: the current one"),
          parameter("from", "First day, in UTC, in place of a month"),
          parameter("to", "The day after the last one, in UTC. Default: today"),
        ],
        responses: {
          "200": response("Reconciliation", reconciliationAnswer),
          ...errors(400, 401, 503),
        },
      },
    },
    ...statementPaths(),
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
        parameters: [
          {
            name: "If-Match",
            in: "header",
            schema: { type: "string" },
            description: "The ETag of a GET: with another version in force nothing is applied",
          },
        ],
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
          ...errors(400, 401, 409, 413, 503),
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
