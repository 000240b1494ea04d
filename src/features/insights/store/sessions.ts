/**
 * Insights, the SQL of sessions, added up slice by slice so that no event is read twice. Owns:
 * insight_sessions.
 */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { type Scope, scopeFrom } from "../../../domain/scope.ts";
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface Session {
  readonly sessionId: string;
  /** A person, or the key of nobody. */
  readonly owner: Scope;
  readonly requests: number;
  readonly cost: Usd;
}

/** Adds the events of a slice; the sessions that it touched, with all that they cost so far. */
export async function addToSessions(sql: Sql, slice: Period): Promise<Session[]> {
  const { rows } = await sql.query<{
    readonly session_id: string;
    readonly owner: string;
    readonly request_count: string;
    readonly cost_usd: string;
  }>(
    `insert into insight_sessions as s
            (session_id, owner, first_at, last_at, request_count, cost_usd)
     select t.session_id, t.owner, min(t.occurred_at), max(t.occurred_at), count(*), sum(t.cost)
       from (select e.session_id, e.occurred_at, sum(c.billed_cost_usd) as cost,
                    coalesce('user:' || e.user_email, 'api_key:' || e.api_key_id) as owner
               from usage_events e
               join charges c
                 on c.charge_period_start = e.occurred_at and c.usage_event_id = e.usage_event_id
              where e.occurred_at >= $1 and e.occurred_at < $2
                and c.charge_period_start >= $1 and c.charge_period_start < $2
                and e.session_id is not null
              group by e.usage_event_id, e.occurred_at) t
      where t.owner is not null
      group by t.session_id, t.owner
         on conflict (session_id, owner) do update
        set first_at = least(s.first_at, excluded.first_at),
            last_at = greatest(s.last_at, excluded.last_at),
            request_count = s.request_count + excluded.request_count,
            cost_usd = s.cost_usd + excluded.cost_usd
     returning session_id, owner, request_count::text, cost_usd::text`,
    [slice.start, slice.end],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    owner: scopeFrom(row.owner),
    requests: Number(row.request_count),
    cost: usdFromDecimal(row.cost_usd),
  }));
}

/** What the latest other sessions of the same owner cost. */
export async function listSessionCosts(
  sql: Sql,
  of: { readonly owner: string; readonly exceptId: string; readonly sessionsMax: number },
  since: Instant,
): Promise<readonly Usd[]> {
  const { rows } = await sql.query<{ readonly cost_usd: string }>(
    `select s.cost_usd::text
       from insight_sessions s
      where s.owner = $1 and s.session_id <> $2 and s.last_at >= $3
      order by s.last_at desc
      limit $4`,
    [of.owner, of.exceptId, since, of.sessionsMax],
  );
  return rows.map((row) => usdFromDecimal(row.cost_usd));
}

/** Sessions that nobody is compared with any more. */
export async function deleteOldSessions(sql: Sql, before: Instant): Promise<void> {
  await sql.query(`delete from insight_sessions where last_at < $1`, [before]);
}
