/**
 * Budgets, the SQL of what was spent. Reads spend_rollups, spend_days, spend_dimensions, charges and
 * usage_events; owns nothing. Periods are whole quarters of an hour, like the rollups.
 */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";
import type { Period, TimeZone } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { DriverKind } from "../rules/recipients.ts";
import type { UsagePart } from "../rules/usage-history.ts";
import type { Coverage } from "../rules.ts";

/** The column of spend_dimensions that a kind of scope is about. */
const COLUMN: Readonly<Record<Exclude<ScopeKind, "org" | "tag">, string>> = {
  team: "d.team_key",
  project: "d.project_key",
  user: "d.user_email",
  api_key: "d.api_key_id",
  workspace: "d.workspace_id",
  model: "d.model_id",
};

/** For budgets of `each:…`: of these members, or of all who spent something. */
type Of = { readonly coverage: Coverage; readonly memberKeys: readonly string[] | undefined };

/** Billed cost in the period by member key; whoever spent nothing is absent. */
export async function loadSpendByMember(
  sql: Sql,
  { coverage, memberKeys }: Of,
  period: Period,
): Promise<ReadonlyMap<string, Usd>> {
  if (coverage.kind === "one") return new Map([["", await loadSpend(sql, coverage.scope, period)]]);
  const column = COLUMN[coverage.of];
  const { rows } = await sql.query<{ readonly member_key: string; readonly spend: string }>(
    `select ${column} as member_key, sum(r.billed_cost_usd)::text as spend
       ${
         memberKeys === undefined
           ? `from spend_in($1, $2) r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id`
           : `from spend_dimensions d
      cross join lateral spend_of(d.spend_dimension_id, $1, $2) r`
       }
      where ${column} is not null
        and ($3::text[] is null or ${column} = any($3))
      group by ${column}`,
    [period.start, period.end, memberKeys ?? null],
  );
  return new Map(rows.map((row) => [row.member_key, usdFromDecimal(row.spend)]));
}

/** Sums of parts of days of `zone`, by member: what forecasts are made of. */
export async function listUsageParts(
  sql: Sql,
  { coverage, memberKeys }: Of,
  of: { readonly period: Period; readonly zone: TimeZone; readonly partHours: number },
): Promise<ReadonlyMap<string, readonly UsagePart[]>> {
  const { period, zone, partHours } = of;
  const source =
    coverage.kind === "one"
      ? sourceOf(coverage.scope, period)
      : {
          text: `select r.spend_dimension_id, r.billed_cost_usd, r.bucket_start as spent_at
                   from spend_rollups r
                   join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
                  where r.bucket_start >= $1 and r.bucket_start < $2
                    and ${COLUMN[coverage.of]} = any($3)`,
          values: [period.start, period.end, memberKeys ?? []],
        };
  const next = source.values.length;
  const member = coverage.kind === "one" ? "''" : COLUMN[coverage.of];
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly date: string;
    readonly part: number;
    readonly spend: string;
  }>(
    `select p.member_key, to_char(p.local, 'YYYY-MM-DD') as date,
            (extract(hour from p.local)::integer / $${String(next + 2)}::integer) as part,
            sum(p.billed_cost_usd)::text as spend
       from (select ${member} as member_key, s.billed_cost_usd,
                    s.spent_at at time zone $${String(next + 1)}::text as local
               from (${source.text}) s
               join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id) p
      group by 1, 2, 3`,
    [...source.values, zone, partHours],
  );
  const byMember = new Map<string, UsagePart[]>();
  for (const { member_key: memberKey, date, part, spend } of rows) {
    const parts = byMember.get(memberKey) ?? [];
    parts.push({ date, part, spend: usdFromDecimal(spend) });
    byMember.set(memberKey, parts);
  }
  return byMember;
}

async function loadSpend(sql: Sql, scope: Scope, period: Period): Promise<Usd> {
  const { text, values, name } = totalsOf(scope, period);
  const { rows } = await sql.query<{ readonly spend: string }>({
    ...(name === undefined ? {} : { name }),
    text: `select coalesce(sum(s.billed_cost_usd), 0)::text as spend from (${text}) s`,
    values,
  });
  return usdFromDecimal(rows[0]?.spend ?? "0");
}

/**
 * The same as `sumsOf` in yet fewer rows, without their dimensions: of many people the quarters of an
 * hour by model, of a team or project its days whoever's they are.
 */
