/**
 * `analytics/usage` and `analytics/cost`: rows of what the ledger holds, by the dimensions that were
 * asked for. A dimension that was not asked for is null, and so is one that the usage has not.
 */
import { addMs, DAY_MS, HOUR_MS, type Instant, instant, MINUTE_MS } from "../../domain/time.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { limitOf, pageOf } from "./paging.ts";
import { centsText, TOKEN_KINDS } from "./prices.ts";
import {
  COST_DIMENSIONS,
  DIMENSIONS,
  FILTER_DIMENSIONS,
  type Report,
  reportQueryProblem,
  zonedInstant,
} from "./report-query.ts";
import { type AdminRoute, type Asked, type OrganizationKind, type Outcome, ok } from "./route.ts";

const BETA = "analytics-usage-cost-2026-08-24";
const WIDTH_MS: Readonly<Record<string, number>> = { "1d": DAY_MS, "1h": HOUR_MS, "1m": MINUTE_MS };
const RANGE_MS_MAX = 31 * DAY_MS;

export interface AnalyticsSettings {
  readonly ledger: Ledger;
  readonly kind: OrganizationKind;
  /** Anthropic's discount for this organization, in percent of the list price. */
  readonly discountPercent: number;
}

export function analyticsRoutes(settings: AnalyticsSettings): readonly AdminRoute[] {
  const route = (report: Report): AdminRoute => ({
    method: "GET",
    path: new RegExp(`^/v1/organizations/analytics/${report}$`),
    scope: "read:analytics",
    beta: BETA,
    answer: (asked) => answer(settings, report, asked),
  });
  return [route("usage"), route("cost")];
}

/** A row before it is written down: its group, the entries in it, and which parts of their cost. */
interface Row {
  readonly start: Instant;
  readonly end: Instant;
  readonly group: Readonly<Record<string, unknown>>;
  readonly entries: readonly LedgerEntry[];
}

function answer(settings: AnalyticsSettings, report: Report, { query, now }: Asked): Outcome {
  const problem = reportQueryProblem(report, query, now);
  if (problem !== undefined) return problem;
  const rows = groupedRows(settings, query, now).toSorted(inOrder(report, query));
  const page = pageOf(rows, query, limitOf(query, { otherwise: 20, max: 1000 }) ?? 20);
  if ("type" in page) return page;
  const write = report === "usage" ? usageRow : costRows(settings, query);
  return ok({
    data: page.items.flatMap((row) => write(row, keysOf(report))),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
    data_refreshed_at: settings.ledger.refreshedAt(now).toISOString(),
  });
}

function keysOf(report: Report): readonly string[] {
  return report === "cost" ? [...DIMENSIONS, ...COST_DIMENSIONS] : DIMENSIONS;
}

function groupedRows(
  settings: AnalyticsSettings,
  query: URLSearchParams,
  now: Instant,
): readonly Row[] {
  const width = WIDTH_MS[query.get("time_bucket_width") ?? ""];
  const { from, to } = rangeOf(query, now, width ?? HOUR_MS);
  const asked = query.getAll("group_by[]").filter((name) => !COST_DIMENSIONS.includes(name));
  const rows = new Map<string, Row & { readonly entries: LedgerEntry[] }>();
  for (const entry of settings.ledger.entries(from, to, now)) {
    const values = dimensionsOf(entry, settings.kind);
    if (!isWanted(values, query)) continue;
    const start =
      width === undefined
        ? from
        : instant(entry.occurredAt.getTime() - (entry.occurredAt.getTime() % width));
    const group = Object.fromEntries(asked.map((name) => [name, values[name] ?? null]));
    const key = JSON.stringify([start, group]);
    const known = rows.get(key);
    if (known !== undefined) known.entries.push(entry);
    else {
      const end = width === undefined ? to : addMs(start, width);
      rows.set(key, { start, end, group, entries: [entry] });
    }
  }
  return [...rows.values()];
}

function rangeOf(
  query: URLSearchParams,
  now: Instant,
  step: number,
): { readonly from: Instant; readonly to: Instant } {
  const down = (at: Instant): Instant => addMs(at, -(at.getTime() % step));
  const from = down(zonedInstant(query.get("starting_at") ?? "") ?? now);
  const ending = query.get("ending_at");
  const latest = addMs(from, RANGE_MS_MAX);
  const end = zonedInstant(ending ?? "") ?? (latest < now ? latest : now);
  return { from, to: query.has("time_bucket_width") ? end : down(end) };
}

/** Every dimension of an entry that is not null. */
function dimensionsOf(
  { request, workspaceId, apiKeyId }: LedgerEntry,
  kind: OrganizationKind,
): Readonly<Record<string, unknown>> {
  const user = request?.user ?? null;
  const actor =
    user !== null
      ? {
          type: "user_actor",
          user_id: user.id,
          name: user.email.split("@")[0],
          email_address: user.email,
          deleted: false,
        }
      : apiKeyId === null
        ? null
        : { type: "api_actor", api_key_id: apiKeyId };
  return {
    actor,
    actor_type: actor?.type ?? null,
    ...(kind === "console"
      ? {
          api_key_id: apiKeyId,
          workspace_id: workspaceId,
          service_tier: request?.serviceTier ?? null,
        }
      : {}),
    ...(request === undefined
      ? {}
      : {
          context_window: promptTokens(request.tokens) > 200_000 ? "200k-1M" : "0-200k",
          inference_geo: request.inferenceGeo,
          model: request.model,
          product: request.product,
          speed: request.speed,
        }),
  };
}

