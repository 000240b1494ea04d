/** Insights, the SQL of what repeats within minutes. Reads usage_events, charges, spend_dimensions. */
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { CUT_OFF_MIN, REPEATS_MIN, type RepeatedKind } from "../rules/loop.ts";

/** What repeats, of whom: a person, or a key that nobody stands for. */
export interface RepeatedKey {
  readonly kind: RepeatedKind;
  readonly key: string;
  readonly userEmail: string | undefined;
  readonly apiKeyId: string | undefined;
}

/** More at once are a storm, which the first of them tell. */
const REPEATED_MAX = 60;

const COUNTED = "e.voids is null and e.not_counted_because is null";

const COLUMN: Readonly<Record<RepeatedKind, string>> = {
  prompt: "e.prompt_hash",
  operation: "e.operation_id",
  session: "e.session_id",
};

/** What was repeated often enough in a window to look closer: one pass over its events. */
export async function listRepeatedKeys(sql: Sql, window: Period): Promise<RepeatedKey[]> {
  const { rows } = await sql.query<{
    readonly prompt_hash: string | null;
    readonly operation_id: string | null;
    readonly session_id: string | null;
    readonly user_email: string | null;
    readonly api_key_id: string | null;
  }>(
    `select e.prompt_hash, e.operation_id, e.session_id, e.user_email, e.api_key_id
       from usage_events e
      where e.occurred_at >= $1 and e.occurred_at < $2 and ${COUNTED}
        and (e.prompt_hash is not null or e.operation_id is not null or e.session_id is not null)
      group by grouping sets ((e.prompt_hash, e.user_email, e.api_key_id),
                              (e.operation_id, e.user_email, e.api_key_id),
                              (e.session_id, e.user_email, e.api_key_id))
     having (e.prompt_hash is not null and count(*) >= $3)
         or (e.operation_id is not null
             and (count(*) >= $4 or count(*) filter (where e.is_incomplete) >= $6))
         or (e.session_id is not null and count(*) >= $5)
      order by count(*) desc
      limit ${String(REPEATED_MAX)}`,
    [
      window.start,
      window.end,
      REPEATS_MIN.prompt,
      REPEATS_MIN.operation,
      REPEATS_MIN.session,
      CUT_OFF_MIN,
    ],
  );
  return rows.flatMap((row): RepeatedKey[] => {
    const of = {
      userEmail: row.user_email ?? undefined,
      apiKeyId: row.api_key_id ?? undefined,
    };
    if (row.prompt_hash !== null) return [{ kind: "prompt", key: row.prompt_hash, ...of }];
    if (row.operation_id !== null) {
      return [{ kind: "operation", key: row.operation_id, ...of }];
    }
    return row.session_id === null ? [] : [{ kind: "session", key: row.session_id, ...of }];
  });
}

/** What one minute of a repetition was and cost. */
export interface RepeatedMinute extends Omit<RepeatedKey, "kind"> {
  readonly minute: Instant;
  readonly requests: number;
  readonly cutOff: number;
  readonly cost: Usd;
  readonly cutOffCost: Usd;
  readonly teamKey: string | undefined;
}

export async function listRepeatedMinutes(
  sql: Sql,
  of: { readonly kind: RepeatedKind; readonly keys: readonly string[] },
  window: Period,
): Promise<RepeatedMinute[]> {
  const { rows } = await sql.query<{
    readonly key: string;
    readonly user_email: string | null;
    readonly api_key_id: string | null;
    readonly team_key: string | null;
    readonly minute: Date;
    readonly requests: number;
    readonly cut_off: number;
    readonly cost: string;
    readonly cut_off_cost: string;
  }>(
    `select t.key, t.user_email, t.api_key_id, min(t.team_key) as team_key, t.minute,
            count(*)::integer as requests,
            (count(*) filter (where t.is_incomplete))::integer as cut_off,
            sum(t.cost)::text as cost,
            coalesce(sum(t.cost) filter (where t.is_incomplete), 0)::text as cut_off_cost
       from (select ${COLUMN[of.kind]} as key, e.user_email, e.api_key_id, e.is_incomplete,
                    date_trunc('minute', e.occurred_at) as minute, p.cost, p.team_key
               from usage_events e
              cross join lateral (
                    select coalesce(sum(c.billed_cost_usd), 0) as cost, min(d.team_key) as team_key
                      from charges c
                      join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
                     where c.charge_period_start = e.occurred_at
                       and c.usage_event_id = e.usage_event_id) p
              where e.occurred_at >= $2 and e.occurred_at < $3 and ${COUNTED}
                and ${COLUMN[of.kind]} = any ($1)) t
      group by t.key, t.user_email, t.api_key_id, t.minute`,
    [of.keys, window.start, window.end],
  );
  return rows.map((row) => ({
    key: row.key,
    userEmail: row.user_email ?? undefined,
    apiKeyId: row.api_key_id ?? undefined,
    teamKey: row.team_key ?? undefined,
    minute: instant(row.minute),
    requests: row.requests,
    cutOff: row.cut_off,
    cost: usdFromDecimal(row.cost),
    cutOffCost: usdFromDecimal(row.cut_off_cost),
  }));
}

/** How many requests of each key there were in a window of the past. */
export async function countRepeated(
  sql: Sql,
  of: { readonly kind: RepeatedKind; readonly keys: readonly string[] },
  window: Period,
): Promise<readonly (Omit<RepeatedKey, "kind"> & { readonly requests: number })[]> {
  const { rows } = await sql.query<{
    readonly key: string;
    readonly user_email: string | null;
    readonly api_key_id: string | null;
    readonly requests: number;
  }>(
    `select ${COLUMN[of.kind]} as key, e.user_email, e.api_key_id, count(*)::integer as requests
       from usage_events e
      where e.occurred_at >= $2 and e.occurred_at < $3 and ${COUNTED}
        and ${COLUMN[of.kind]} = any ($1)
      group by ${COLUMN[of.kind]}, e.user_email, e.api_key_id`,
    [of.keys, window.start, window.end],
  );
  return rows.map((row) => ({
    key: row.key,
    userEmail: row.user_email ?? undefined,
    apiKeyId: row.api_key_id ?? undefined,
    requests: row.requests,
  }));
}
