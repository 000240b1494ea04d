/**
 * `usage_report/claude_code` of a Console organization: who used Claude Code on one day, with an
 * estimated cost as a number of cents. Only what is older than an hour is in it.
 */
import { addMs, DAY_MS, HOUR_MS, instant } from "../../domain/time.ts";
import { invalid } from "./errors.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { limitOf, pageOf } from "./paging.ts";
import { PICO_PER_CENT, type TokenKind } from "./prices.ts";
import { type AdminRoute, type Asked, type Outcome, ok } from "./route.ts";

const PARAMETERS = ["starting_at", "limit", "page"];

export function claudeCodeRoute(options: {
  readonly ledger: Ledger;
  readonly organizationId: string;
}): AdminRoute {
  return {
    method: "GET",
    path: /^\/v1\/organizations\/usage_report\/claude_code$/,
    kind: "console",
    versions: ["2023-06-01"],
    answer: (asked) => answer(options, asked),
  };
}

function answer(
  { ledger, organizationId }: { readonly ledger: Ledger; readonly organizationId: string },
  { query, now }: Asked,
): Outcome {
  const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return invalid(`${unknown}: Extra inputs are not permitted`);
  const day = query.get("starting_at") ?? "";
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day))) {
    return invalid("starting_at: expected a day as YYYY-MM-DD");
  }
  const limit = limitOf(query, { otherwise: 20, max: 1000 });
  if (limit === undefined) return invalid("limit: expected 1 to 1000");
  const start = instant(`${day}T00:00:00Z`);
  const end = addMs(start, DAY_MS);
  const told = addMs(now, -HOUR_MS);
  const entries = ledger
    .entries(start, end, now)
    .filter(({ request, occurredAt }) => request?.product === "claude_code" && occurredAt < told);
  const page = pageOf([...groupBy(entries, actorKey).values()], query, limit);
  if ("type" in page) return page;
  return ok({
    data: page.items.map((own) => ({
      date: start.toISOString(),
      actor: actorOf(own[0]),
      organization_id: organizationId,
      customer_type: "api",
      subscription_type: null,
      terminal_type: "vscode",
      is_remote: false,
      core_metrics: {
        num_sessions: 1,
        lines_of_code: { added: 0, removed: 0 },
        commits_by_claude_code: 0,
        pull_requests_by_claude_code: 0,
      },
      tool_actions: {},
      model_breakdown: [...groupBy(own, ({ request }) => request?.model ?? "")].map(
        ([model, ofModel]) => ({
          model,
          tokens: {
            input: tokens(ofModel, "uncached_input_tokens"),
            output: tokens(ofModel, "output_tokens"),
            cache_read: tokens(ofModel, "cache_read_input_tokens"),
            cache_creation:
              tokens(ofModel, "cache_creation.ephemeral_5m_input_tokens") +
              tokens(ofModel, "cache_creation.ephemeral_1h_input_tokens"),
          },
          estimated_cost: { amount: centsNumber(ofModel), currency: "USD" },
        }),
      ),
    })),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
  });
}

function actorKey({ request, apiKeyId }: LedgerEntry): string {
  return request?.user?.email ?? apiKeyId ?? "";
}

function actorOf(entry: LedgerEntry | undefined): object {
  const email = entry?.request?.user?.email;
  return email === undefined
    ? { type: "api_actor", api_key_name: entry?.apiKeyId ?? "" }
    : { type: "user_actor", email_address: email };
}

function groupBy(
  entries: readonly LedgerEntry[],
  keyOf: (entry: LedgerEntry) => string,
): ReadonlyMap<string, readonly LedgerEntry[]> {
  const groups = new Map<string, LedgerEntry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return groups;
}

function tokens(entries: readonly LedgerEntry[], kind: TokenKind): number {
  return entries.reduce((sum, { request }) => sum + (request?.tokens[kind] ?? 0), 0);
}

/** To a hundredth of a cent, as a number that may have a fraction. */
function centsNumber(entries: readonly LedgerEntry[]): number {
  const pico = entries.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.listPico, 0n);
  return Number((pico * 100n) / PICO_PER_CENT) / 100;
}
