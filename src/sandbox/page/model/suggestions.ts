/**
 * What the composer offers while someone types: commands after a slash at the very beginning, people
 * after `@`, public channels after `#`. Pure.
 */
import type { SlackWorkspace } from "../../slack/protocol.ts";

export interface Suggestion {
  readonly label: string;
  readonly hint: string;
  readonly description: string;
  /** What the text becomes. */
  readonly text: string;
}

export interface Suggestions {
  readonly title: string;
  readonly items: readonly Suggestion[];
  /** Nothing to choose any more: the line tells how the command goes on. */
  readonly isReminder: boolean;
}

const NONE: Suggestions = { title: "", items: [], isReminder: false };
const ITEMS_MAX = 8;

export function suggestionsFor(text: string, workspace: SlackWorkspace): Suggestions {
  if (text.startsWith("/")) return commandSuggestions(text, workspace);
  const mention = /(^|\s)([@#])([\p{L}\p{N}._-]*)$/u.exec(text);
  if (mention === null) return NONE;
  const [, , sign = "", typed = ""] = mention;
  const head = text.slice(0, text.length - typed.length);
  const items = sign === "@" ? peopleItems(workspace) : channelItems(workspace);
  const fitting = items.filter(({ label, description }) =>
    [label.slice(1), ...description.split(" ")].some((word) =>
      word.toLowerCase().startsWith(typed.toLowerCase()),
    ),
  );
  const title = sign === "@" ? "People" : "Channels";
  const completed = fitting
    .slice(0, ITEMS_MAX)
    .map((item) => ({ ...item, text: `${head}${item.text} ` }));
  return { title, items: completed, isReminder: false };
}

function commandSuggestions(text: string, { commands, bot }: SlackWorkspace): Suggestions {
  const space = text.search(/\s/);
  const name = space < 0 ? text : text.slice(0, space);
  const items = commands
    .filter(({ command }) => (space < 0 ? command.startsWith(name) : command === name))
    .slice(0, ITEMS_MAX)
    .map(({ command, usageHint, description }) => ({
      label: command,
      hint: usageHint,
      description,
      text: `${command} `,
    }));
  return { title: bot.name, items, isReminder: space >= 0 };
}

function peopleItems({ people, usergroups, bot }: SlackWorkspace): readonly Suggestion[] {
  return [
    ...people.map(({ handle, name }) => mentionOf(`@${handle}`, name)),
    ...usergroups.map(({ handle, name }) => mentionOf(`@${handle}`, name)),
    mentionOf(`@${bot.name}`, "App"),
  ];
}

function channelItems({ channels }: SlackWorkspace): readonly Suggestion[] {
  return channels
    .filter(({ isArchived, isPrivate }) => !isArchived && !isPrivate)
    .map(({ name, purpose }) => mentionOf(`#${name}`, purpose));
}

function mentionOf(label: string, description: string): Suggestion {
  return { label, hint: "", description, text: label.slice(1) };
}
