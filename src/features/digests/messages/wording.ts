/** Words that several messages about digests share. Pure. */
import { escapeText } from "../../../slack/blocks.ts";
import type { Withheld } from "../rules/audience.ts";
import type { DigestInterval } from "../rules.ts";

export const EVERY_TEXT: Readonly<Record<DigestInterval, string>> = {
  day: "daily",
  week: "weekly",
  month: "monthly",
};

/** A channel's id becomes a link to it; a name is shown as it is. */
export function channelText(channel: string): string {
  return /^[CG][A-Z0-9]+$/.test(channel) ? `<#${channel}>` : escapeText(channel);
}

/** Who may not know what, and what to do about it. */
export function withheldText({ members, outsiders }: Withheld, name: string): string {
  const who =
    outsiders === 1
      ? `One of the ${String(members)} people in this private channel`
      : `${String(outsiders)} of the ${String(members)} people in this private channel`;
  return `${who} may not see what ${escapeText(name)} spends. Choose another channel under \`digests\`, make it the team's own \`channel\`, or change who is in it.`;
}
