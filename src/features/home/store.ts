/** Whose App Home may be open, the SQL. Owns: home_visits. */
import type { Email } from "../../domain/email.ts";
import type { Instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";

export async function upsertVisit(
  sql: Sql,
  visit: { readonly slackUserId: string; readonly email: Email; readonly at: Instant },
): Promise<void> {
  await sql.query(
    `insert into home_visits (slack_user_id, email, visited_at)
     values ($1, $2, $3)
         on conflict (slack_user_id) do update
        set email = excluded.email, visited_at = excluded.visited_at`,
    [visit.slackUserId, visit.email, visit.at],
  );
}

/** Slack's ids of the person, if they have opened Home since then. */
export async function listVisitors(
  sql: Sql,
  { email, since }: { readonly email: Email; readonly since: Instant },
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ readonly slack_user_id: string }>(
    `select h.slack_user_id from home_visits h where h.email = $1 and h.visited_at >= $2`,
    [email, since],
  );
  return rows.map((row) => row.slack_user_id);
}
