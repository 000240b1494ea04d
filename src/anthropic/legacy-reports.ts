/**
 * The older reports of Console organizations: `usage_report/messages`, `cost_report`,
 * `usage_report/claude_code`. Not in the SDK; documented under version 2023-06-01, so asked for so.
 */
import { z } from "zod";
import { addMs, DAY_MS, type Instant, instant, type Period } from "../domain/time.ts";
import { usdFromCents, usdFromCentsNumber } from "./cents.ts";
import { readPages } from "./pages.ts";
import type { AdminReader } from "./read.ts";
import type { ReportAnswer, ReportDimension, ReportGroup, ReportRow } from "./report-row.ts";

const VERSION = "2023-06-01";
/** Grouping by speed needs it; newer pages no longer say so, and it does no harm. */
const FAST_MODE_BETA = "fast-mode-2026-02-01";
/** Buckets on a page, by width, as documented. */
const HOURS_PER_PAGE_MAX = 168;
const DAYS_PER_PAGE_MAX = 31;
const RECORDS_PER_PAGE_MAX = 1_000;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const time = z.iso.datetime({ offset: true });
const name = z.string().nullable();

const MESSAGES_NAMES = {
  actor: "account_id",
  apiKeyId: "api_key_id",
  contextWindow: "context_window",
  inferenceGeo: "inference_geo",
  model: "model",
  serviceAccountId: "service_account_id",
  serviceTier: "service_tier",
  speed: "speed",
  workspaceId: "workspace_id",
} as const satisfies Partial<Record<ReportDimension, string>>;

const MESSAGES_BUCKET = z.object({
  starting_at: time,
  ending_at: time,
  results: z.array(
    z.object({
      ...Object.fromEntries(Object.values(MESSAGES_NAMES).map((field) => [field, name])),
      uncached_input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation: z.object({
        ephemeral_5m_input_tokens: count,
        ephemeral_1h_input_tokens: count,
      }),
      server_tool_use: z.object({ web_search_requests: count }).nullish(),
    }),
  ),
});

/** Hourly usage by everything that it can be grouped by; `emailOf` names the people. */
export async function readMessagesUsage(
  reader: AdminReader,
  {
    window,
    emailOf,
  }: { readonly window: Period; readonly emailOf: (userId: string) => string | undefined },
): Promise<ReportAnswer> {
  const { items } = await readPages(
    reader,
    {
      path: "/v1/organizations/usage_report/messages",
      version: VERSION,
      beta: FAST_MODE_BETA,
      query: {
        starting_at: window.start.toISOString(),
        ending_at: window.end.toISOString(),
        bucket_width: "1h",
        limit: HOURS_PER_PAGE_MAX,
        group_by: Object.values(MESSAGES_NAMES),
      },
    },
    MESSAGES_BUCKET,
  );
  const rows = items.flatMap((bucket) =>
    bucket.results.map((result): ReportRow => {
      const group = groupOf(MESSAGES_NAMES, result);
      return {
        bucket: { start: instant(bucket.starting_at), end: instant(bucket.ending_at) },
        group,
        userEmail: group.actor === undefined ? undefined : emailOf(group.actor),
        requestCount: undefined,
        quantities: {
          uncachedInputTokens: result.uncached_input_tokens,
          cacheCreation5mInputTokens: result.cache_creation.ephemeral_5m_input_tokens,
          cacheCreation1hInputTokens: result.cache_creation.ephemeral_1h_input_tokens,
          cacheReadInputTokens: result.cache_read_input_tokens,
          outputTokens: result.output_tokens,
          webSearchRequests: result.server_tool_use?.web_search_requests ?? 0,
        },
        listCost: undefined,
        billedCost: undefined,
      };
    }),
  );
  return { rows, dataRefreshedAt: undefined };
}

const COST_NAMES = {
  contextWindow: "context_window",
  costType: "cost_type",
  description: "description",
  inferenceGeo: "inference_geo",
  model: "model",
  serviceTier: "service_tier",
  tokenType: "token_type",
  workspaceId: "workspace_id",
} as const satisfies Partial<Record<ReportDimension, string>>;

