/** What whoever shares a report reads. Pure. */
import { escapeText, message, type SlackMessage, section } from "../../../slack/blocks.ts";

export function sharedMessage({ name }: { readonly name: string }): SlackMessage {
  const called = escapeText(name);
  return message(`The report of ${called} is on its way to this channel.`, [
    section(
      `The report of *${called}* is on its way to this channel. If it doesn't come, invite me to it.`,
    ),
  ]);
}

export function noChannelMessage(): SlackMessage {
  const text = "Nobody else reads here. Ask me in the channel that you want to show it to.";
  return message(text, [section(text)]);
}
