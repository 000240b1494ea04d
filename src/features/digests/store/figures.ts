/**
 * Digests, the SQL of what was spent: of many scopes at once, so that two hundred digests of one hour
 * cost as many queries as one. Reads only. Spend by tag is not in the sums; see showback for it.
 */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import { type Instant, instant, type Period, type TimeZone } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** $1 and $2 are kinds and keys of scopes: their dimensions, once for each scope that covers them. */
const COVERED = `wanted as (
       select w.kind, w.key, (w.position)::integer as scope_index
         from unnest($1::text[], $2::text[]) with ordinality as w (kind, key, position)
     ),
     covered as materialized (
       select w.scope_index, d.spend_dimension_id
         from wanted w cross join spend_dimensions d where w.kind = 'org'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.team_key = w.key where w.kind = 'team'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.project_key = w.key where w.kind = 'project'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.user_email = w.key where w.kind = 'user'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.api_key_id = w.key where w.kind = 'api_key'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.workspace_id = w.key where w.kind = 'workspace'
        union all
       select w.scope_index, d.spend_dimension_id
         from wanted w join spend_dimensions d on d.model_id = w.key where w.kind = 'model'
     )`;

/**
 * Of a few scopes their dimensions are read one after the other; of many, or the organization, what
 * everybody used is read in one go and theirs taken from it.
 */
const FEW_SCOPES = 20;

function areFew(scopes: readonly Scope[]): boolean {
  return (
    scopes.length <= FEW_SCOPES && scopes.every(({ kind }) => kind !== "org" && kind !== "model")
  );
}

function scopeParameters(scopes: readonly Scope[]): readonly [string[], string[]] {
  return [scopes.map(({ kind }) => kind), scopes.map(({ key }) => key)];
}

/** Spend of both spans by who and what; null: none, for a team that is Unallocated. */
export interface SpentRow {
  readonly scope: string;
  readonly team: string | null;
  readonly project: string | null;
  readonly model: string;
  readonly cost: Usd;
  readonly previousCost: Usd;
  readonly requests: number;
}

/** Both spans consist of whole quarters of an hour, as local days do. */
export async function listSpent(
  sql: Sql,
  scopes: readonly Scope[],
  span: { readonly current: Period; readonly previous: Period },
): Promise<readonly SpentRow[]> {
  const { rows } = await sql.query<{
    readonly scope_index: number;
    readonly team_key: string | null;
    readonly project_key: string | null;
    readonly model_id: string;
    readonly cost: string;
    readonly previous_cost: string;
    readonly requests: string;
  }>(
    `with ${COVERED},
     spent as materialized (
       select s.spend_dimension_id, sum(s.billed_cost_usd) as cost, 0::numeric as previous_cost,
              sum(s.request_count) as requests
         from ${sumsFrom(scopes, "$4, $5")}
        group by s.spend_dimension_id
        union all
       select s.spend_dimension_id, 0, sum(s.billed_cost_usd), 0
         from ${sumsFrom(scopes, "$3, $4")}
        group by s.spend_dimension_id
     )
     select c.scope_index, d.team_key, d.project_key, d.model_id, sum(s.cost)::text as cost,
            sum(s.previous_cost)::text as previous_cost, sum(s.requests)::text as requests
       from spent s
       join covered c on c.spend_dimension_id = s.spend_dimension_id
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id
      group by c.scope_index, d.team_key, d.project_key, d.model_id`,
    [...scopeParameters(scopes), span.previous.start, span.current.start, span.current.end],
  );
  return rows.map((row) => ({
    scope: scopeAt(scopes, row.scope_index),
    team: row.team_key,
    project: row.project_key,
    model: row.model_id,
    cost: usdFromDecimal(row.cost),
    previousCost: usdFromDecimal(row.previous_cost),
    requests: Number(row.requests),
  }));
}

/** Sums of a period as `s`. */
function sumsFrom(scopes: readonly Scope[], period: string): string {
  return areFew(scopes)
    ? `(select distinct c.spend_dimension_id from covered c) c
        cross join lateral spend_of(c.spend_dimension_id, ${period}) s`
    : `spend_in(${period}) s`;
}

/** The offset keeps the planner, which can't know how few they are, from reading everybody's. */
const EACH_BUCKETS = `cross join lateral (
              select b.bucket_start, b.billed_cost_usd
                from spend_rollups b
               where b.spend_dimension_id = c.spend_dimension_id
                 and b.bucket_start >= $3 and b.bucket_start < $4
              offset 0) r`;
