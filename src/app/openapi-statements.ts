/** The description of `GET /v1/statements`. */
import { apiToken, decimal, errors, parameter, response } from "./openapi-schemas.ts";

const costs = {
  type: "object",
  required: ["list_cost", "contracted_cost", "billed_cost", "effective_cost"],
  properties: {
    list_cost: decimal,
    contracted_cost: decimal,
    billed_cost: decimal,
    effective_cost: { ...decimal, description: "What teams are charged. Exact US dollars." },
  },
};
const statementAmounts = {
  direct: { ...costs, description: "Usage of the month." },
  shared: { ...costs, description: "Taken or given by rules of shared cost." },
  commitments: costs,
  credits: costs,
  adjustments: {
    type: "array",
    description: "Changes of closed months, by month of origin.",
    items: { ...costs, properties: { month: { type: "string" }, ...costs.properties } },
  },
  total: costs,
};

const statementAnswer = {
  type: "object",
  required: ["month", "from", "to", "status", "closed_at", "currency", "teams", "data_as_of"],
  properties: {
    month: { type: "string", examples: ["2026-10"] },
    from: { type: "string", format: "date-time", description: "Inclusive." },
    to: { type: "string", format: "date-time", description: "Exclusive." },
    status: { enum: ["open", "closed"] },
    closed_at: { type: ["string", "null"], description: "Null: it may still change." },
    currency: { const: "USD" },
    teams: {
      type: "array",
      items: {
        type: "object",
        required: ["team", "name", "cost_center", "projects", ...Object.keys(statementAmounts)],
        properties: {
          team: { type: ["string", "null"], description: "Null: Unallocated." },
          name: { type: "string" },
          cost_center: { type: ["string", "null"] },
          ...statementAmounts,
          projects: {
            type: "array",
            items: {
              type: "object",
              properties: {
                project: { type: ["string", "null"], description: "Null: in no project." },
                ...statementAmounts,
              },
            },
          },
        },
      },
    },
    ...statementAmounts,
    data_as_of: { type: "string", format: "date-time" },
  },
} as const;

export function statementPaths(): object {
  return {
    "/v1/statements": {
      get: {
        summary: "What each team is charged for a month, closed or as it stands",
        security: apiToken,
        parameters: [
          parameter("month", "A month of the organization's zone, such as 2026-10. Required"),
          parameter("team", "Only this team; unallocated for what is nobody's"),
        ],
        responses: { "200": response("Statement", statementAnswer), ...errors(400, 401, 503) },
      },
    },
  };
}
