/** What whoever runs the organization is told when a channel was not. Pure. */
import { escapeText, message, type SlackMessage, section } from "../../../slack/blocks.ts";
import type { Withheld } from "../rules/audience.ts";
import type { DigestInterval } from "../rules.ts";
import { channelText, EVERY_TEXT, withheldText } from "./wording.ts";

export function withheldMessage({
  name,
  channel,
  every,
  why,
}: {
  readonly name: string;
  readonly channel: string;
  readonly every: DigestInterval;
  readonly why: Withheld;
}): SlackMessage {
  const text = `The ${EVERY_TEXT[every]} digest of ${escapeText(name)} was not posted to ${channelText(channel)}.`;
  return message(text, [section(`:lock: *${text}*\n${withheldText(why, name)}`)]);
}