const ALL_BUCKETS = `join spend_rollups r on r.spend_dimension_id = c.spend_dimension_id
       and r.bucket_start >= $3 and r.bucket_start < $4`;

export interface DayRow {
  readonly scope: string;
  /** "2026-11-22" */
  readonly day: string;
  readonly cost: Usd;
}

/** Spend by local day, of a few days: quarters of an hour of everybody for longer take too long. */
export async function listDays(
  sql: Sql,
  scopes: readonly Scope[],
  { period, zone }: { readonly period: Period; readonly zone: TimeZone },
): Promise<readonly DayRow[]> {
  const { rows } = await sql.query<{
    readonly scope_index: number;
    readonly day: string;
    readonly cost: string;
  }>(
    `with ${COVERED}
     select c.scope_index, ((r.bucket_start at time zone $5)::date)::text as day,
            sum(r.billed_cost_usd)::text as cost
       from covered c
      ${areFew(scopes) ? EACH_BUCKETS : ALL_BUCKETS}
      group by c.scope_index, (r.bucket_start at time zone $5)::date`,
    [...scopeParameters(scopes), period.start, period.end, zone],
  );
  return rows.map((row) => ({
    scope: scopeAt(scopes, row.scope_index),
    day: row.day,
    cost: usdFromDecimal(row.cost),
  }));
}

type NewKind = "model" | "project" | "api_key" | "user";

export interface FirstRow {
  readonly scope: string;
  readonly kind: NewKind;
  readonly key: string;
  /** What an API key is called at Anthropic, where that is known. */
  readonly name: string | undefined;
}

/** What each scope used for the first time in the span; nothing where the scope itself is new. */
export async function listFirsts(
  sql: Sql,
  scopes: readonly Scope[],
  span: Period,
): Promise<readonly FirstRow[]> {
  const { rows } = await sql.query<{
    readonly scope_index: number;
    readonly kind: NewKind;
    readonly key: string;
    readonly name: string | null;
  }>(
    `with ${COVERED},
     firsts as materialized (
       select d.spend_dimension_id, d.model_id, d.project_key, d.api_key_id, d.user_email,
              (select min(r.bucket_start)
                 from spend_rollups r
                where r.spend_dimension_id = d.spend_dimension_id) as first_at
         from spend_dimensions d
        where d.spend_dimension_id in (select c.spend_dimension_id from covered c)
     ),
     known as (
       select c.scope_index
         from covered c
         join firsts f on f.spend_dimension_id = c.spend_dimension_id
        group by c.scope_index
       having min(f.first_at) < $3
     ),
     found as (
       select c.scope_index, v.kind, v.key
         from covered c
         join known k on k.scope_index = c.scope_index
         join firsts f on f.spend_dimension_id = c.spend_dimension_id
        cross join lateral (values ('model', f.model_id), ('project', f.project_key),
                                   ('api_key', f.api_key_id), ('user', f.user_email)) as v (kind, key)
        where v.key is not null
        group by c.scope_index, v.kind, v.key
       having min(f.first_at) >= $3 and min(f.first_at) < $4
     )
     select n.scope_index, n.kind, n.key, s.name
       from found n
       left join synced_api_keys s on n.kind = 'api_key' and s.api_key_id = n.key
      order by n.scope_index, n.kind, n.key`,
    [...scopeParameters(scopes), span.start, span.end],
  );
  return rows.map((row) => ({
    scope: scopeAt(scopes, row.scope_index),
    kind: row.kind,
    key: row.key,
    name: row.name ?? undefined,
  }));
}

/** The end of the last quarter of an hour in which anything was used, as reports tell it. */
export async function findDataUntil(sql: Sql, asOf: Instant): Promise<Instant | undefined> {
  const { rows } = await sql.query<{ readonly data_until: Date }>(
    `select least(r.bucket_start + interval '15 minutes', $1) as data_until
       from spend_rollups r
      where r.bucket_start <= $1 order by r.bucket_start desc limit 1`,
    [asOf],
  );
  return rows[0] === undefined ? undefined : instant(rows[0].data_until);
}

function scopeAt(scopes: readonly Scope[], position: number): string {
  const scope = scopes[position - 1];
  return scope === undefined ? "" : formatScope(scope);
}
