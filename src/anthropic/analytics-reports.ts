/**
 * `analytics/usage` and `analytics/cost`: what was used and what it costs, by whatever it is grouped
 * by, for Console and Enterprise organizations. A beta of Anthropic's, with its header.
 */
import { z } from "zod";
import { assert } from "../domain/assert.ts";
import { instant, type Period } from "../domain/time.ts";
import { usdFromCents } from "./cents.ts";
import { readPages } from "./pages.ts";
import { type AdminReader } from "./read.ts";
import type { ReportAnswer, ReportDimension, ReportGroup, ReportRow } from "./report-row.ts";

const BETA = "analytics-usage-cost-2026-08-24";
const ROWS_PER_PAGE_MAX = 1_000;

/** Our names and Anthropic's, of what these reports are asked to be grouped by. */
const NAMES = {
  actor: "actor",
  apiKeyId: "api_key_id",
  costType: "cost_type",
  model: "model",
  product: "product",
  serviceTier: "service_tier",
  tokenType: "token_type",
  workspaceId: "workspace_id",
} as const satisfies Partial<Record<ReportDimension, string>>;
export type AnalyticsDimension = keyof typeof NAMES;

export interface AnalyticsQuestion {
  readonly window: Period;
  readonly bucketWidth: "1h" | "1d";
  /** At most five, `costType` and `tokenType` not counted; those two are for costs only. */
  readonly groupBy: readonly AnalyticsDimension[];
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const cents = z.string().transform((text, context) => {
  const amount = usdFromCents(text);
  if (amount !== undefined) return amount;
  context.addIssue({ code: "custom", message: "expected cents as a decimal" });
  return z.NEVER;
});
const time = z.iso.datetime({ offset: true });

const ACTOR = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("user_actor"),
    user_id: z.string(),
    email_address: z.string().nullish(),
  }),
  z.object({ type: z.literal("service_account_actor"), service_account_id: z.string() }),
  z.object({ type: z.literal("api_actor"), api_key_id: z.string() }),
  z.object({
    type: z.literal("federated_actor"),
    subject: z.string().nullish(),
    provider: z.record(z.string(), z.unknown()),
  }),
]);
type Actor = z.infer<typeof ACTOR>;

const OTHER_ACTOR = z.looseObject({ type: z.string() });

const usage = z.object({
  uncached_input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation: z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
  server_tool_use: z.object({ web_search_requests: count }).nullish(),
  requests: count,
});
const cost = z.object({
  amount: cents,
  list_amount: cents,
  currency: z.literal("USD"),
  requests: count.nullish(),
});

export async function readAnalyticsUsage(
  reader: AdminReader,
  question: AnalyticsQuestion,
): Promise<ReportAnswer> {
  const { items, dataRefreshedAt } = await readPages(
    reader,
    questionOf("usage", question),
    rowShape(question).extend({ usage }),
  );
  const rows = items.map(
    (item): ReportRow => ({
      ...frameOf(item, question),
      requestCount: item.usage.requests,
      quantities: {
        uncachedInputTokens: item.usage.uncached_input_tokens,
        cacheCreation5mInputTokens: item.usage.cache_creation.ephemeral_5m_input_tokens,
        cacheCreation1hInputTokens: item.usage.cache_creation.ephemeral_1h_input_tokens,
        cacheReadInputTokens: item.usage.cache_read_input_tokens,
        outputTokens: item.usage.output_tokens,
        webSearchRequests: item.usage.server_tool_use?.web_search_requests ?? 0,
      },
      listCost: undefined,
      billedCost: undefined,
    }),
  );
  return { rows, dataRefreshedAt };
}

export async function readAnalyticsCost(
  reader: AdminReader,
  question: AnalyticsQuestion,
): Promise<ReportAnswer> {
  const { items, dataRefreshedAt } = await readPages(
    reader,
    questionOf("cost", question),
    rowShape(question).extend({ cost }),
  );
  const rows = items.map(
    (item): ReportRow => ({
      ...frameOf(item, question),
      requestCount: item.cost.requests ?? undefined,
      quantities: undefined,
      listCost: item.cost.list_amount,
      billedCost: item.cost.amount,
    }),
  );
  return { rows, dataRefreshedAt };
}

function questionOf(report: "usage" | "cost", { window, bucketWidth, groupBy }: AnalyticsQuestion) {
  return {
    path: `/v1/organizations/analytics/${report}`,
    version: "2026-10-21" as const,
    beta: BETA,
    query: {
      starting_at: window.start.toISOString(),
      ending_at: window.end.toISOString(),
      time_bucket_width: bucketWidth,
      group_by: groupBy.map((dimension) => NAMES[dimension]),
      // By time, so that what arrives while we turn pages does not move what we have not read yet.
      order_by: "time",
      order: "asc",
      limit: ROWS_PER_PAGE_MAX,
    },
  };
}

/** A dimension that was asked for must be there, though it may be null. */
function rowShape({ groupBy }: AnalyticsQuestion) {
  const plain = groupBy.filter((dimension) => dimension !== "actor");
  const group = z.object({
    ...Object.fromEntries(plain.map((dimension) => [NAMES[dimension], z.string().nullable()])),
    ...(groupBy.includes("actor") ? { actor: z.union([ACTOR, OTHER_ACTOR]).nullable() } : {}),
  });
  return z.object({ starting_at: time, ending_at: time, group });
}

interface Item {
  readonly starting_at: string;
  readonly ending_at: string;
  readonly group: Readonly<Record<string, unknown>>;
}

function frameOf(
  { starting_at: start, ending_at: end, group }: Item,
  { groupBy }: AnalyticsQuestion,
): Pick<ReportRow, "bucket" | "group" | "userEmail"> {
  const actor = ACTOR.safeParse(group["actor"]).data;
  const actorId = actor === undefined ? undefined : idOfActor(actor);
  const values = groupBy.flatMap((dimension): [ReportDimension, string][] => {
    const value =
      dimension === "actor" ? (actorId ?? textOf(group["actor"])) : group[NAMES[dimension]];
    return typeof value === "string" ? [[dimension, value]] : [];
  });
  const given: ReportGroup = Object.fromEntries(values);
  return {
    bucket: { start: instant(start), end: instant(end) },
    group: given,
    userEmail: actor?.type === "user_actor" ? (actor.email_address ?? undefined) : undefined,
  };
}

function idOfActor(actor: Actor): string {
  switch (actor.type) {
    case "user_actor":
      return actor.user_id;
    case "service_account_actor":
      return actor.service_account_id;
    case "api_actor":
      return actor.api_key_id;
    case "federated_actor":
      return JSON.stringify([actor.subject ?? null, actor.provider]);
  }
}

/** A kind of actor that is newer than we are still tells its rows apart. */
function textOf(actor: unknown): string | undefined {
  if (actor === null || actor === undefined) return undefined;
  const text = JSON.stringify(actor);
  assert(text !== "", "an actor has a text");
  return text;
}
