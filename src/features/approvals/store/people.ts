/** What Slack calls people, the SQL. Reads slack_users, which the directory keeps. */
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
