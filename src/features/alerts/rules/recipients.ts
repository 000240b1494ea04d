/**
 * Who hears of an alert: the channel of a team, or of finance; a person of what is their own; and
 * owners who asked for it. Amounts of single people never stand in a team's channel. Pure.
 */
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Scope } from "../../../domain/scope.ts";

/** A channel, or the direct message of a person. */
export type Recipient = { readonly channel: string } | { readonly person: Email };

/** What is needed of the organization to find somebody. */
export interface Directory {
  readonly organizationName: string;
  readonly teams: readonly {
    readonly key: string;
    readonly name: string;
    readonly channel?: string;
    readonly owners: readonly Email[];
    readonly projects: readonly string[];
  }[];
  readonly finopsChannel?: string;
  readonly admins: readonly Email[];
  /** Programs with an address, and who answers for each. */
  readonly serviceAccounts?: readonly { readonly address: Email; readonly responsible: Email }[];
}

/**
 * A team's or project's news go to the team's channel, a person's to that person. Everything else,
 * and teams without a channel, is for the finance channel; without one, for every admin.
 */
export function recipientsOf(scope: Scope, directory: Directory): readonly Recipient[] {
  if (scope.kind === "user") {
    const person = parseEmail(scope.key);
    if (person !== undefined) return [{ person: responsibleFor(person, directory) }];
  }
  const channel = teamOf(scope, directory)?.channel ?? directory.finopsChannel;
  if (channel !== undefined) return [{ channel }];
  return directory.admins.map((person) => ({ person }));
}

/** A program reads no messages: whoever answers for it, at the end of the chain, does. */
function responsibleFor(address: Email, { serviceAccounts = [] }: Directory): Email {
  const seen = new Set<Email>();
  let person = address;
  for (;;) {
    const asked = person;
    const account = serviceAccounts.find((one) => one.address === asked);
    if (account === undefined || seen.has(asked)) return asked;
    seen.add(asked);
    person = account.responsible;
  }
}

/** Owners of the team that it is about: those among them who chose so get a message of their own. */
export function ownersOf(scope: Scope, directory: Directory): readonly Email[] {
  return teamOf(scope, directory)?.owners ?? [];
}

/** The team that a scope is, or belongs to. */
function teamOf(
  scope: Scope,
  { teams }: Pick<Directory, "teams">,
): Directory["teams"][number] | undefined {
  if (scope.kind === "team") return teams.find((team) => team.key === scope.key);
  if (scope.kind === "project") return teams.find((team) => team.projects.includes(scope.key));
  return undefined;
}
