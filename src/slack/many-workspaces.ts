/**
 * Several workspaces of one organization, by OAuth: who may be heard, and what is called how. What
 * goes out is `many-webs.ts`, how they come and go `installations/`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Departure } from "./installations/events.ts";
import { type Installation, updateEnterpriseTeams } from "./installations/store.ts";
import { createManyWebs, installationOf, type ManyWebsDeps } from "./many-webs.ts";
import { forWorkspace } from "./mentions.ts";
import type { SlackWeb } from "./web.ts";
import { placeId, placeMentions } from "./workspace-id.ts";
import { notServed, type SlackPlace, type SlackWorkspaces } from "./workspaces.ts";

export type ManyWorkspacesDeps = ManyWebsDeps & {
  /** The workspaces of an Enterprise Grid, by its token. */
  readonly listTeams: (token: string) => Promise<readonly string[]>;
};

/** What the Slack app needs beside its listeners where there are several workspaces. */
export interface ManySlack {
  readonly workspaces: SlackWorkspaces;
  /** Answers the pages of an installation. */
  readonly routes: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onGone: (gone: Departure) => Promise<void>;
}

export function createManyWorkspaces(deps: ManyWorkspacesDeps): {
  /** Of ids without a workspace, that of the first. */
  readonly web: SlackWeb;
  readonly workspaces: SlackWorkspaces;
} {
  const { web, installations, tokenOf } = createManyWebs(deps);

  /** Through which installation a workspace is served; a Grid may have got it since. */
  async function serving(
    slackTeamId: string,
    enterpriseId: string | undefined,
  ): Promise<Installation | undefined> {
    const all = await installations();
    const known = installationOf(all, slackTeamId);
    const grid = all.find(
      ({ id, sealedToken }) => id === enterpriseId && sealedToken !== undefined,
    );
    const token = known === undefined && grid !== undefined ? tokenOf(grid) : undefined;
    if (grid === undefined || token === undefined) return known;
    const slackTeamIds = await deps.listTeams(token);
    await updateEnterpriseTeams(deps.database, { id: grid.id, slackTeamIds });
    return slackTeamIds.includes(slackTeamId) ? { ...grid, slackTeamIds } : undefined;
  }

  return {
    web: web(undefined),
    workspaces: {
      at: ({ slackTeamId }: SlackPlace) => ({
        web: web(slackTeamId),
        idOf: (id) => placeId(slackTeamId, id),
        idIn: placeId,
        textOf: (text) => placeMentions(slackTeamId, text),
        shown: async (message) => await forWorkspace(deps.database, slackTeamId, message),
      }),

      async admit({ place, slackTeamId }) {
        const installed = await serving(place.slackTeamId, place.enterpriseId);
        if (installed === undefined) throw notServed();
        if (slackTeamId === place.slackTeamId) return;
        const theirs = await serving(slackTeamId, installed.enterpriseId);
        if (theirs === undefined) throw notServed();
      },
    },
  };
}
