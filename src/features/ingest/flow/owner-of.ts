/** Whose an event is, by what held when it happened: the same on arrival and when it is rated again. */
import type { UsageEvent } from "../../../domain/usage.ts";
import { type Allocation, allocateEvent, type OwnershipAt } from "../../allocation/index.ts";
import { type IdentityLookup, personOf } from "../../people/index.ts";
import type { Source } from "../../sources/index.ts";

/** `modelId` is the normalised one, which rules are about. */
export function ownerOf(
  { event, modelId }: { readonly event: UsageEvent; readonly modelId: string },
  source: Source,
  known: { readonly ownedAt: OwnershipAt; readonly people: IdentityLookup },
): Allocation {
  const owned = known.ownedAt(event.occurredAt);
  const { rules, membershipsByEmail, teamByProject } = owned;
  return allocateEvent(
    {
      source: event.source,
      model: modelId,
      userEmail: personOf(event, source, { people: known.people, owned }),
      claimedTeam: event.claimedTeam,
      claimedProject: event.claimedProject,
      workspaceId: event.workspaceId,
      apiKeyId: event.apiKeyId,
      tags: event.tags,
    },
    { rules, membershipsByEmail, teamByProject, isSourceTrusted: source.isTrusted },
  );
}
