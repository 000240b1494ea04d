/** Generated pictures: initials for people, a chart for the bot, a mark for Slackbot. */
import type { VNode } from "preact";
import type { Person, SlackWorkspace } from "../../slack/protocol.ts";
import { ChartIcon } from "./icons.tsx";

interface AvatarProps {
  readonly person: Person;
  readonly size?: "small" | "large";
}

export function Avatar({ person, size }: AvatarProps): VNode {
  return (
    <span class={sizeClass(size)} style={{ background: person.color }} aria-hidden="true">
      {initials(person.name)}
    </span>
  );
}

export function BotAvatar({
  bot,
  size,
}: {
  readonly bot: SlackWorkspace["bot"];
  readonly size?: AvatarProps["size"];
}): VNode {
  const pixels = size === "small" ? 13 : size === "large" ? 40 : 24;
  return (
    <span class={sizeClass(size)} style={{ background: bot.color }} aria-hidden="true">
      <ChartIcon size={pixels} />
    </span>
  );
}

export function SlackbotAvatar(): VNode {
  return (
    <span class="avatar avatar-slackbot" aria-hidden="true">
      ♥
    </span>
  );
}

function sizeClass(size: AvatarProps["size"]): string {
  return size === undefined ? "avatar" : `avatar avatar-${size}`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  return words
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
}
