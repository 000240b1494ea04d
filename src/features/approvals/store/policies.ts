/**
 * Approval policies and the people they name, the SQL. Owns: approval_policies. Reads teams,
 * projects and admins, because authority is what the database says at the click.
 */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import { type TimeZone, timeZone, WEEKDAYS, type Weekday } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import {
  type ApprovalPolicy,
  approverEntryFrom,
  type PolicyQuestion,
  type PolicySettings,
} from "../rules/policy.ts";
import { type PolicyJson, policyFromJson, policyToJson } from "./policy-json.ts";

/** Replaces all policies; open requests keep the one they were made under. */
export async function replaceApprovalPolicies(
  sql: Sql,
  policies: readonly PolicySettings[],
): Promise<void> {
  await sql.query(`delete from approval_policies`);
  for (const [position, settings] of policies.entries()) {
    const policy: ApprovalPolicy = {
      ...settings,
      upTo: settings.upTo,
      steps: settings.steps.map(({ approvers, quorum }) => ({
        approvers: approvers.map(approverEntryFrom),
        quorum,
      })),
    };
    const rule = policyToJson(policy);
    const [first] = rule.steps;
    await sql.query(
      `insert into approval_policies
              (position, up_to_usd, approvers, quorum, expires_in_ms, escalate_to, rule)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        position,
        policy.upTo === undefined ? null : usdToDecimal(policy.upTo),
        first?.approvers ?? [],
        first?.quorum ?? 1,
        policy.expiresInMs,
        policy.escalateTo,
        rule,
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
    readonly rule: PolicyJson | null;
  }>(
    `select p.up_to_usd::text, p.approvers, p.quorum, p.expires_in_ms::text, p.escalate_to, p.rule
       from approval_policies p
      order by p.position`,
  );
  return rows.map((row): ApprovalPolicy => {
    if (row.rule !== null) return policyFromJson(row.rule);
    return {
      upTo: row.up_to_usd === null ? undefined : usdFromDecimal(row.up_to_usd),
      match: {},
      steps: [{ approvers: row.approvers.map(approverEntryFrom), quorum: row.quorum }],
      expiresInMs: Number(row.expires_in_ms),
      escalateTo: row.escalate_to.map(emailFrom),
    };
  });
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

/** What policies may ask about whoever asks. */
export async function loadRequester(
  sql: Sql,
  email: Email,
  scope: Scope,
): Promise<PolicyQuestion["requester"]> {
  const { rows } = await sql.query<{ readonly is_admin: boolean; readonly teams: string[] }>(
    `select exists (select from admins a where a.email = $1) as is_admin,
            array(select distinct m.team_key from team_members m
                   where m.email = $1 order by m.team_key) as teams`,
    [email],
  );
  const ownsTeamOfScope = (await listTeamOwners(sql, scope)).includes(email);
  const [row] = rows;
  return { email, isAdmin: row?.is_admin === true, teams: row?.teams ?? [], ownsTeamOfScope };
}

/** Whose calendar the ceilings of automatic approvals follow. */
export async function loadCalendar(
  sql: Sql,
): Promise<{ readonly zone: TimeZone; readonly weekStartsOn: Weekday }> {
  const { rows } = await sql.query<{
    readonly time_zone: string;
    readonly week_starts_on: string;
  }>(`select o.time_zone, o.week_starts_on from organization_settings o`);
  const [row] = rows;
  return {
    zone: timeZone(row?.time_zone ?? "UTC"),
    weekStartsOn: WEEKDAYS.find((day) => day === row?.week_starts_on) ?? "monday",
  };
}
