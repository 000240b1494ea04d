/**
 * A row of any of Anthropic's usage and cost reports, in one shape: which bucket, grouped by what,
 * how much. What the report does not tell is absent, never zero.
 */
import type { Usd } from "../domain/money.ts";
import type { Period } from "../domain/time.ts";
import type { UsageQuantities } from "../domain/usage.ts";

/** What rows are grouped by. `actor` is the id of a person, a service account or a key. */
export type ReportDimension =
  | "actor"
  | "apiKeyId"
  | "contextWindow"
  | "costType"
  | "customerType"
  | "description"
  | "inferenceGeo"
  | "isRemote"
  | "model"
  | "product"
  | "serviceAccountId"
  | "serviceTier"
  | "speed"
  | "subscriptionType"
  | "terminalType"
  | "tokenType"
  | "workspaceId";

export type ReportGroup = Readonly<Partial<Record<ReportDimension, string>>>;

export interface ReportQuantities extends UsageQuantities {
  readonly webSearchRequests: number;
}

export interface ReportRow {
  readonly bucket: Period;
  readonly group: ReportGroup;
  /** The person's address, where the report has it: it may change, the group stays. */
  readonly userEmail: string | undefined;
  readonly requestCount: number | undefined;
  readonly quantities: ReportQuantities | undefined;
  readonly listCost: Usd | undefined;
  /** After discounts, before credits. */
  readonly billedCost: Usd | undefined;
}

export interface ReportAnswer {
  readonly rows: readonly ReportRow[];
  /** Up to when the report is complete; undefined: it did not say. */
  readonly dataRefreshedAt: Date | undefined;
}
