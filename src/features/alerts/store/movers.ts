/**
 * Alerts, the SQL of what moved: spend of a scope in a span beside the span before it. Reads
 * spend_rollups, spend_dimensions, charges and usage_events.
 */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";
import type { Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** What spend is broken down by. */
export type MoverKind = "team" | "project" | "user" | "model" | "api_key";

export interface Mover {
  /** Undefined: spend that has no such owner. */
  readonly key: string | undefined;
  readonly now: Usd;
  readonly before: Usd;
}

const COLUMN: Readonly<Record<Exclude<ScopeKind, "org" | "tag">, string>> = {
  team: "d.team_key",
  project: "d.project_key",
  user: "d.user_email",
  api_key: "d.api_key_id",
  workspace: "d.workspace_id",
  model: "d.model_id",
};

interface Spans {
  readonly span: Period;
  readonly before: Period;
}

/** The largest changes first; both spans are whole quarters of an hour, like the rollups. */
export async function listMovers(
  sql: Sql,
  of: Spans & { readonly scope: Scope; readonly by: MoverKind; readonly moversMax: number },
): Promise<Mover[]> {
  const { text, values } = spendOf(of.scope, of);
  const column = COLUMN[of.by];
  const { rows } = await sql.query<{
    readonly key: string | null;
    readonly spend_now: string;
    readonly spend_before: string;
  }>(
    `select ${column} as key,
            coalesce(sum(s.cost) filter (where s.at >= $1), 0)::text as spend_now,
            coalesce(sum(s.cost) filter (where s.at < $4), 0)::text as spend_before
       from (${text}) s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id
      group by ${column}
     having coalesce(sum(s.cost) filter (where s.at >= $1), 0)
            <> coalesce(sum(s.cost) filter (where s.at < $4), 0)
      order by abs(coalesce(sum(s.cost) filter (where s.at >= $1), 0)
                   - coalesce(sum(s.cost) filter (where s.at < $4), 0)) desc, ${column}
      limit ${String(of.moversMax)}`,
    values,
  );
  return rows.map((row) => ({
    key: row.key ?? undefined,
    now: usdFromDecimal(row.spend_now),
    before: usdFromDecimal(row.spend_before),
  }));
}

export async function loadTotals(
  sql: Sql,
  of: Spans & { readonly scope: Scope },
): Promise<{ readonly now: Usd; readonly before: Usd }> {
  const { text, values } = spendOf(of.scope, of);
  const { rows } = await sql.query<{
    readonly spend_now: string;
    readonly spend_before: string;
  }>(
    `select coalesce(sum(s.cost) filter (where s.at >= $1), 0)::text as spend_now,
            coalesce(sum(s.cost) filter (where s.at < $4), 0)::text as spend_before
       from (${text}) s`,
    values,
  );
  return {
    now: usdFromDecimal(rows[0]?.spend_now ?? "0"),
    before: usdFromDecimal(rows[0]?.spend_before ?? "0"),
  };
}

/** $1 to $4: the span, and the one before it. */
function spendOf(
  scope: Scope,
  { span, before }: Spans,
): { readonly text: string; readonly values: unknown[] } {
  const bounds = [span.start, span.end, before.start, before.end];
  const within = (column: string): string =>
    `((${column} >= $1 and ${column} < $2) or (${column} >= $3 and ${column} < $4))`;
  if (scope.kind === "tag") {
    // Rollups know no tags; the charges do, through their event.
    const equals = scope.key.indexOf("=");
    return {
      text: `select c.spend_dimension_id, c.charge_period_start as at, c.billed_cost_usd as cost
               from charges c
               join usage_events u
                 on u.usage_event_id = c.usage_event_id and u.occurred_at = c.charge_period_start
              where ${within("c.charge_period_start")} and ${within("u.occurred_at")}
                and u.tags @> jsonb_build_object($5::text, $6::text)`,
      values: [...bounds, scope.key.slice(0, equals), scope.key.slice(equals + 1)],
    };
  }
  const isOf = scope.kind === "org" ? "" : ` and x.${COLUMN[scope.kind].slice(2)} = $5`;
  return {
    text: `select r.spend_dimension_id, r.bucket_start as at, r.billed_cost_usd as cost
             from spend_rollups r
             join spend_dimensions x on x.spend_dimension_id = r.spend_dimension_id
            where ${within("r.bucket_start")}${isOf}`,
    values: scope.kind === "org" ? bounds : [...bounds, scope.key],
  };
}
