/** Whether the channels of a document are there. Pure. */
import type { GovernanceProblem } from "../rules.ts";

/** "#name" or an id, and where a document names it. */
export interface NamedChannel extends Omit<GovernanceProblem, "message"> {
  readonly channel: string;
}

export interface KnownChannel {
  readonly channelId: string;
  /** Without "#"; of another workspace than the first, as it is written: "T123/#finops". */
  readonly name: string;
  /** Of the first of several workspaces: how its id may be written, too. */
  readonly bareId?: string;
  readonly isArchived: boolean;
}

/** What is wrong with each channel that the bot can't post to, and what to do about it. */
export function channelProblems(
  named: readonly NamedChannel[],
  known: readonly KnownChannel[],
): GovernanceProblem[] {
  return named.flatMap(({ channel, ...place }): GovernanceProblem[] => {
    const found = known.find(({ channelId, name, bareId }) =>
      [channelId, `#${name}`, name, bareId].includes(channel),
    );
    if (found === undefined) {
      const message = `expected a channel that the bot can see; there is no ${channel}: create it or correct the name, and invite the bot if it is private`;
      return [{ ...place, message }];
    }
    if (!found.isArchived) return [];
    return [{ ...place, message: `expected a channel in use; ${channel} is archived` }];
  });
}
