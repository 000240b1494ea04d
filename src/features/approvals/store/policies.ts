/**
 * Approval policies and the people they name, the SQL. Owns: approval_policies. Reads teams,
 * projects and admins, because authority is what the database says at the click.
 */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import {
  type ApprovalPolicy,
  approverEntryFrom,
  formatApproverEntry,
  type PolicySettings,
} from "../rules/policy.ts";

/** Replaces all policies; open requests keep the one they were made under. */
export async function replaceApprovalPolicies(
  sql: Sql,
  policies: readonly PolicySettings[],
): Promise<void> {
  await sql.query(`delete from approval_policies`);
  for (const [position, policy] of policies.entries()) {
    await sql.query(
      `insert into approval_policies
              (position, up_to_usd, approvers, quorum, expires_in_ms, escalate_to)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        position,
        policy.upTo === undefined ? null : usdToDecimal(policy.upTo),
        policy.approvers.map((text) => formatApproverEntry(approverEntryFrom(text))),
        policy.quorum,
        policy.expiresInMs,
        policy.escalateTo,
      ],
    );
  }
}

export async function listApprovalPolicies(sql: Sql): Promise<readonly ApprovalPolicy[]> {
  const { rows } = await sql.query<{
    readonly up_to_usd: string | null;
    readonly approvers: string[];
    readonly quorum: number;
    readonly expires_in_ms: string;
    readonly escalate_to: string[];
  }>(
    `select p.up_to_usd::text, p.approvers, p.quorum, p.expires_in_ms::text, p.escalate_to
       from approval_policies p
      order by p.position`,
  );
  return rows.map((row) => ({
    upTo: row.up_to_usd === null ? undefined : usdFromDecimal(row.up_to_usd),
    approvers: row.approvers.map(approverEntryFrom),
    quorum: row.quorum,
    expiresInMs: Number(row.expires_in_ms),
    escalateTo: row.escalate_to.map(emailFrom),
  }));
}

/** Owners of the team of a scope; of every team of a person. Empty where there is no team. */
export async function listTeamOwners(sql: Sql, scope: Scope): Promise<readonly Email[]> {
  const { rows } = await sql.query<{ readonly email: string }>(
    `select distinct o.email
       from team_members o
      where o.role = 'owner'
        and (   ($1 = 'team' and o.team_key = $2)
             or ($1 = 'project' and o.team_key in (select p.team_key from projects p
                                                    where p.project_key = $2))
             or ($1 = 'user' and o.team_key in (select m.team_key from team_members m
                                                 where m.email = $2)))
      order by o.email`,
    [scope.kind, scope.key],
  );
  return rows.map((row) => emailFrom(row.email));
}

export async function listAdmins(sql: Sql): Promise<readonly Email[]> {
  const { rows } = await sql.query<{ readonly email: string }>(
    `select a.email from admins a order by a.email`,
  );
  return rows.map((row) => emailFrom(row.email));
}