export function promptTokens(tokens: Readonly<Record<string, number>>): number {
  return TOKEN_KINDS.filter((kind) => kind !== "output_tokens").reduce(
    (sum, kind) => sum + (tokens[kind] ?? 0),
    0,
  );
}

function isWanted(values: Readonly<Record<string, unknown>>, query: URLSearchParams): boolean {
  return FILTER_DIMENSIONS.every(([filter, dimension]) => {
    const wanted = query.getAll(filter);
    if (wanted.length === 0) return true;
    const value = dimension === "actor_id" ? actorIdOf(values["actor"]) : values[dimension];
    if (value === null || value === undefined) {
      return wanted.includes(dimension === "inference_geo" ? "not_available" : "");
    }
    return wanted.some((one) => one === value);
  });
}

function actorIdOf(actor: unknown): unknown {
  if (typeof actor !== "object" || actor === null) return null;
  if ("user_id" in actor) return actor.user_id;
  return "api_key_id" in actor ? actor.api_key_id : null;
}

function inOrder(report: Report, query: URLSearchParams): (left: Row, right: Row) => number {
  const by = query.get("order_by") ?? (report === "usage" ? "total_tokens" : "amount");
  const sign = query.get("order") === "asc" ? 1 : -1;
  const weight = (row: Row): bigint => {
    if (by === "time") return BigInt(row.start.getTime());
    if (report === "cost") return listPico(row);
    const usage = usageOf(row);
    return BigInt(
      by === "output_tokens"
        ? usage.output_tokens
        : by === "requests"
          ? usage.requests
          : by === "uncached_input_tokens"
            ? usage.uncached_input_tokens
            : usage.total_tokens,
    );
  };
  return (left, right) => {
    const difference = weight(left) - weight(right);
    if (difference !== 0n) return difference < 0n ? -sign : sign;
    // A total order, so that no row stands on two pages or on none.
    return keyOf(left) < keyOf(right) ? -1 : 1;
  };
}

function keyOf({ start, group }: Row): string {
  return JSON.stringify([start, group]);
}

function withNulls(
  keys: readonly string[],
  group: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(keys.map((key) => [key, group[key] ?? null]));
}

function usageOf({ entries }: Row) {
  const sum = (read: (request: NonNullable<LedgerEntry["request"]>) => number): number =>
    entries.reduce((total, { request }) => total + (request === undefined ? 0 : read(request)), 0);
  const tokens = Object.fromEntries(
    TOKEN_KINDS.map((kind) => [kind, sum((request) => request.tokens[kind])]),
  );
  return {
    uncached_input_tokens: tokens["uncached_input_tokens"] ?? 0,
    output_tokens: tokens["output_tokens"] ?? 0,
    cache_read_input_tokens: tokens["cache_read_input_tokens"] ?? 0,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens["cache_creation.ephemeral_5m_input_tokens"] ?? 0,
      ephemeral_1h_input_tokens: tokens["cache_creation.ephemeral_1h_input_tokens"] ?? 0,
    },
    server_tool_use: { web_search_requests: sum(({ webSearches }) => webSearches) },
    requests: entries.length,
    total_tokens: Object.values(tokens).reduce((total, count) => total + count, 0),
  };
}

function usageRow(row: Row, keys: readonly string[]): readonly object[] {
  // Code execution and session time have no tokens, so the usage report does not know them.
  const entries = row.entries.filter(({ request }) => request !== undefined);
  if (entries.length === 0) return [];
  return [
    {
      starting_at: row.start.toISOString(),
      ending_at: row.end.toISOString(),
      group: withNulls(keys, row.group),
      usage: usageOf({ ...row, entries }),
    },
  ];
}

function listPico({ entries }: Row): bigint {
  return entries.flatMap(({ parts }) => parts).reduce((sum, { listPico: part }) => sum + part, 0n);
}

interface Sum {
  list: bigint;
  billed: bigint;
}

/** One row, or one for each component where the cost is split. */
function costRows(settings: AnalyticsSettings, query: URLSearchParams) {
  const splits = COST_DIMENSIONS.filter((name) => query.getAll("group_by[]").includes(name));
  const cost = ({ list, billed }: Sum, requests: number | null): object => ({
    // Ten digits of a cent more than any price has: a discount does not end in whole pico-dollars.
    amount: centsText((billed * BigInt(100 - settings.discountPercent)) / 100n),
    list_amount: centsText(list),
    currency: "USD",
    requests,
  });
  return (row: Row, keys: readonly string[]): readonly object[] => {
    const parts = row.entries.flatMap((entry) => entry.parts);
    if (parts.length === 0) return [];
    const sums = new Map<string, Sum & { readonly split: Record<string, string | null> }>();
    for (const { costType, tokenType, listPico: list, billedPico: billed } of parts) {
      const isByToken = splits.includes("token_type");
      const split = {
        ...(splits.length > 0 ? { cost_type: costType } : {}),
        ...(isByToken ? { token_type: tokenType } : {}),
      };
      const known = sums.get(JSON.stringify(split));
      if (known === undefined) sums.set(JSON.stringify(split), { split, list, billed });
      else {
        known.list += list;
        known.billed += billed;
      }
    }
    return [...sums.values()].map(({ split, ...sum }) => ({
      starting_at: row.start.toISOString(),
      ending_at: row.end.toISOString(),
      group: withNulls(keys, { ...row.group, ...split }),
      cost: cost(sum, splits.length > 0 ? null : row.entries.length),
    }));
  };
}
