/** Slack as far as listeners reach it: keeps the views that it is given and refuses the rest. */
import type { HomeView, Modal } from "../../src/slack/blocks.ts";
import type { SlackWeb } from "../../src/slack/web.ts";

export function recordingWeb(): {
  readonly web: SlackWeb;
  readonly modals: readonly Modal[];
  readonly homes: readonly { readonly slackUserId: string; readonly view: HomeView }[];
} {
  const modals: Modal[] = [];
  const homes: { readonly slackUserId: string; readonly view: HomeView }[] = [];
  const keep = async (view: Modal): Promise<{ viewId: string }> => {
    modals.push(view);
    return await Promise.resolve({ viewId: "V1" });
  };
  const web: SlackWeb = {
    authTest: refuse,
    postMessage: refuse,
    updateMessage: refuse,
    findMessage: refuse,
    openDirectMessage: refuse,
    findUserByEmail: refuse,
    loadUser: refuse,
    listUserGroupMembers: refuse,
    listUserGroups: refuse,
    listChannels: refuse,
    listPrivateMembers: refuse,
    openView: async (_triggerId, view) => await keep(view),
    updateView: async (_viewId, view) => {
      await keep(view);
    },
    publishHome: async (slackUserId, view) => {
      homes.push({ slackUserId, view });
      return await Promise.resolve({ hash: undefined });
    },
  };
  return { web, modals, homes };
}

async function refuse(): Promise<never> {
  return await Promise.reject(new Error("listeners call nothing else of Slack"));
}
