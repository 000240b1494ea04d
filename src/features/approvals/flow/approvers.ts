/** Who may decide right now: entries of a policy, resolved against the database and Slack's groups. */
import type { Email } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { type Authority, authorityOver, type Directory, type Subject } from "../rules/mandate.ts";
import type { ApprovalPolicy, ApproverEntry } from "../rules/policy.ts";
import { listDelegations } from "../store/delegations.ts";
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
  const groups = await loadGroups(policies.flatMap(entriesOf), approverGroups);
  // oxlint-disable-next-line typescript/require-await -- answers from memory what Slack was asked before
  return async (handle) => groups.get(handle);
}

/** Every entry of a policy, of all its steps. */
export function entriesOf({ steps }: Pick<ApprovalPolicy, "steps">): readonly ApproverEntry[] {
  return steps.flatMap(({ approvers }) => approvers);
}

/** Who may decide this request at `now`, step by step, and who may stand in for whom. */
export async function loadAuthority(
  sql: Sql,
  request: Subject & { readonly scope: Scope },
  { groups, now }: { readonly groups: GroupMembers; readonly now: Instant },
): Promise<Authority> {
  return authorityOver(request, await loadDirectory(sql, request.scope, { groups, now }), now);
}

/** The people whom entries of a policy may mean, as they are at `now`. */
export async function loadDirectory(
  sql: Sql,
  scope: Scope,
  { groups, now }: { readonly groups: GroupMembers; readonly now: Instant },
): Promise<Directory> {
  const teamOwners = await listTeamOwners(sql, scope);
  const admins = await listAdmins(sql);
  const delegations = await listDelegations(sql, { now });
  return { teamOwners, admins, groups, delegations };
}
