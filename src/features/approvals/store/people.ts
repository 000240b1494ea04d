/** People as Slack and the organization know them, the SQL. Reads slack_users, team_members and admins. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import type { Sql } from "../../../store/database.ts";

/** Slack's id of each of these addresses that has been seen; the latest, should one have moved. */
export async function loadSlackIds(
  sql: Sql,
  people: readonly Email[],
): Promise<ReadonlyMap<Email, string>> {
  const { rows } = await sql.query<{ readonly email: string; readonly slack_user_id: string }>(
    `select distinct on (u.email) u.email, u.slack_user_id
       from slack_users u
      where u.email = any($1::text[])
      order by u.email, u.seen_at desc`,
    [people],
  );
  return new Map(rows.map((row) => [emailFrom(row.email), row.slack_user_id]));
}

/** Whether anybody of that address stands in the organization or was seen in Slack. */
export async function isKnownPerson(sql: Sql, email: Email): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select from slack_users u where u.email = $1
      union all
     select from team_members m where m.email = $1
      union all
     select from admins a where a.email = $1
      limit 1`,
    [email],
  );
  return rowCount === 1;
}
