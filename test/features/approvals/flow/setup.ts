/** What the tests of the flows share: an organization, deps with a counting applier, snapshots. */
import type { Email } from "../../../../src/domain/email.ts";
import type {
  ApprovalEffects,
  ApprovedRequest,
  RevokedRequest,
} from "../../../../src/features/approvals/flow/applier.ts";
import type { ApproverGroups } from "../../../../src/features/approvals/flow/approvers.ts";
import type { DecisionDeps } from "../../../../src/features/approvals/flow/decide-approval.ts";
import { requestApproval } from "../../../../src/features/approvals/flow/request-approval.ts";
import type { PolicySettings } from "../../../../src/features/approvals/rules/policy.ts";
import type { ApprovalProposal } from "../../../../src/features/approvals/rules.ts";
import { replaceApprovalPolicies } from "../../../../src/features/approvals/store/policies.ts";
import { type Database, inTransaction } from "../../../../src/store/database.ts";
import { ASKED_AT, aProposal } from "../../../support/approvals-builders.ts";
import { type ManualClock, manualClock } from "../../../support/clock.ts";

/** Acme: team search is owned by ana, bo is its member, dana is the admin. */
export async function resetAcme(database: Database): Promise<void> {
  await database.query(`
    truncate approval_policies, approval_requests, approval_votes, approval_delegations,
             approval_auto_spend, audit_entries, outbox_messages, teams, team_members, projects,
             admins, slack_users cascade;
    insert into admins (email) values ('dana@acme.test');
    insert into teams (team_key, name) values ('search', 'Search');
    insert into team_members (team_key, email, role) values
      ('search', 'ana@acme.test', 'owner'), ('search', 'bo@acme.test', 'member');
    insert into projects (project_key, team_key) values ('checkout', 'search');`);
}

export interface Acme extends DecisionDeps {
  readonly manual: ManualClock;
  /** What the applier was called with, in order. */
  readonly applied: ApprovedRequest[];
  readonly revoked: RevokedRequest[];
  readonly directory: { readonly resolveMentions: (text: string) => Promise<string> };
}

export function acme(
  database: Database,
  options: { readonly approverGroups?: ApproverGroups } = {},
): Acme {
  const manual = manualClock(ASKED_AT.toISOString());
  const applied: ApprovedRequest[] = [];
  const revoked: RevokedRequest[] = [];
  /* oxlint-disable typescript/require-await -- effects are async, these have nothing to wait for */
  const effects: ApprovalEffects = {
    apply: async (_sql, approval) => {
      applied.push(approval);
    },
    revoke: async (_sql, what) => {
      revoked.push(what);
    },
  };
  return {
    database,
    manual,
    clock: manual.clock,
    applied,
    revoked,
    appliers: { budget_raise: effects, anthropic_limit_increase: effects },
    directory: { resolveMentions: async (text) => text },
    /* oxlint-enable typescript/require-await */
    ...options,
  };
}

/** `approvers` and `quorum` are those of a policy with one step. */
export function aTier(
  overrides: Partial<PolicySettings & PolicySettings["steps"][number]> = {},
): PolicySettings {
  const { approvers = ["team_owners", "admins"], quorum = 1, ...others } = overrides;
  return {
    match: {},
    steps: [{ approvers, quorum }],
    expiresInMs: 24 * 3_600_000,
    escalateTo: [],
    ...others,
  };
}

export async function usePolicies(
  database: Database,
  ...policies: readonly PolicySettings[]
): Promise<void> {
  await inTransaction(database, async (sql) => await replaceApprovalPolicies(sql, policies));
}

/** Asks as the budgets feature does, in a transaction; fails the test when refused. */
export async function ask(
  deps: Acme,
  overrides: Partial<ApprovalProposal> = {},
): Promise<{ readonly requestId: string; readonly approvers: readonly Email[] }> {
  const outcome = await inTransaction(
    deps.database,
    async (sql) => await requestApproval(sql, deps, aProposal(overrides)),
  );
  if (outcome.kind !== "requested") throw new Error(`not asked: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** Every row that a decision may touch, to compare before and after. */
export async function everything(database: Database): Promise<unknown> {
  const tables = ["approval_requests", "approval_votes", "audit_entries", "outbox_messages"];
  return await Promise.all(
    tables.map(async (table) => {
      const { rows } = await database.query<Record<string, unknown>>(`select t.* from ${table} t`);
      return rows;
    }),
  );
}

export interface OutboxRow {
  readonly dedupe_key: string;
  readonly destination: string;
  readonly updates_dedupe_key: string | null;
  readonly text: string;
  readonly blocks: unknown;
}

/** Messages in the order in which they were enqueued. */
export async function outbox(database: Database, keyPart = ""): Promise<readonly OutboxRow[]> {
  const { rows } = await database.query<OutboxRow>(
    `select o.dedupe_key, o.destination, o.updates_dedupe_key, o.text, o.blocks
       from outbox_messages o
      where o.dedupe_key like '%' || $1 || '%'
      order by o.outbox_message_id`,
    [keyPart],
  );
  return rows;
}

export async function auditActions(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ readonly action: string }>(
    `select a.action from audit_entries a order by a.audit_entry_id`,
  );
  return rows.map((row) => row.action);
}

export async function statusOf(database: Database, requestId: string): Promise<unknown> {
  const { rows } = await database.query<{ readonly status: string }>(
    `select r.status from approval_requests r where r.approval_request_id = $1`,
    [requestId],
  );
  return rows[0]?.status;
}
