/** The listeners of all features, by the name under which Slack calls them. */
import { assert } from "../domain/assert.ts";
import type {
  ActionListener,
  HomeListener,
  ShortcutListener,
  SlackListeners,
  Subcommand,
  ViewListener,
} from "./listener.ts";

/** The only slash command; what follows it chooses among the subcommands. */
export const COMMAND = "/claude-spend";

export interface Registry {
  /** By first word in lower case; the empty one runs when no other matches. */
  readonly subcommands: ReadonlyMap<string, Subcommand>;
  readonly actions: ReadonlyMap<string, ActionListener>;
  readonly views: ReadonlyMap<string, ViewListener>;
  readonly shortcuts: ReadonlyMap<string, ShortcutListener>;
  readonly home: HomeListener | undefined;
}

/** Refuses two listeners for the same thing: Bolt would run both and acknowledge twice. */
export function collectListeners(listeners: readonly SlackListeners[]): Registry {
  const homes = listeners.flatMap(({ home }) => (home === undefined ? [] : [home]));
  assert(homes.length <= 1, "one feature shows the App Home");
  return {
    subcommands: byName(
      "subcommand",
      listeners.flatMap(({ subcommands = [] }) => subcommands),
      ({ name }) => name.toLowerCase(),
    ),
    actions: byName(
      "action",
      listeners.flatMap(({ actions = [] }) => actions),
      ({ actionId }) => actionId,
    ),
    views: byName(
      "view",
      listeners.flatMap(({ views = [] }) => views),
      ({ callbackId }) => callbackId,
    ),
    shortcuts: byName(
      "shortcut",
      listeners.flatMap(({ shortcuts = [] }) => shortcuts),
      ({ callbackId }) => callbackId,
    ),
    home: homes[0],
  };
}

function byName<T>(
  what: string,
  items: readonly T[],
  nameOf: (item: T) => string,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    assert(!found.has(name), `one listener for ${what} "${name}"`);
    found.set(name, item);
  }
  return found;
}

/** The subcommand that the text names, and the text for it; undefined when nothing takes it. */
export function findSubcommand(
  subcommands: Registry["subcommands"],
  typed: string,
): { readonly subcommand: Subcommand; readonly text: string } | undefined {
  const text = typed.trim();
  const [firstWord = ""] = text.split(/\s/, 1);
  const named = subcommands.get(firstWord.toLowerCase());
  if (named !== undefined && firstWord !== "") {
    return { subcommand: named, text: text.slice(firstWord.length).trim() };
  }
  const fallback = subcommands.get("");
  return fallback === undefined ? undefined : { subcommand: fallback, text };
}
