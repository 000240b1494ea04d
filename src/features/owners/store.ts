/** Owners, the SQL: spend without a team, and what other products list. Reads only. */
import { type Email, emailFrom, parseEmail } from "../../domain/email.ts";
import { type Usd, usdFromDecimal } from "../../domain/money.ts";
import type { Period } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { ListedKey, ListedWorkspace, TaggedSpend, UnallocatedSpend } from "./rules.ts";

/** Spend without a team, by person, key and workspace. Whole quarters of an hour. */
export async function listUnallocated(sql: Sql, period: Period): Promise<UnallocatedSpend[]> {
  const { rows } = await sql.query<{
    readonly user_email: string | null;
    readonly api_key_id: string | null;
    readonly workspace_id: string | null;
    readonly amount: string;
  }>(
    `select d.user_email, d.api_key_id, d.workspace_id, sum(r.billed_cost_usd)::text as amount
       from spend_dimensions d
       join spend_rollups r on r.spend_dimension_id = d.spend_dimension_id
        and r.bucket_start >= $1 and r.bucket_start < $2
      where d.team_key is null
      group by d.user_email, d.api_key_id, d.workspace_id
     having sum(r.billed_cost_usd) <> 0`,
    [period.start, period.end],
  );
  return rows.map((row) => ({
    userEmail: row.user_email === null ? undefined : emailFrom(row.user_email),
    apiKeyId: row.api_key_id ?? undefined,
    workspaceId: row.workspace_id ?? undefined,
    amount: usdFromDecimal(row.amount),
  }));
}

/** More tags than this help nobody to find a rule. */
const TAGS_MAX = 200;

/** Spend without a team by what it is tagged with, the costliest first. */
export async function listUnallocatedTags(sql: Sql, period: Period): Promise<TaggedSpend[]> {
  const { rows } = await sql.query<{
    readonly name: string;
    readonly value: string;
    readonly source: string;
    readonly amount: string;
  }>(
    `select t.key as name, t.value, e.source, sum(c.billed_cost_usd)::text as amount
       from charges c
       join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id and d.team_key is null
       join usage_events e on e.usage_event_id = c.usage_event_id
        and e.occurred_at >= $1 and e.occurred_at < $2
      cross join lateral jsonb_each_text(e.tags) t
      where c.charge_period_start >= $1 and c.charge_period_start < $2
      group by t.key, t.value, e.source
     having sum(c.billed_cost_usd) <> 0
      order by sum(c.billed_cost_usd) desc, t.key, t.value
      limit $3`,
    [period.start, period.end, TAGS_MAX],
  );
  return rows.map((row) => ({
    name: row.name,
    value: row.value,
    source: row.source,
    amount: usdFromDecimal(row.amount),
  }));
}

/** Everybody's and every key's spend. */
export async function listSpendBy(
  sql: Sql,
  period: Period,
): Promise<{ readonly byPerson: Map<Email, Usd>; readonly byKey: Map<string, Usd> }> {
  const sums = async (column: "user_email" | "api_key_id"): Promise<[string, Usd][]> => {
    const { rows } = await sql.query<{ readonly name: string; readonly amount: string }>(
      `select d.${column} as name, sum(r.billed_cost_usd)::text as amount
         from spend_dimensions d
         join spend_rollups r on r.spend_dimension_id = d.spend_dimension_id
          and r.bucket_start >= $1 and r.bucket_start < $2
        where d.${column} is not null
        group by d.${column}
       having sum(r.billed_cost_usd) <> 0`,
      [period.start, period.end],
    );
    return rows.map(({ name, amount }) => [name, usdFromDecimal(amount)]);
  };
  return {
    byPerson: new Map(
      (await sums("user_email")).map(([name, amount]) => [emailFrom(name), amount]),
    ),
    byKey: new Map(await sums("api_key_id")),
  };
}

export async function listKeys(sql: Sql): Promise<ListedKey[]> {
  const { rows } = await sql.query<{
    readonly api_key_id: string;
    readonly name: string;
    readonly workspace_id: string | null;
    readonly status: string;
    readonly is_gone: boolean;
    readonly email: string | null;
  }>(
    `select k.api_key_id, k.name, k.workspace_id, k.status, k.gone_at is not null as is_gone, u.email
       from synced_api_keys k
       left join synced_users u on k.created_by = 'user:' || u.user_id
      order by k.api_key_id`,
  );
  return rows.map((row) => ({
    id: row.api_key_id,
    name: row.name,
    workspaceId: row.workspace_id ?? undefined,
    isActive: row.status === "active",
    isGone: row.is_gone || row.status === "archived",
    createdBy: row.email === null ? undefined : parseEmail(row.email),
  }));
}

export async function listWorkspaces(sql: Sql): Promise<ListedWorkspace[]> {
  const { rows } = await sql.query<{
    readonly workspace_id: string;
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly is_gone: boolean;
  }>(
    `select w.workspace_id, w.name, w.tags,
            w.gone_at is not null or w.archived_at is not null as is_gone
       from synced_workspaces w
      order by w.workspace_id`,
  );
  return rows.map((row) => ({
    id: row.workspace_id,
    name: row.name,
    tags: row.tags,
    isGone: row.is_gone,
  }));
}
