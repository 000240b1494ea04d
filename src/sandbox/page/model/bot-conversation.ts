/** Finds the direct message with the bot, which the app's tabs and the side bar both lead to. */
import type { Conversation } from "../../slack/protocol.ts";
import type { PageState } from "./state.ts";

export function isBotConversation(conversation: Conversation, { workspace }: PageState): boolean {
  return conversation.kind === "dm" && conversation.name === workspace.bot.name;
}

/** Undefined before the side bar has arrived. */
export function botConversation(state: PageState): Conversation | undefined {
  return state.conversations?.find((conversation) => isBotConversation(conversation, state));
}
