/** Who may decide right now: entries of a policy, resolved against the database and Slack's groups. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { type Authority, authorityOver, type Directory, type Subject } from "../rules/mandate.ts";
import type { ApprovalPolicy, ApproverEntry } from "../rules/policy.ts";
import { listDelegations } from "../store/delegations.ts";
import { listAdmins, listTeamOwners } from "../store/policies.ts";

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
 * Runs a piece of work that `requestApproval` is part of, with groups that answer from memory. A
 * group that it turns out to need is asked for when its transaction has been rolled back, and the
 * work is done anew: Slack is never waited for inside one, and asked only for what is needed.
 */
export async function withApproverGroups<T>(
  slack: ApproverGroups | undefined,
  work: (approverGroups: ApproverGroups | undefined) => Promise<T>,
): Promise<T> {
  if (slack === undefined) return await work(undefined);
  const known = new Map<string, readonly Email[] | undefined>();
  for (;;) {
    const missing = new Set<string>();
    try {
      // oxlint-disable-next-line no-await-in-loop -- anew, with what was missing
      return await work(fromMemory(known, missing));
    } catch (error) {
      if (missing.size === 0) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- at most once for each group there is
    await Promise.all([...missing].map(async (one) => known.set(one, await membersOf(one, slack))));
  }
}

function fromMemory(
  known: ReadonlyMap<string, readonly Email[] | undefined>,
  missing: Set<string>,
): ApproverGroups {
  // oxlint-disable-next-line typescript/require-await -- what has to be awaited was, before
  return async (handle) => {
    if (known.has(handle)) return known.get(handle);
    missing.add(handle);
    throw new AppError({ code: "unavailable", message: `@${handle} was not asked for yet.` });
  };
}

/** Says which group it was about: whoever asks may then ask for what takes no group. */
async function membersOf(handle: string, slack: ApproverGroups): ReturnType<ApproverGroups> {
  try {
    return await slack(handle);
  } catch (cause) {
    throw new AppError({
      code: "unavailable",
      message: `I can't see who is in @${handle} in Slack right now, and this takes their approval.`,
      retryable: true,
      cause,
    });
  }
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
  const [teamOwners, admins, delegations] = await together([
    listTeamOwners(sql, scope),
    listAdmins(sql),
    listDelegations(sql, { now }),
  ]);
  return { teamOwners, admins, groups, delegations };
}
