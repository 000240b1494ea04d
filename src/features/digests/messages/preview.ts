/** A digest that somebody asked for, and what became of posting one at once. Pure. */
import { weekdayText } from "../../../domain/date-text.ts";
import {
  actions,
  button,
  context,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { type DigestContent, digestBlocks, digestText } from "../messages.ts";
import type { Withheld } from "../rules/audience.ts";
import type { Digest } from "../rules.ts";
import { decisionButtons } from "./decisions.ts";
import { countText } from "./parts.ts";
import { channelText, EVERY_TEXT, withheldText } from "./wording.ts";

export const SEND_ACTION = "digest_send";

interface Preview {
  readonly content: DigestContent;
  readonly digests: readonly Digest[];
  readonly sendable: { readonly ref: string; readonly channel: string } | undefined;
}

/** Private: what readers would see, where it goes by itself, and a button that posts it now. */
export function previewMessage({ content, digests, sendable }: Preview): SlackMessage {
  const buttons = decisionButtons(content);
  const send =
    sendable === undefined
      ? []
      : [
          button({
            actionId: SEND_ACTION,
            text: "Post it now",
            value: sendable.ref,
            confirm: {
              title: "Post this digest?",
              text: `Everybody in ${channelText(sendable.channel)} will see it.`,
              yes: "Post it",
            },
          }),
        ];
  return message(digestText(content), [
    context(`Only you see this. ${scheduleText(digests, content)}`),
    ...digestBlocks(content),
    actions([...buttons, ...send]),
  ]);
}

function scheduleText(digests: readonly Digest[], { isOwn }: DigestContent): string {
  if (digests.length === 0) return "No schedule posts it.";
  const person = isOwn ? "to you" : "to that person";
  const [first, ...rest] = digests.map(({ destination, every, atLocalTime, zone, nextRunAt }) => {
    const where = "channel" in destination ? `to ${channelText(destination.channel)}` : person;
    return `${where} ${EVERY_TEXT[every]} at ${atLocalTime} (${zone}), next on ${weekdayText(nextRunAt, zone)}`;
  });
  const others =
    rest.length === 0 ? "" : `, and to ${countText(rest.length, "other place", "other places")}`;
  return `It goes ${first ?? ""}${others}.`;
}

type Outcome =
  | { readonly kind: "sent" | "already-told"; readonly name: string; readonly channel: string }
  | { readonly kind: "no-channel" | "may-not-send"; readonly name: string }
  | {
      readonly kind: "withheld";
      readonly name: string;
      readonly channel: string;
      readonly why: Withheld;
    }
  | { readonly kind: "own-only" };

export function sendAnswer(outcome: Outcome): SlackMessage {
  const text = outcomeText(outcome);
  return message(text, [section(text)]);
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "sent":
      return `The digest of ${escapeText(outcome.name)} is on its way to ${channelText(outcome.channel)}.`;
    case "already-told":
      return `${channelText(outcome.channel)} already has this digest of ${escapeText(outcome.name)}: nothing was posted again.`;
    case "no-channel":
      return `${escapeText(outcome.name)} has no channel. An admin can name one with \`/claude-spend setup\`: for its digest, or as the team's own.`;
    case "may-not-send":
      return `Only admins and the owners of a team post its digest. You may look at it: \`/claude-spend digest\`.`;
    case "withheld":
      return `Not posted to ${channelText(outcome.channel)}. ${withheldText(outcome.why, outcome.name)}`;
    case "own-only":
      return "A person's digest goes to that person alone. Choose yours in `/claude-spend settings`.";
  }
}
