/** Digests, the decision whether everybody in a channel may know what its digest tells. Pure. */
import type { Scope } from "../../../domain/scope.ts";
import { ownChannel } from "./command.ts";

/**
 * Whether governance gave the channel to just that news: the finance channel hears of everything, a
 * team's own channel of the team and its projects. Who is in there is up to the organization.
 */
export function isTrustedChannel(
  channel: string,
  scope: Scope,
  governed: {
    readonly organization: { readonly finopsChannel?: string };
    readonly teams: Parameters<typeof ownChannel>[2];
  },
): boolean {
  const { organization, teams } = governed;
  return (
    channel === organization.finopsChannel || channel === ownChannel(scope, organization, teams)
  );
}

/** Why a private channel was not told. */
export interface Withheld {
  readonly members: number;
  /** How many of them may not see the scope, or are nobody we know. */
  readonly outsiders: number;
}
