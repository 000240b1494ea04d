/**
 * People and the names under which they use Claude: whose an event is that names no address, and
 * which links may be made. Pure.
 */
import { type Email, parseEmail } from "../../domain/email.ts";
import { type ExternalIdentity, formatIdentity } from "../../domain/identity.ts";
import type { Instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";

/** How we know that a name is somebody's. */
export type Verification =
  /** Anthropic's list of members says so. */
  | "anthropic"
  /** The profile that Slack has verified. */
  | "slack"
  /** Whoever has the name said so, in Slack. */
  | "confirmation"
  | "admin";

/** A name of somebody, for usage of that time. Undefined ends are open. */
export interface PersonIdentity extends ExternalIdentity {
  readonly person: Email;
  readonly from: Instant | undefined;
  readonly until: Instant | undefined;
}

/** Whose a name was at a time; undefined: nobody's. Quick for many questions. */
export interface IdentityLookup {
  readonly isEmpty: boolean;
  readonly find: (identity: string, at: Instant) => Email | undefined;
}

export function identityLookup(identities: readonly PersonIdentity[]): IdentityLookup {
  const byName = new Map<string, PersonIdentity[]>();
  for (const identity of identities) {
    const name = formatIdentity(identity);
    byName.set(name, [...(byName.get(name) ?? []), identity]);
  }
  return {
    isEmpty: byName.size === 0,
    find: (name, at) =>
      byName
        .get(name)
        ?.find(
          ({ from, until }) =>
            (from === undefined || from <= at) && (until === undefined || at < until),
        )?.person,
  };
}

type IdentifiedEvent = Pick<
  UsageEvent,
  "source" | "occurredAt" | "userEmail" | "apiKeyId" | "tags"
>;

/** Under which tags the adapters, or an app of one's own, name a user by an id. The first counts. */
const ID_TAGS = [
  ["user.account_id", "anthropic_user"],
  ["anthropic_user_id", "anthropic_user"],
  ["user.account_uuid", "anthropic_account"],
  ["slack_user_id", "slack_user"],
  ["user_id", "gateway_user"],
  ["user.id", "gateway_user"],
] as const;

/**
 * Whose an event is: the address that it names, which may be one of several of the same person; else
 * the id that it names; else the service account whose key it used. What it says itself counts only
 * when its source is trusted for people.
 */
export function personOf(
  event: IdentifiedEvent,
  source: { readonly isTrustedForPeople?: boolean },
  known: {
    readonly people: IdentityLookup;
    readonly owned: { readonly serviceAccountById: ReadonlyMap<string, string> };
  },
): Email | undefined {
  const { people } = known;
  const accounts = known.owned.serviceAccountById;
  const { userEmail, occurredAt: at } = event;
  if (people.isEmpty && accounts.size === 0) {
    return source.isTrustedForPeople === false ? undefined : userEmail;
  }
  if (source.isTrustedForPeople !== false) {
    if (userEmail !== undefined) return people.find(`email:${userEmail}`, at) ?? userEmail;
    for (const [tag, kind] of ID_TAGS) {
      if (!Object.hasOwn(event.tags, tag)) continue;
      const externalId = event.tags[tag] ?? "";
      const name = formatIdentity({ kind, source: event.source, externalId });
      const person = people.find(name, at) ?? addressOf(accounts.get(name));
      if (person !== undefined) return person;
    }
  }
  return event.apiKeyId === undefined
    ? undefined
    : addressOf(accounts.get(`api_key:${event.apiKeyId}`));
}

function addressOf(text: string | undefined): Email | undefined {
  return text === undefined ? undefined : parseEmail(text);
}

/** What is known of a name that somebody wants to be called by. */
export interface NameOwner {
  /** Whom it is linked to now. */
  readonly linkedTo: Email | undefined;
  /** Who can say whose it is: the address that the other product knows it by. */
  readonly confirmer: Email | undefined;
}

export type ClaimOutcome =
  | { readonly kind: "already"; readonly person: Email }
  /** Known to be theirs: nobody needs to be asked. */
  | { readonly kind: "verified"; readonly by: Verification }
  /** Whoever has that address is asked. */
  | { readonly kind: "ask"; readonly confirmer: Email }
  | { readonly kind: "refused"; readonly reason: "taken" | "nobody-can-confirm" };

/**
 * What follows from somebody's claim to a name. Nobody takes a name from somebody else, and nobody's
 * word is enough for itself.
 */
export function decideClaim(claimant: Email, owner: NameOwner): ClaimOutcome {
  const { linkedTo, confirmer } = owner;
  if (linkedTo === claimant) return { kind: "already", person: claimant };
  if (linkedTo !== undefined) return { kind: "refused", reason: "taken" };
  if (confirmer === undefined) return { kind: "refused", reason: "nobody-can-confirm" };
  return confirmer === claimant
    ? { kind: "verified", by: "anthropic" }
    : { kind: "ask", confirmer };
}
