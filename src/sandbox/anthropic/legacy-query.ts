/**
 * What the older reports accept as a query (`usage_report/messages`, `cost_report`): buckets of a
 * width, as many on a page as `limit` says. Everything else is refused.
 */
import { addMs, DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../domain/time.ts";
import { type AdminError, invalid } from "./errors.ts";
import { limitOf } from "./paging.ts";
import { zonedInstant } from "./report-query.ts";

export interface BucketQuery {
  readonly from: Instant;
  readonly to: Instant;
  readonly widthMs: number;
  readonly bucketsPerPage: number;
  readonly groupBy: readonly string[];
}

export interface LegacyReport {
  readonly widths: Readonly<
    Record<string, { readonly ms: number; readonly otherwise: number; readonly max: number }>
  >;
  readonly groupBy: readonly string[];
  readonly filters: readonly string[];
}

const DAYS = { ms: DAY_MS, otherwise: 7, max: 31 };

export const MESSAGES_REPORT: LegacyReport = {
  widths: {
    "1d": DAYS,
    "1h": { ms: HOUR_MS, otherwise: 24, max: 168 },
    "1m": { ms: MINUTE_MS, otherwise: 60, max: 1440 },
  },
  groupBy: [
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
  ],
  filters: [
    "account_ids[]",
    "api_key_ids[]",
    "service_account_ids[]",
    "workspace_ids[]",
    "models[]",
    "service_tiers[]",
    "context_window[]", // Singular, as documented.
    "inference_geos[]",
    "speeds[]",
  ],
};

export const COST_REPORT: LegacyReport = {
  widths: { "1d": DAYS },
  groupBy: ["workspace_id", "description"],
  filters: [],
};

const SINGLE = ["starting_at", "ending_at", "bucket_width", "limit", "page"];
const FAST_MODE_BETA = "fast-mode-2026-02-01";

/** The query in our words, or what is wrong with it. */
export function bucketQuery(
  report: LegacyReport,
  {
    query,
    betas,
    now,
  }: { readonly query: URLSearchParams; readonly betas: readonly string[]; readonly now: Instant },
): BucketQuery | AdminError {
  const known = [...SINGLE, ...report.filters, "group_by[]"];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) return invalid(`${unknown}: Extra inputs are not permitted`);
  const repeated = SINGLE.find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return invalid(`${repeated}: expected a single value`);

  const width = report.widths[query.get("bucket_width") ?? "1d"];
  if (width === undefined) {
    return invalid(`bucket_width: expected one of ${Object.keys(report.widths).join(", ")}`);
  }
  const starting = query.get("starting_at");
  if (starting === null) return invalid("starting_at: Field required");
  const from = zonedInstant(starting);
  const ending = query.get("ending_at");
  const to = ending === null ? now : zonedInstant(ending);
  if (from === undefined) return invalid("starting_at: expected RFC 3339 with a time zone");
  if (to === undefined) return invalid("ending_at: expected RFC 3339 with a time zone");
  if (to <= from) return invalid("ending_at: expected after starting_at");

  const groupBy = query.getAll("group_by[]");
  const other = groupBy.find((name) => !report.groupBy.includes(name));
  if (other !== undefined) {
    return invalid(`group_by: unexpected ${other}; expected one of ${report.groupBy.join(", ")}`);
  }
  const needsFastMode = groupBy.includes("speed") || query.has("speeds[]");
  if (needsFastMode && !betas.includes(FAST_MODE_BETA)) {
    return invalid(`speed: expected the header anthropic-beta: ${FAST_MODE_BETA}`);
  }
  const bucketsPerPage = limitOf(query, width);
  if (bucketsPerPage === undefined) return invalid(`limit: expected 1 to ${String(width.max)}`);
  return {
    from: addMs(from, -(from.getTime() % width.ms)),
    to,
    widthMs: width.ms,
    bucketsPerPage,
    groupBy,
  };
}

/** The starts of all buckets that the query covers, oldest first, empty ones as well. */
export function bucketsOf({ from, to, widthMs }: BucketQuery): readonly Instant[] {
  const count = Math.ceil((to.getTime() - from.getTime()) / widthMs);
  return Array.from({ length: count }, (_, index) => addMs(from, index * widthMs));
}
