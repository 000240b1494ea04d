/** People, the SQL of what other products know of a name. Reads synced_users and slack_users only. */
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { ExternalIdentity } from "../../../domain/identity.ts";
import type { Sql } from "../../../store/database.ts";

/** The address that Anthropic knows a member by; undefined for one that is gone or was never there. */
export async function findAnthropicEmail(sql: Sql, userId: string): Promise<Email | undefined> {
  const { rows } = await sql.query<{ readonly email: string }>(
    `select u.email from synced_users u where u.user_id = $1 and u.gone_at is null`,
    [userId],
  );
  return rows[0] === undefined ? undefined : parseEmail(rows[0].email);
}

/** Names that other products know somebody by, beside the address, each with who says so. */
export async function listKnownNames(
  sql: Sql,
  email: Email,
): Promise<(ExternalIdentity & { readonly verifiedBy: "anthropic" | "slack" })[]> {
  const { rows } = await sql.query<{
    readonly kind: "anthropic_user" | "slack_user";
    readonly external_id: string;
  }>(
    `select 'anthropic_user' as kind, u.user_id as external_id
       from synced_users u
      where u.email = $1 and u.gone_at is null
      union all
     select 'slack_user', s.slack_user_id
       from slack_users s
      where s.email = $1
      order by 1, 2`,
    [email],
  );
  return rows.map((row) => ({
    kind: row.kind,
    source: "",
    externalId: row.external_id,
    verifiedBy: row.kind === "slack_user" ? "slack" : "anthropic",
  }));
}
