/** Who may decide right now: entries of a policy, resolved against the database and Slack's groups. */
import type { Email } from "../../../domain/email.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { type ApproverEntry, resolveApprovers } from "../rules/policy.ts";
import type { ApprovalRequest } from "../rules.ts";
import { listAdmins, listApprovalPolicies, listTeamOwners } from "../store/policies.ts";

/** Members of a Slack user group by its handle; undefined when there is no such group. */
export type ApproverGroups = (handle: string) => Promise<readonly Email[] | undefined>;

/** Members by handle. */
export type GroupMembers = ReadonlyMap<string, readonly Email[]>;

/** Asks Slack for the groups among the entries. Not inside a transaction: Slack may be slow. */
export async function loadGroups(
  entries: readonly ApproverEntry[],
  approverGroups: ApproverGroups | undefined,
): Promise<GroupMembers> {
  if (approverGroups === undefined) return new Map();
  const handles = entries.flatMap((entry) => (entry.kind === "slack_group" ? [entry.handle] : []));
  const groups = await Promise.all(
    [...new Set(handles)].map(
      async (handle) => [handle, (await approverGroups(handle)) ?? []] as const,
    ),
  );
  return new Map(groups);
}

/**
 * Asks Slack for all groups of the policies at once and answers from memory afterwards. For callers
 * of `requestApproval`, before they begin the transaction that it is part of.
 */
export async function prefetchApproverGroups({
  database,
  approverGroups,
}: {
  readonly database: Database;
  readonly approverGroups?: ApproverGroups | undefined;
}): Promise<ApproverGroups> {
  const policies = await listApprovalPolicies(database);
  const groups = await loadGroups(
    policies.flatMap((policy) => policy.approvers),
    approverGroups,
  );
  // oxlint-disable-next-line typescript/require-await -- answers from memory what Slack was asked before
  return async (handle) => groups.get(handle);
}

/** Everybody who could decide this request at `now`. */
export async function loadApprovers(
  sql: Sql,
  request: Pick<ApprovalRequest, "policy" | "requester" | "scope" | "requestedAt" | "expiresAt">,
  { groups, now }: { readonly groups: GroupMembers; readonly now: Instant },
): Promise<readonly Email[]> {
  const teamOwners = await listTeamOwners(sql, request.scope);
  const admins = await listAdmins(sql);
  return resolveApprovers(request, { teamOwners, admins, groups }, now);
}
