/**
 * Which digests a private channel must not have, because somebody in it may not know what they tell.
 * Slack is asked before the slots are claimed, never while they are locked.
 */
import type { Email } from "../../../domain/email.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Directory } from "../../../slack/directory.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import type { Sql } from "../../../store/database.ts";
import { findPerson, listTeams, loadOrganization, mayViewScope } from "../../organization/index.ts";
import { isTrustedChannel, type Withheld } from "../rules/audience.ts";

/** Who reads a channel; undefined: it is public, or Slack does not tell. */
export type ReadersOf = (channel: string) => Promise<readonly (Email | undefined)[] | undefined>;

/** The people of a private channel by Slack; apps read nothing and don't count. */
export function slackReaders(deps: {
  readonly web: Pick<SlackWeb, "listPrivateMembers" | "loadUser">;
  readonly directory: Pick<Directory, "loadSlackUser">;
}): ReadersOf {
  return async (channel) => {
    const members = await deps.web.listPrivateMembers(channel);
    if (members === undefined) return undefined;
    const readers: (Email | undefined)[] = [];
    for (const slackUserId of members) {
      // oxlint-disable no-await-in-loop -- Slack slows down who asks for many at once
      const { email } = await deps.directory.loadSlackUser(slackUserId);
      const isApp = email === undefined && (await deps.web.loadUser(slackUserId)).isBot === true;
      // oxlint-enable no-await-in-loop
      if (!isApp) readers.push(email);
    }
    return readers;
  };
}

/** Why a channel must not be told of a scope; undefined: it may be. */
export async function findOutsiders(
  deps: { readonly database: Sql; readonly readersOf: ReadersOf },
  { channel, scope }: { readonly channel: string; readonly scope: Scope },
): Promise<Withheld | undefined> {
  const organization = await loadOrganization(deps);
  const teams = await listTeams(deps);
  if (isTrustedChannel(channel, scope, { organization, teams })) return undefined;
  const readers = await deps.readersOf(channel);
  if (readers === undefined) return undefined;
  let outsiders = 0;
  for (const email of readers) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    const person = email === undefined ? undefined : await findPerson(deps, email);
    if (person === undefined || !mayViewScope(person, scope, teams)) outsiders += 1;
  }
  return outsiders === 0 ? undefined : { members: readers.length, outsiders };
}

export function audienceKey({
  channel,
  scope,
}: {
  readonly channel: string;
  readonly scope: Scope;
}): string {
  return `${channel} ${formatScope(scope)}`;
}
