/**
 * `SlackWeb` over several workspaces, each with a token of its own. Ids that come out name their
 * workspace, ids that go in say whose token it takes: there is no way to a workspace but by its own
 * installation (ADR 0032).
 */
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import type { Database } from "../store/database.ts";
import { openSealed } from "../store/sealed-text.ts";
import { type Installation, listInstallations } from "./installations/store.ts";
import {
  messagesThrough,
  peopleThrough,
  type Spoken,
  viewsThrough,
  type Way,
} from "./many-calls.ts";
import type { SlackWeb } from "./web.ts";
import { notInstalled } from "./web-errors.ts";
import { isChannelName, splitId } from "./workspace-id.ts";

export interface ManyWebsDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** 32 bytes: what tokens are sealed with. */
  readonly secretsKey: Buffer;
  /** The Web API by one token; `slackTeamId` where a token speaks for several workspaces. */
  readonly createWeb: (access: {
    readonly token: string;
    readonly slackTeamId: string;
    readonly isOfEnterprise: boolean;
  }) => SlackWeb;
}

export interface ManyWebs {
  readonly tokenOf: (installation: Installation) => string | undefined;
  /** Ids without a workspace, triggers and forms are of that one; undefined: of the first. */
  readonly web: (homeTeamId: string | undefined) => SlackWeb;
  readonly installations: () => Promise<readonly Installation[]>;
}

export function createManyWebs(deps: ManyWebsDeps): ManyWebs {
  const known = new Map<string, { readonly sealed: Buffer; readonly web: SlackWeb }>();

  /** One client for each token and workspace; a new installation brings a new one. */
  function speakThrough(installation: Installation, slackTeamId: string): Spoken {
    const { id, sealedToken: sealed } = installation;
    if (sealed === undefined) throw notInstalled(slackTeamId);
    const key = `${id}/${slackTeamId}`;
    const before = known.get(key);
    if (before?.sealed.equals(sealed) === true) return { slackTeamId, web: before.web };
    const token = open(sealed, { id, secretsKey: deps.secretsKey });
    const web = deps.createWeb({ token, slackTeamId, isOfEnterprise: id !== slackTeamId });
    known.set(key, { sealed, web });
    return { slackTeamId, web };
  }

  async function installations(): Promise<readonly Installation[]> {
    return await listInstallations(deps.database);
  }

  async function speakTo(slackTeamId: string | undefined): Promise<Spoken> {
    const all = await installations();
    const teamId = slackTeamId ?? all[0]?.slackTeamIds[0];
    const found = teamId === undefined ? undefined : installationOf(all, teamId);
    if (teamId === undefined || found === undefined) throw notInstalled(teamId);
    return speakThrough(found, teamId);
  }

  /** Everyone once: people of an Enterprise Grid are the same in all of its workspaces. */
  async function speakToEach(): Promise<readonly Spoken[]> {
    return (await installations()).flatMap((installation) => {
      const [slackTeamId] = installation.slackTeamIds;
      return installation.sealedToken === undefined || slackTeamId === undefined
        ? []
        : [speakThrough(installation, slackTeamId)];
    });
  }

  const web = (homeTeamId: string | undefined): SlackWeb => {
    const way: Way = {
      ...deps,
      installations,
      speakToEach,
      to: async (placedId) => {
        const { slackTeamId, id } = splitId(placedId);
        // A bare name is written in governance.yml, and means the organization's first workspace.
        const home = isChannelName(placedId) ? undefined : homeTeamId;
        const spoken = await speakTo(slackTeamId ?? home);
        return { ...spoken, id };
      },
      home: async () => await speakTo(homeTeamId),
      first: async () => await speakTo(undefined),
    };
    const calls = { ...messagesThrough(way), ...peopleThrough(way), ...viewsThrough(way) };
    return { ...calls, canChoose: (placedId) => splitId(placedId).slackTeamId === homeTeamId };
  };
  return {
    web,
    installations,
    tokenOf: ({ id, sealedToken }) =>
      sealedToken === undefined
        ? undefined
        : open(sealedToken, { id, secretsKey: deps.secretsKey }),
  };
}

/** Its own installation, or that of its Enterprise Grid, where the bot still is. */
export function installationOf(
  all: readonly Installation[],
  slackTeamId: string,
): Installation | undefined {
  const live = all.filter(({ sealedToken }) => sealedToken !== undefined);
  return (
    live.find(({ id }) => id === slackTeamId) ??
    live.find(({ slackTeamIds }) => slackTeamIds.includes(slackTeamId))
  );
}

function open(
  sealed: Buffer,
  { id, secretsKey }: { readonly id: string; readonly secretsKey: Buffer },
): string {
  try {
    return openSealed(sealed, { key: secretsKey, boundTo: id });
  } catch (cause) {
    throw new AppError({
      code: "internal",
      message: `The token of ${id} can't be read: SECRETS_KEY is not the one that sealed it. Install the bot there again.`,
      cause,
    });
  }
}
