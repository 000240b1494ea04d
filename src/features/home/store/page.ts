/** The numbers on one person's Home, the SQL. Reads only; who may see what is decided before. */
import { type Usd, usdFromDecimal, ZERO_USD } from "../../../domain/money.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { OwnRequest } from "../rules.ts";

/** What one person spent in a period, by model, the costliest first. */
export async function listOwnModels(
  sql: Sql,
  email: string,
  { start, end }: Period,
): Promise<{ readonly name: string; readonly cost: Usd }[]> {
  const { rows } = await sql.query<{ readonly name: string; readonly cost: string }>(
    `select d.model_id as name, sum(s.billed_cost_usd)::text as cost
       from spend_dimensions d
      cross join lateral spend_of(d.spend_dimension_id, $2, $3) s
      where d.user_email = $1
      group by d.model_id
      order by sum(s.billed_cost_usd) desc, d.model_id`,
    [email, start, end],
  );
  return rows.map((row) => ({ name: row.name, cost: usdFromDecimal(row.cost) }));
}

export async function loadOwnCost(sql: Sql, email: string, period: Period): Promise<Usd> {
  const { rows } = await sql.query<{ readonly cost: string }>(
    `select coalesce(sum(s.billed_cost_usd), 0)::text as cost
       from spend_dimensions d
      cross join lateral spend_of(d.spend_dimension_id, $2, $3) s
      where d.user_email = $1`,
    [email, period.start, period.end],
  );
  return usdFromDecimal(rows[0]?.cost ?? "0");
}

/** What one person spent on each of some days; `bounds` are their starts and the end of the last. */
export async function listOwnDays(
  sql: Sql,
  email: string,
  bounds: readonly Instant[],
): Promise<readonly Usd[]> {
  const { rows } = await sql.query<{ readonly day: number; readonly cost: string }>(
    `select width_bucket(r.bucket_start, $2::timestamptz[]) as day,
            sum(r.billed_cost_usd)::text as cost
       from spend_dimensions d
       join spend_rollups r on r.spend_dimension_id = d.spend_dimension_id
      where d.user_email = $1 and r.bucket_start >= ($2::timestamptz[])[1]
            and r.bucket_start < ($2::timestamptz[])[cardinality($2::timestamptz[])]
      group by 1`,
    [email, bounds],
  );
  const costs = new Map(rows.map((row) => [row.day, usdFromDecimal(row.cost)]));
  return bounds.slice(1).map((_, index) => costs.get(index + 1) ?? ZERO_USD);
}

/** What these teams spent in a period; none for a team that spent nothing. */
export async function listTeamCosts(
  sql: Sql,
  teamKeys: readonly string[],
  { start, end }: Period,
): Promise<ReadonlyMap<string, Usd>> {
  if (teamKeys.length === 0) return new Map();
  const { rows } = await sql.query<{ readonly team_key: string; readonly cost: string }>(
    `select d.team_key, sum(s.billed_cost_usd)::text as cost
       from spend_dimensions d
      cross join lateral spend_of(d.spend_dimension_id, $2, $3) s
      where d.team_key = any($1)
      group by d.team_key`,
    [teamKeys, start, end],
  );
  return new Map(rows.map((row) => [row.team_key, usdFromDecimal(row.cost)]));
}

/** What everybody spent in a period, and how much of it belongs to no team. */
export async function loadOrganizationCost(
  sql: Sql,
  { start, end }: Period,
): Promise<{ readonly cost: Usd; readonly unallocated: Usd }> {
  const { rows } = await sql.query<{ readonly cost: string; readonly unallocated: string }>(
    `select coalesce(sum(s.billed_cost_usd), 0)::text as cost,
            coalesce(sum(s.billed_cost_usd) filter (where d.team_key is null), 0)::text
              as unallocated
       from spend_in($1, $2) s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id`,
    [start, end],
  );
  const { cost = "0", unallocated = "0" } = rows[0] ?? {};
  return { cost: usdFromDecimal(cost), unallocated: usdFromDecimal(unallocated) };
}

/** What somebody asked for, or somebody else for them, and nobody has decided yet; the latest first. */
export async function listOwnRequests(sql: Sql, email: string): Promise<readonly OwnRequest[]> {
  const { rows } = await sql.query<{
    readonly id: string;
    readonly title: string;
    readonly amount: string;
    readonly requested_at: Date;
    readonly expires_at: Date;
    readonly is_requester: boolean;
  }>(
    `select r.approval_request_id as id, r.title, r.requested_amount_usd::text as amount,
            r.requested_at, r.expires_at, r.requester_email = $1 as is_requester
       from approval_requests r
      where r.status = 'requested' and (r.requester_email = $1 or r.beneficiary_email = $1)
      order by r.requested_at desc, r.approval_request_id`,
    [email],
  );
  return rows.map((row) => ({
    requestId: row.id,
    title: row.title,
    amount: usdFromDecimal(row.amount),
    requestedAt: instant(row.requested_at),
    expiresAt: instant(row.expires_at),
    mayWithdraw: row.is_requester,
  }));
}

/** How many people of Claude Enterprise wait there for an answer about their limit. */
export async function countPendingIncreases(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ readonly count: string }>(
    `select count(*)::text as count from limit_increase_requests i where i.status = 'pending'`,
  );
  return Number(rows[0]?.count ?? 0);
}
