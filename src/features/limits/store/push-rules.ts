/** Limits elsewhere, the SQL of which budgets push where. Owns: limit_push_rules. */
import type { Sql } from "../../../store/database.ts";

export interface PushRule {
  readonly budgetId: string;
  /** As governance.yml has it: a user's id may be left to the budget's member. */
  readonly target: string;
}

/** Makes these the only rules. */
export async function replacePushRules(sql: Sql, rules: readonly PushRule[]): Promise<void> {
  await sql.query(`delete from limit_push_rules`);
  await sql.query(
    `insert into limit_push_rules (position, budget_id, target)
     select given.position, given.budget_id, given.target
       from unnest($1::text[], $2::text[]) with ordinality as given (budget_id, target, position)`,
    [rules.map(({ budgetId }) => budgetId), rules.map(({ target }) => target)],
  );
}

/** Where a budget's raises go, with the period of its limit and whom it is about. */
export async function listPushTargets(
  sql: Sql,
  budgetId: string,
): Promise<
  readonly { readonly target: string; readonly period: string; readonly scope: string }[]
> {
  const { rows } = await sql.query<{ target: string; period: string; scope: string }>(
    `select r.target, b.period, b.scope
       from limit_push_rules r
       join budgets b on b.budget_id = r.budget_id
      where r.budget_id = $1
      order by r.position`,
    [budgetId],
  );
  return rows;
}
