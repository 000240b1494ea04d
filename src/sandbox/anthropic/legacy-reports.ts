/**
 * The older reports of a Console organization: `usage_report/messages` and `cost_report`. The
 * default workspace is null in them, and Priority Tier has usage and no cost.
 */
import { addMs } from "../../domain/time.ts";
import { promptTokens } from "./analytics-report.ts";
import type { CostPart, Ledger, LedgerEntry } from "./ledger.ts";
import {
  bucketQuery,
  bucketsOf,
  COST_REPORT,
  type LegacyReport,
  MESSAGES_REPORT,
} from "./legacy-query.ts";
import { pageOf } from "./paging.ts";
import { sumParts } from "./part-sums.ts";
import { centsText, TOKEN_KINDS } from "./prices.ts";
import { type AdminRoute, type Asked, type Outcome, ok } from "./route.ts";

export interface LegacySettings {
  readonly ledger: Ledger;
  readonly defaultWorkspaceId: string;
  readonly discountPercent: number;
}

const VERSIONS = ["2023-06-01"];

export function legacyRoutes(settings: LegacySettings): readonly AdminRoute[] {
  return [
    {
      method: "GET",
      path: /^\/v1\/organizations\/usage_report\/messages$/,
      kind: "console",
      versions: VERSIONS,
      answer: (asked) => answer(settings, MESSAGES_REPORT, asked, usageResults),
    },
    {
      method: "GET",
      path: /^\/v1\/organizations\/cost_report$/,
      kind: "console",
      versions: VERSIONS,
      answer: (asked) => answer(settings, COST_REPORT, asked, costResults),
    },
  ];
}

type ResultsOf = (
  settings: LegacySettings,
  entries: readonly LedgerEntry[],
  query: { readonly asked: URLSearchParams; readonly groupBy: readonly string[] },
) => readonly object[];

function answer(
  settings: LegacySettings,
  report: LegacyReport,
  asked: Asked,
  resultsOf: ResultsOf,
): Outcome {
  const query = bucketQuery(report, asked);
  if ("type" in query) return query;
  const page = pageOf(bucketsOf(query), asked.query, query.bucketsPerPage);
  if ("type" in page) return page;
  return ok({
    data: page.items.map((start) => {
      const end = addMs(start, query.widthMs);
      const entries = settings.ledger.entries(start, end, asked.now);
      return {
        starting_at: start.toISOString(),
        ending_at: end.toISOString(),
        results: resultsOf(settings, entries, { asked: asked.query, groupBy: query.groupBy }),
      };
    }),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
  });
}

const FILTER_OF: Readonly<Record<string, string>> = {
  account_id: "account_ids[]",
  api_key_id: "api_key_ids[]",
  service_account_id: "service_account_ids[]",
  workspace_id: "workspace_ids[]",
  model: "models[]",
  service_tier: "service_tiers[]",
  context_window: "context_window[]",
  inference_geo: "inference_geos[]",
  speed: "speeds[]",
};

function usageResults(
  { defaultWorkspaceId }: LegacySettings,
  entries: readonly LedgerEntry[],
  { asked, groupBy }: Parameters<ResultsOf>[2],
): readonly object[] {
  const groups = new Map<
    string,
    { values: object; requests: NonNullable<LedgerEntry["request"]>[] }
  >();
  for (const { request } of entries) {
    if (request === undefined) continue; // Code execution is not in this report.
    const values: Readonly<Record<string, string | null>> = {
      account_id: request.user?.id ?? null,
      api_key_id: request.apiKeyId,
      service_account_id: null,
      workspace_id: request.workspaceId === defaultWorkspaceId ? null : request.workspaceId,
      model: request.model,
      service_tier: request.serviceTier,
      context_window: promptTokens(request.tokens) > 200_000 ? "200k-1M" : "0-200k",
      inference_geo: request.inferenceGeo ?? "not_available",
      speed: request.speed,
    };
    const isWanted = Object.entries(FILTER_OF).every(([name, filter]) => {
      const wanted = asked.getAll(filter);
      return wanted.length === 0 || wanted.includes(values[name] ?? "");
    });
    if (!isWanted) continue;
    const group = Object.fromEntries(groupBy.map((name) => [name, values[name] ?? null]));
    const known = groups.get(JSON.stringify(group));
    if (known === undefined)
      groups.set(JSON.stringify(group), { values: group, requests: [request] });
    else known.requests.push(request);
  }
  const nulls = Object.fromEntries(
    MESSAGES_REPORT.groupBy.filter((name) => name !== "speed").map((name) => [name, null]),
  );
  return [...groups.values()].map(({ values, requests }) => {
    const sum = (read: (request: (typeof requests)[number]) => number): number =>
      requests.reduce((total, request) => total + read(request), 0);
    const [input, output, read, write5m, write1h] = TOKEN_KINDS.map((kind) =>
      sum(({ tokens }) => tokens[kind]),
    );
    return {
      ...nulls,
      ...values,
      uncached_input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: read,
      cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
      server_tool_use: { web_search_requests: sum(({ webSearches }) => webSearches) },
    };
  });
}

function costResults(
  { defaultWorkspaceId, discountPercent }: LegacySettings,
  entries: readonly LedgerEntry[],
  { groupBy }: Parameters<ResultsOf>[2],
): readonly object[] {
  const isByWorkspace = groupBy.includes("workspace_id");
  const isByDescription = groupBy.includes("description");
  const workspace = (id: string): string | null =>
    isByWorkspace && id !== defaultWorkspaceId ? id : null;
  const sums = sumParts(entries, ({ request, workspaceId }, part) => ({
    workspace_id: workspace(workspaceId),
    ...(isByDescription
      ? {
          cost_type: part.costType,
          token_type: part.tokenType,
          model: request?.model ?? null,
          service_tier: request === undefined ? null : request.serviceTier,
          context_window:
            request === undefined
              ? null
              : promptTokens(request.tokens) > 200_000
                ? "200k-1M"
                : "0-200k",
          inference_geo: request?.inferenceGeo ?? null,
          description: describe(request?.model, part),
        }
      : {}),
  }));
  const nulls = {
    workspace_id: null,
    cost_type: null,
    token_type: null,
    model: null,
    service_tier: null,
    context_window: null,
    inference_geo: null,
    description: null,
  };
  return sums.map(({ group, pico }) => ({
    ...nulls,
    ...group,
    amount: centsText((pico * BigInt(100 - discountPercent)) / 100n),
    currency: "USD",
  }));
}

function describe(model: string | undefined, { costType, tokenType }: CostPart): string {
  if (costType === "code_execution") return "Code Execution Usage";
  if (costType === "session_usage") return "Session Usage";
  if (costType === "web_search") return "Web Search Usage";
  return `${model ?? ""} Usage - ${String(tokenType).replaceAll(/[._]/g, " ")}`;
}
