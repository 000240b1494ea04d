/** The schema of what `GET /v1/reconciliation` answers. */
import { decimal } from "./openapi-schemas.ts";

const percent = { type: "string", pattern: "^-?\\d+\\.\\d{2}$", examples: ["0.12"] };
const standing = {
  status: { enum: ["pending", "reconciled", "drift"] },
  anthropic_billed: decimal,
  charged: decimal,
  difference: { ...decimal, description: "Ours less theirs." },
  difference_percent: percent,
  drift: { ...decimal, description: "Without known exclusions and what was accepted." },
  drift_percent: percent,
  unexplained: decimal,
  unexplained_percent: percent,
} as const;
const resolution = {
  type: ["object", "null"],
  properties: {
    reason: { type: "string" },
    accepted_by: { type: "string" },
    accepted_at: { type: "string", format: "date-time" },
  },
} as const;
const texts = { type: "array", items: { type: "string" } } as const;

export const reconciliationAnswer = {
  type: "object",
  required: [
    "from",
    "to",
    "currency",
    "tolerance_percent",
    ...Object.keys(standing),
    "causes",
    "days",
    "pending_days",
    "anthropic_reports",
  ],
  properties: {
    from: { type: "string", format: "date" },
    to: { type: "string", format: "date", description: "Exclusive." },
    currency: { const: "USD" },
    tolerance_percent: { type: "string", examples: ["0.5"] },
    ...standing,
    causes: {
      type: "array",
      items: {
        type: "object",
        properties: {
          cause: { type: "string" },
          kind: { enum: ["exclusion", "fault", "open"] },
          title: { type: "string" },
          amount: decimal,
          percent,
          days: texts,
          workspaces: { type: "array", items: { type: ["string", "null"] } },
          models: texts,
          evidence: texts,
          advice: { type: "string" },
          resolution,
        },
      },
    },
    days: {
      type: "array",
      items: {
        type: "object",
        required: ["day", "report", ...Object.keys(standing), "as_of", "judged_at", "causes"],
        properties: {
          day: { type: "string", format: "date" },
          report: { enum: ["analytics_cost", "cost_report"] },
          ...standing,
          as_of: { type: "string", format: "date-time" },
          judged_at: { type: "string", format: "date-time" },
          causes: {
            type: "array",
            items: {
              type: "object",
              properties: {
                cause: { type: "string" },
                workspace_id: { type: ["string", "null"] },
                amount: decimal,
                counts_as_drift: { type: "boolean" },
                models: texts,
                evidence: texts,
                resolution,
              },
            },
          },
        },
      },
    },
    pending_days: { ...texts, description: "Not final yet, or from before our first usage." },
    anthropic_reports: {
      type: ["object", "null"],
      description:
        "Anthropic's two reports of costs held against each other; null: no day is in both.",
      properties: {
        days: texts,
        analytics_cost: decimal,
        cost_report: decimal,
        difference: decimal,
        causes: {
          type: "array",
          items: {
            type: "object",
            properties: {
              cause: {
                enum: ["priority_tier", "discount", "rounding", "may_be_revised", "unexplained"],
              },
              title: { type: "string" },
              amount: decimal,
              days: texts,
              models: texts,
            },
          },
        },
      },
    },
  },
};