function totalsOf(scope: Scope, period: Period): Source & { readonly name?: string } {
  const values = [period.start, period.end, scope.key];
  switch (scope.kind) {
    case "org":
    case "model":
    case "workspace":
      return {
        text: `select q.billed_cost_usd
             from model_spend_quarters q
            where q.bucket_start >= $1 and q.bucket_start < $2
              and case $4 when 'model' then q.model_id = $3
                          when 'workspace' then q.workspace_id = $3
                          else $3::text is not null end`,
        values: [...values, scope.kind],
      };
    case "team":
    case "project":
      return {
        name: `budget spend ${scope.kind}`,
        text: `select r.billed_cost_usd
             from spend_dimensions d
            cross join lateral team_spend_of(d.spend_dimension_id, $1, $2) r
            where ${COLUMN[scope.kind]} = $3`,
        values,
      };
    case "user":
    case "api_key":
    case "tag":
      return sumsOf(scope, period);
  }
}

/** Who or what a part of the spend was for; `key` is undefined for spend that has no such owner. */
export interface Driver {
  readonly key: string | undefined;
  readonly cost: Usd;
}

/** The largest parts of the spend of a scope, the largest first. */
export async function listTopDrivers(
  sql: Sql,
  of: { readonly scope: Scope; readonly by: DriverKind; readonly driversMax: number },
  period: Period,
): Promise<Driver[]> {
  const { text, values } = sumsOf(of.scope, period);
  const column = COLUMN[of.by];
  const { rows } = await sql.query<{ readonly key: string | null; readonly cost: string }>(
    `select ${column} as key, sum(s.billed_cost_usd)::text as cost
       from (${text}) s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id
      group by ${column}
     having sum(s.billed_cost_usd) > 0
      order by sum(s.billed_cost_usd) desc, ${column}
      limit $${String(values.length + 1)}`,
    [...values, of.driversMax],
  );
  return rows.map((row) => ({ key: row.key ?? undefined, cost: usdFromDecimal(row.cost) }));
}

interface Source {
  readonly text: string;
  readonly values: unknown[];
}

/** The same as `sourceOf` in fewer rows, without their time: whole days are one row each. */
function sumsOf(scope: Scope, period: Period): Source {
  const bounds = [period.start, period.end];
  if (scope.kind === "tag") return sourceOf(scope, period);
  if (scope.kind === "org") {
    return {
      text: `select r.spend_dimension_id, r.billed_cost_usd from spend_in($1, $2) r`,
      values: bounds,
    };
  }
  return {
    text: `select r.spend_dimension_id, r.billed_cost_usd
             from spend_dimensions d
            cross join lateral spend_of(d.spend_dimension_id, $1, $2) r
            where ${COLUMN[scope.kind]} = $3`,
    values: [...bounds, scope.key],
  };
}

/** The rows that make up the spend of a scope: dimension, billed cost and time. */
function sourceOf(scope: Scope, period: Period): Source {
  const bounds = [period.start, period.end];
  if (scope.kind === "org") {
    return {
      text: `select r.spend_dimension_id, r.billed_cost_usd, r.bucket_start as spent_at
               from spend_rollups r
              where r.bucket_start >= $1 and r.bucket_start < $2`,
      values: bounds,
    };
  }
  if (scope.kind === "tag") {
    // Rollups know no tags; the charges do, through their event.
    const equals = scope.key.indexOf("=");
    return {
      text: `select c.spend_dimension_id, c.billed_cost_usd, c.charge_period_start as spent_at
               from charges c
               join usage_events u
                 on u.usage_event_id = c.usage_event_id and u.occurred_at = c.charge_period_start
              where c.charge_period_start >= $1 and c.charge_period_start < $2
                and u.occurred_at >= $1 and u.occurred_at < $2
                and u.tags @> jsonb_build_object($3::text, $4::text)`,
      values: [...bounds, scope.key.slice(0, equals), scope.key.slice(equals + 1)],
    };
  }
  return {
    text: `select r.spend_dimension_id, r.billed_cost_usd, r.bucket_start as spent_at
             from spend_rollups r
             join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
            where r.bucket_start >= $1 and r.bucket_start < $2
              and ${COLUMN[scope.kind]} = $3`,
    values: [...bounds, scope.key],
  };
}
