/**
 * Allocation, the decisions: which team, project and person the spend of a usage event belongs to.
 * Pure. The order of precedence is explained in the README.
 */
import type { Email } from "../../domain/email.ts";
import { matchesGlob } from "../../domain/glob.ts";
import type { Instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";

/** Every condition that is present must hold; a rule without conditions matches everything. */
export interface AllocationMatch {
  readonly apiKeyId?: string;
  readonly workspaceId?: string;
  /** A glob: `*` stands for any characters. Upper and lower case are equal. */
  readonly userEmail?: string;
  /** A glob over the model's id. */
  readonly model?: string;
  readonly source?: string;
  /** Each of these tags must be there with exactly this value. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface AllocationRule {
  readonly match: AllocationMatch;
  readonly to: { readonly team?: string; readonly project?: string };
  /** Only for usage since then. Absent: whenever what it was decided with holds. */
  readonly from?: Instant;
  /** Only for usage before. */
  readonly until?: Instant;
}

/** Who the spend belongs to. No team: Unallocated. */
export interface Allocation {
  readonly teamKey: string | undefined;
  readonly projectKey: string | undefined;
  readonly userEmail: Email | undefined;
}

/** What allocation looks at. `model` may be the id as written or the normalised one. */
export type AllocatedEvent = Pick<
  UsageEvent,
  | "source"
  | "model"
  | "userEmail"
  | "claimedTeam"
  | "claimedProject"
  | "workspaceId"
  | "apiKeyId"
  | "tags"
>;

export interface AllocationContext {
  /** In order: the first match wins. */
  readonly rules: readonly AllocationRule[];
  /** Whether what this event says about team and project counts. */
  readonly isSourceTrusted: boolean;
  /** The teams that a person owns or is a member of. */
  readonly membershipsByEmail: ReadonlyMap<string, readonly string[]>;
  readonly teamByProject: ReadonlyMap<string, string>;
}

/** One combination of owner and dimension that spend is summed by. */
export interface SpendDimension extends Allocation {
  readonly modelId: string;
  readonly apiKeyId: string | undefined;
  readonly workspaceId: string | undefined;
  readonly source: string;
}

/**
 * Decides who the spend of `event` belongs to: what the event claims (trusted sources only), else
 * the first matching rule, else the only team of the person. The first of them that names a
 * project decides the project; a team that is still unknown then is looked for further down.
 */
export function allocateEvent(event: AllocatedEvent, context: AllocationContext): Allocation {
  const { userEmail } = event;
  const claim = context.isSourceTrusted
    ? ownerOf({ team: event.claimedTeam, project: event.claimedProject }, context)
    : NOBODY;
  if (claim.teamKey !== undefined) return { ...claim, userEmail };

  const rule = context.rules.find(({ match }) => matchesEvent(match, event));
  const ruled = rule === undefined ? NOBODY : ownerOf(rule.to, context);
  return {
    teamKey: ruled.teamKey ?? onlyTeamOf(userEmail, context),
    projectKey: claim.projectKey ?? ruled.projectKey,
    userEmail,
  };
}

interface Owner {
  readonly teamKey: string | undefined;
  readonly projectKey: string | undefined;
}

const NOBODY: Owner = { teamKey: undefined, projectKey: undefined };

/** A known project gives the team, also against what stands beside it: it belongs to one team. */
function ownerOf(
  { team, project }: { readonly team?: string | undefined; readonly project?: string | undefined },
  { teamByProject }: AllocationContext,
): Owner {
  const teamOfProject = project === undefined ? undefined : teamByProject.get(project);
  return { teamKey: teamOfProject ?? team, projectKey: project };
}

function onlyTeamOf(
  email: Email | undefined,
  { membershipsByEmail }: AllocationContext,
): string | undefined {
  const teams = email === undefined ? [] : (membershipsByEmail.get(email) ?? []);
  return teams.length === 1 ? teams[0] : undefined;
}

/** Whether every condition of `match` holds for `event`. */
export function matchesEvent(match: AllocationMatch, event: AllocatedEvent): boolean {
  const { apiKeyId, workspaceId, userEmail, model, source, tags = {} } = match;
  return (
    (apiKeyId === undefined || apiKeyId === event.apiKeyId) &&
    (workspaceId === undefined || workspaceId === event.workspaceId) &&
    (source === undefined || source === event.source) &&
    (model === undefined || matchesGlob({ glob: model, text: event.model })) &&
    (userEmail === undefined ||
      (event.userEmail !== undefined &&
        matchesGlob({ glob: userEmail.toLowerCase(), text: event.userEmail }))) &&
    Object.entries(tags).every(
      ([name, value]) => Object.hasOwn(event.tags, name) && event.tags[name] === value,
    )
  );
}
