/**
 * The calls of `SlackWeb` where there are several workspaces: each finds the one that it is for,
 * drops its name from what goes in and adds it to what comes out. Tokens are `many-webs.ts`.
 */
import { AppError } from "../domain/errors.ts";
import { addMs, type Clock, DAY_MS } from "../domain/time.ts";
import type { Database } from "../store/database.ts";
import type { Installation } from "./installations/store.ts";
import { forWorkspace } from "./mentions.ts";
import type { SlackWeb } from "./web.ts";
import { inOneWorkspace, notInstalled } from "./web-errors.ts";
import { placeId } from "./workspace-id.ts";

/** One workspace that can be spoken to. */
export interface Spoken {
  readonly slackTeamId: string;
  readonly web: SlackWeb;
}

/** A direct message waits so long for a workspace that removed the bot. */
const REINSTALL_MS = 3 * DAY_MS;

/** How the calls find whom they are for. */
export interface Way {
  readonly database: Database;
  readonly clock: Clock;
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
  | "postMessage"
  | "updateMessage"
  | "findMessage"
  | "openDirectMessage"
  | "listChannels"
  | "listPrivateMembers"
>;

export function messagesThrough({ to, speakToEach, installations, database }: Way): MessageCalls {
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

    async listPrivateMembers(channel) {
      const there = await to(channel);
      const members = await through(
        there,
        async () => await there.web.listPrivateMembers(there.id),
      );
      return members?.map((id) => placeId(there.slackTeamId, id));
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

export function peopleThrough(way: Way): PeopleCalls {
  const { to, home, first, speakToEach } = way;
  return {
    async authTest() {
      const there = await home();
      return await through(there, async () => await there.web.authTest());
    },

    async findUserByEmail(email) {
      let failure: AppError | undefined;
      for (const there of await speakToEach()) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- the first that knows the person is enough
          const user = await through(there, async () => await there.web.findUserByEmail(email));
          if (user !== undefined) {
            return { ...user, slackUserId: placeId(there.slackTeamId, user.slackUserId) };
          }
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          failure = error; // Another one may know the person.
        }
      }
      if (failure !== undefined) throw failure;
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

/** Forms and Homes. */
export function viewsThrough({
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
