/**
 * What the usage and cost reports accept as a query, as strictly as it is documented: unknown
 * parameters and values, ranges too long or too old are refused, as the real API does.
 */
import { DAY_MS, type Instant, instant } from "../../domain/time.ts";
import { type AdminError, invalid } from "./errors.ts";

export type Report = "usage" | "cost";

/** What both reports can be broken out by. */
export const DIMENSIONS = [
  "actor",
  "actor_type",
  "agent_id",
  "api_key_id",
  "claude_tag_category",
  "claude_tag_user_id",
  "context_window",
  "deployment_id",
  "environment_id",
  "inference_geo",
  "model",
  "organization_id",
  "product",
  "rbac_group_id",
  "service_tier",
  "session_id",
  "slack_channel_id",
  "speed",
  "user_profile_id",
  "workspace_id",
];
/** What only costs can be broken out by. */
export const COST_DIMENSIONS = ["cost_type", "token_type"];
const DIMENSIONS_MAX = 5;

const FILTERED = [
  "actor_ids",
  "actor_types",
  "agent_ids",
  "api_key_ids",
  "claude_tag_categories",
  "claude_tag_user_ids",
  "deployment_ids",
  "environment_ids",
  "context_windows",
  "inference_geos",
  "models",
  "organization_ids",
  "products",
  "rbac_group_ids",
  "service_tiers",
  "session_ids",
  "slack_channel_ids",
  "speeds",
  "user_profile_ids",
  "workspace_ids",
];
const FILTERS = FILTERED.map((name) => `${name}[]`);

/** "models" filters by "model". */
export const FILTER_DIMENSIONS: readonly (readonly [filter: string, dimension: string])[] =
  FILTERED.map((name) => [
    `${name}[]`,
    name === "claude_tag_categories" ? "claude_tag_category" : name.replace(/s$/, ""),
  ]);

const ORDER_BY: Readonly<Record<Report, readonly string[]>> = {
  usage: ["total_tokens", "output_tokens", "requests", "uncached_input_tokens", "time"],
  cost: ["amount", "list_amount", "time"],
};
const SINGLE = [
  "starting_at",
  "ending_at",
  "time_bucket_width",
  "limit",
  "page",
  "order",
  "order_by",
  "exclude_deleted_users",
];

const RANGE_DAYS_MAX = 31;
const AGE_DAYS_MAX = 365;
const FIRST_INSTANT = instant("2026-01-01T00:00:00Z");
const LIMIT_MAX = 1000;

/** What is wrong with a query; undefined: nothing. */
export function reportQueryProblem(
  report: Report,
  query: URLSearchParams,
  now: Instant,
): AdminError | undefined {
  const known = [...SINGLE, ...FILTERS, "group_by[]"];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) return invalid(`${unknown}: Extra inputs are not permitted`);
  const repeated = SINGLE.find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return invalid(`${repeated}: expected a single value`);
  return rangeProblem(query, now) ?? groupingProblem(report, query) ?? pageProblem(report, query);
}

function rangeProblem(query: URLSearchParams, now: Instant): AdminError | undefined {
  const starting = query.get("starting_at");
  const ending = query.get("ending_at");
  const width = query.get("time_bucket_width");
  if (starting === null) return invalid("starting_at: Field required");
  const from = zonedInstant(starting);
  const to = ending === null ? undefined : zonedInstant(ending);
  if (from === undefined) return invalid("starting_at: expected RFC 3339 with a time zone");
  if (ending !== null && to === undefined) {
    return invalid("ending_at: expected RFC 3339 with a time zone");
  }
  if (from < FIRST_INSTANT || now.getTime() - from.getTime() > AGE_DAYS_MAX * DAY_MS) {
    return invalid(
      `starting_at: expected within the last ${String(AGE_DAYS_MAX)} days and not before ${FIRST_INSTANT.toISOString()}`,
    );
  }
  if (width !== null && !["1d", "1h", "1m"].includes(width)) {
    return invalid("time_bucket_width: expected 1d, 1h or 1m");
  }
  if (width !== null && to === undefined) {
    return invalid("ending_at: Field required with time_bucket_width");
  }
  if (to === undefined) return undefined;
  if (to <= from) return invalid("ending_at: expected after starting_at");
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  if (days > RANGE_DAYS_MAX) {
    return invalid(`ending_at: expected at most ${String(RANGE_DAYS_MAX)} days after starting_at`);
  }
  if (width === "1m" && days > 1) {
    return invalid("ending_at: expected at most 24 hours after starting_at with 1m");
  }
  return undefined;
}

function groupingProblem(report: Report, query: URLSearchParams): AdminError | undefined {
  const groups = query.getAll("group_by[]");
  const known = report === "cost" ? [...DIMENSIONS, ...COST_DIMENSIONS] : DIMENSIONS;
  const unknown = groups.find((group) => !known.includes(group));
  if (unknown !== undefined) {
    return invalid(`group_by: unexpected ${unknown}; expected one of ${known.join(", ")}`);
  }
  if (groups.filter((group) => !COST_DIMENSIONS.includes(group)).length > DIMENSIONS_MAX) {
    return invalid(`group_by: expected at most ${String(DIMENSIONS_MAX)} dimensions`);
  }
  if (groups.includes("claude_tag_user_id") && groups.includes("rbac_group_id")) {
    return invalid("group_by: claude_tag_user_id cannot be combined with rbac_group_id");
  }
  const excludesDeleted = query.get("exclude_deleted_users");
  if (excludesDeleted !== null && !["true", "false"].includes(excludesDeleted)) {
    return invalid("exclude_deleted_users: expected true or false");
  }
  if (excludesDeleted === "true" && !groups.includes("actor")) {
    return invalid("exclude_deleted_users: requires group_by actor");
  }
  return undefined;
}

function pageProblem(report: Report, query: URLSearchParams): AdminError | undefined {
  const limit = query.get("limit");
  if (
    limit !== null &&
    !(/^\d{1,4}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= LIMIT_MAX)
  ) {
    return invalid(`limit: expected 1 to ${String(LIMIT_MAX)}`);
  }
  const order = query.get("order");
  if (order !== null && !["asc", "desc"].includes(order)) {
    return invalid("order: expected asc or desc");
  }
  const orderBy = query.get("order_by");
  if (orderBy !== null && !ORDER_BY[report].includes(orderBy)) {
    return invalid(`order_by: expected one of ${ORDER_BY[report].join(", ")}`);
  }
  return undefined;
}

/** RFC 3339 with a zone; undefined for anything else. */
export function zonedInstant(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)) {
    return undefined;
  }
  return Number.isNaN(Date.parse(text)) ? undefined : instant(text);
}