const COST_BUCKET = z.object({
  starting_at: time,
  ending_at: time,
  results: z.array(
    z.object({
      ...Object.fromEntries(Object.values(COST_NAMES).map((field) => [field, name.optional()])),
      workspace_id: name,
      description: name,
      currency: z.literal("USD"),
      amount: z.string().transform((text, context) => {
        const amount = usdFromCents(text);
        if (amount !== undefined) return amount;
        context.addIssue({ code: "custom", message: "expected cents as a decimal" });
        return z.NEVER;
      }),
    }),
  ),
});

/** What each day costs, by workspace and description. Without Priority Tier. */
export async function readCostReport(reader: AdminReader, window: Period): Promise<ReportAnswer> {
  const { items } = await readPages(
    reader,
    {
      path: "/v1/organizations/cost_report",
      version: VERSION,
      query: {
        starting_at: window.start.toISOString(),
        ending_at: window.end.toISOString(),
        bucket_width: "1d",
        limit: DAYS_PER_PAGE_MAX,
        group_by: ["workspace_id", "description"],
      },
    },
    COST_BUCKET,
  );
  const rows = items.flatMap((bucket) =>
    bucket.results.map(
      (result): ReportRow => ({
        bucket: { start: instant(bucket.starting_at), end: instant(bucket.ending_at) },
        group: groupOf(COST_NAMES, result),
        userEmail: undefined,
        requestCount: undefined,
        quantities: undefined,
        listCost: undefined,
        billedCost: result.amount,
      }),
    ),
  );
  return { rows, dataRefreshedAt: undefined };
}

const CLAUDE_CODE_RECORD = z.object({
  actor: z.discriminatedUnion("type", [
    z.object({ type: z.literal("user_actor"), email_address: z.string() }),
    z.object({ type: z.literal("api_actor"), api_key_name: z.string() }),
  ]),
  customer_type: z.string(),
  subscription_type: z.string().nullish(),
  terminal_type: z.string().nullish(),
  is_remote: z.boolean().nullish(),
  model_breakdown: z.array(
    z.object({
      model: z.string(),
      tokens: z.object({ input: count, output: count, cache_read: count, cache_creation: count }),
      estimated_cost: z.object({
        currency: z.literal("USD"),
        amount: z.number().transform((cents, context) => {
          const amount = usdFromCentsNumber(cents);
          if (amount !== undefined) return amount;
          context.addIssue({ code: "custom", message: "expected cents" });
          return z.NEVER;
        }),
      }),
    }),
  ),
});

/** Who used Claude Code on one UTC day. Cache writes are not split, and the cost is an estimate. */
export async function readClaudeCode(reader: AdminReader, day: Instant): Promise<ReportAnswer> {
  const { items } = await readPages(
    reader,
    {
      path: "/v1/organizations/usage_report/claude_code",
      version: VERSION,
      query: { starting_at: day.toISOString().slice(0, 10), limit: RECORDS_PER_PAGE_MAX },
    },
    CLAUDE_CODE_RECORD,
  );
  const bucket: Period = { start: day, end: addMs(day, DAY_MS) };
  const rows = items.flatMap((record) =>
    record.model_breakdown.map(({ model, tokens, estimated_cost: estimated }): ReportRow => {
      const { actor } = record;
      return {
        bucket,
        group: {
          actor: actor.type === "user_actor" ? actor.email_address : actor.api_key_name,
          customerType: record.customer_type,
          isRemote: String(record.is_remote ?? false),
          model,
          product: "claude_code",
          ...(typeof record.subscription_type === "string"
            ? { subscriptionType: record.subscription_type }
            : {}),
          ...(typeof record.terminal_type === "string"
            ? { terminalType: record.terminal_type }
            : {}),
        },
        userEmail: actor.type === "user_actor" ? actor.email_address : undefined,
        requestCount: undefined,
        quantities: {
          uncachedInputTokens: tokens.input,
          cacheCreation5mInputTokens: tokens.cache_creation,
          cacheCreation1hInputTokens: 0,
          cacheReadInputTokens: tokens.cache_read,
          outputTokens: tokens.output,
          webSearchRequests: 0,
        },
        listCost: estimated.amount,
        billedCost: undefined,
      };
    }),
  );
  return { rows, dataRefreshedAt: undefined };
}

function groupOf(
  names: Readonly<Record<string, string>>,
  result: Readonly<Record<string, unknown>>,
): ReportGroup {
  return Object.fromEntries(
    Object.entries(names).flatMap(([dimension, field]) => {
      const value = result[field];
      return typeof value === "string" ? [[dimension, value]] : [];
    }),
  );
}
