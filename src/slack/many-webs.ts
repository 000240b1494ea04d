/**
 * `SlackWeb` over several workspaces, each with a token of its own. Ids that come out name their
 * workspace, ids that go in say whose token it takes: there is no way to a workspace but by its own
 * installation (ADR 0032).
 */
import { AppError } from "../domain/errors.ts";
import { addMs, type Clock, DAY_MS } from "../domain/time.ts";
import type { Database } from "../store/database.ts";
import { openSealed } from "../store/sealed-text.ts";
import { type Installation, listInstallations } from "./installations/store.ts";
import { forWorkspace } from "./mentions.ts";
import type { SlackWeb } from "./web.ts";
import { inOneWorkspace, notInstalled } from "./web-errors.ts";
import { isChannelName, placeId, splitId } from "./workspace-id.ts";

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

/** One workspace that can be spoken to. */
interface Spoken {
  readonly slackTeamId: string;
  readonly web: SlackWeb;
}

export interface ManyWebs {
  readonly tokenOf: (installation: Installation) => string | undefined;
  /** Ids without a workspace, triggers and forms are of that one; undefined: of the first. */
  readonly web: (homeTeamId: string | undefined) => SlackWeb;
  readonly installations: () => Promise<readonly Installation[]>;
}

/** A direct message waits so long for a workspace that removed the bot. */
const REINSTALL_MS = 3 * DAY_MS;

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
    return {
      ...messagesThrough(way),
      ...peopleThrough(way),
      ...viewsThrough(way),
      listPrivateMembers: async (channel) => {
        const there = await way.to(channel);
        const members = await through(there, async () => {
          return await there.web.listPrivateMembers(there.id);
        });
        return members?.map((id) => placeId(there.slackTeamId, id));
      },
    };
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

interface Way extends ManyWebsDeps {
  /** Whoever has the person or channel; its id there. */
  readonly to: (placedId: string) => Promise<Spoken & { readonly id: string }>;
  readonly home: () => Promise<Spoken>;
  readonly first: () => Promise<Spoken>;
  readonly speakToEach: () => Promise<readonly Spoken[]>;
  readonly installations: () => Promise<readonly Installation[]>;
}

/** What a workspace says of its token concerns that workspace alone. */
async function through<T>({ slackTeamId }: Spoken, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inOneWorkspace(slackTeamId, error);
  }
}

type MessageCalls = Pick<
  SlackWeb,
  "postMessage" | "updateMessage" | "findMessage" | "openDirectMessage" | "listChannels"
>;

function messagesThrough({ to, speakToEach, installations, database }: Way): MessageCalls {
  return {
    async postMessage({ text, blocks, ...message }) {
      const there = await to(message.channel);
      const { slackTeamId, id: channel } = there;
      const content = await forWorkspace(database, slackTeamId, { text, blocks });
      const posted = await through(
        there,
        async () => await there.web.postMessage({ ...message, ...content, channel }),
      );
      return { ...posted, channelId: placeId(slackTeamId, posted.channelId) };
    },

    async updateMessage({ text, blocks, ...message }) {
      const there = await to(message.channel);
      const content = await forWorkspace(database, there.slackTeamId, { text, blocks });
      await through(
        there,
        async () => await there.web.updateMessage({ ...message, ...content, channel: there.id }),
      );
    },

    async findMessage(query) {
      const there = await to(query.channel);
      const found = await through(
        there,
        async () => await there.web.findMessage({ ...query, channel: there.id }),
      );
      return found === undefined || found === "cannot-look"
        ? found
        : { ...found, channelId: placeId(there.slackTeamId, found.channelId) };
    },

    async openDirectMessage(slackUserId) {
      const there = await to(slackUserId);
      const channelId = await through(
        there,
        async () => await there.web.openDirectMessage(there.id),
      );
      return placeId(there.slackTeamId, channelId);
    },

    async listChannels() {
      const [first] = await installations();
      const lists = await Promise.all(
        (await speakToEach()).map(async (there) => {
          const { slackTeamId } = there;
          const isFirst = slackTeamId === first?.slackTeamIds[0];
          const channels = await through(there, async () => await there.web.listChannels());
          return channels.map((channel) => ({
            ...channel,
            channelId: placeId(slackTeamId, channel.channelId),
            ...(isFirst ? { bareId: channel.channelId } : {}),
            name: isFirst ? channel.name : placeId(slackTeamId, `#${channel.name}`),
          }));
        }),
      );
      return lists.flat();
    },
  };
}

type PeopleCalls = Pick<
  SlackWeb,
  "authTest" | "findUserByEmail" | "loadUser" | "listUserGroupMembers" | "listUserGroups"
>;

function peopleThrough(way: Way): PeopleCalls {
  const { to, home, first, speakToEach } = way;
  return {
    async authTest() {
      const there = await home();
      return await through(there, async () => await there.web.authTest());
    },

    async findUserByEmail(email) {
      for (const there of await speakToEach()) {
        // oxlint-disable-next-line no-await-in-loop -- the first that knows the person is enough
        const user = await through(there, async () => await there.web.findUserByEmail(email));
        if (user !== undefined) {
          return { ...user, slackUserId: placeId(there.slackTeamId, user.slackUserId) };
        }
      }
      if (await mayComeBack(way)) throw notInstalled(undefined);
      return undefined;
    },

    async loadUser(slackUserId) {
      const there = await to(slackUserId);
      const user = await through(there, async () => await there.web.loadUser(there.id));
      return { ...user, slackUserId: placeId(there.slackTeamId, user.slackUserId) };
    },

    // Groups decide about money, and anybody who may edit groups anywhere could be in them: only
    // those of the first workspace count.
    async listUserGroupMembers(handle) {
      const there = await first();
      const members = await through(
        there,
        async () => await there.web.listUserGroupMembers(handle),
      );
      return members?.map((id) => placeId(there.slackTeamId, id));
    },

    async listUserGroups() {
      const there = await first();
      const groups = await through(there, async () => await there.web.listUserGroups());
      return groups.map((group) => ({
        ...group,
        memberIds: group.memberIds.map((id) => placeId(there.slackTeamId, id)),
      }));
    },
  };
}

/** Whether a person whom nobody knows may be of a workspace that removed the bot lately. */
async function mayComeBack({ installations, clock }: Way): Promise<boolean> {
  const since = addMs(clock(), -REINSTALL_MS);
  return (await installations()).some(
    ({ revokedAt }) => revokedAt !== undefined && revokedAt > since,
  );
}

function viewsThrough({
  to,
  home,
  database,
}: Way): Pick<SlackWeb, "openView" | "updateView" | "publishHome"> {
  return {
    async openView(triggerId, view) {
      const there = await home();
      const shown = await forWorkspace(database, there.slackTeamId, view);
      const { viewId } = await through(
        there,
        async () => await there.web.openView(triggerId, shown),
      );
      return { viewId: placeId(there.slackTeamId, viewId) };
    },

    async updateView(viewId, view) {
      const there = await to(viewId);
      const shown = await forWorkspace(database, there.slackTeamId, view);
      await through(there, async () => {
        await there.web.updateView(there.id, shown);
      });
    },

    async publishHome(slackUserId, view, replacing) {
      const there = await to(slackUserId);
      const shown = await forWorkspace(database, there.slackTeamId, view);
      return await through(
        there,
        async () => await there.web.publishHome(there.id, shown, replacing),
      );
    },
  };
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
