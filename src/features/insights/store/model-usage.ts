/** Insights, the SQL of what models were used for in two spans. Reads spend_rollups, spend_dimensions. */
import { usdFromDecimal } from "../../../domain/money.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";
import type { Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { ModelUsage } from "../rules/effects.ts";

const COLUMN: Readonly<Record<Exclude<ScopeKind, "org" | "tag">, string>> = {
  team: "d.team_key",
  project: "d.project_key",
  user: "d.user_email",
  api_key: "d.api_key_id",
  workspace: "d.workspace_id",
  model: "d.model_id",
};

/** Undefined: the sums know no tags. Spans are whole quarters of an hour. */
export async function listModelUsage(
  sql: Sql,
  scope: Scope,
  span: Period,
): Promise<ModelUsage[] | undefined> {
  if (scope.kind === "tag") return undefined;
  const isOf = scope.kind === "org" ? "" : `and ${COLUMN[scope.kind]} = $3`;
  const { rows } = await sql.query<{
    readonly model_id: string;
    readonly cost: string;
    readonly uncached: string;
    readonly write_5m: string;
    readonly write_1h: string;
    readonly read: string;
    readonly output: string;
  }>(
    `select d.model_id, sum(r.billed_cost_usd)::text as cost,
            sum(r.uncached_input_tokens)::text as uncached,
            sum(r.cache_creation_5m_input_tokens)::text as write_5m,
            sum(r.cache_creation_1h_input_tokens)::text as write_1h,
            sum(r.cache_read_input_tokens)::text as read,
            sum(r.output_tokens)::text as output
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      where r.bucket_start >= $1 and r.bucket_start < $2 ${isOf}
      group by d.model_id
      order by d.model_id`,
    scope.kind === "org" ? [span.start, span.end] : [span.start, span.end, scope.key],
  );
  return rows.map((row) => ({
    modelId: row.model_id,
    cost: usdFromDecimal(row.cost),
    uncachedInputTokens: BigInt(row.uncached),
    cacheCreation5mInputTokens: BigInt(row.write_5m),
    cacheCreation1hInputTokens: BigInt(row.write_1h),
    cacheReadInputTokens: BigInt(row.read),
    outputTokens: BigInt(row.output),
  }));
}
