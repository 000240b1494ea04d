/**
 * Slack as one workspace, or as several of one organization. What comes from a workspace is given
 * its name there, and what goes there loses it again, so that nothing of one workspace is ever used
 * in another. `many-workspaces.ts` is for several; this is the interface, and one.
 */
import { AppError } from "../domain/errors.ts";
import type { SlackMessage } from "./blocks.ts";
import type { SlackWeb } from "./web.ts";

/** Where the app is installed that a request came through. */
export interface SlackPlace {
  readonly slackTeamId: string;
  readonly enterpriseId?: string | undefined;
}

/** One workspace, as requests from there see it. */
export interface SlackHere {
  /** Ids without a workspace, triggers and open forms are of this one. */
  readonly web: SlackWeb;
  /** What the program calls the user or channel that Slack calls so here. */
  readonly idOf: (id: string) => string;
  /** Of a user of another workspace, as they are in a shared channel. */
  readonly idIn: (slackTeamId: string, id: string) => string;
  /** With mentions that name their workspace. */
  readonly textOf: (text: string) => string;
  /** With mentions that mean somebody here. */
  readonly shown: (message: SlackMessage) => Promise<SlackMessage>;
}

export interface SlackWorkspaces {
  readonly at: (place: SlackPlace) => SlackHere;
  /** Rejects with a sentence for the person unless the bot serves this place, and people of `slackTeamId`. */
  readonly admit: (from: {
    readonly place: SlackPlace;
    readonly slackTeamId: string;
  }) => Promise<void>;
}

/** The one of SLACK_BOT_TOKEN. `ownTeamId` is undefined until Slack has told it. */
export function oneWorkspace(web: SlackWeb, ownTeamId: () => string | undefined): SlackWorkspaces {
  const here: SlackHere = {
    web,
    idOf: (id) => id,
    idIn: (_slackTeamId, id) => id,
    textOf: (text) => text,
    shown: async (message) => await Promise.resolve(message),
  };
  return {
    at: () => here,
    admit: async ({ slackTeamId }) => {
      const own = ownTeamId();
      if (own !== undefined && slackTeamId !== "" && slackTeamId !== own) throw notServed();
      await Promise.resolve();
    },
  };
}

/** In a shared channel somebody of another company can press our buttons. */
export function notServed(): AppError {
  return new AppError({
    code: "forbidden",
    message: "This bot serves another Slack workspace than yours, so nothing was changed.",
  });
}
