/**
 * Buttons and lists that type a command for somebody: their value is the text of a command, which a
 * click runs as if it had been typed (`ask-again.ts`). Pure.
 */
import {
  actions,
  type Block,
  button,
  type Menu,
  menu,
  OPTION_VALUE_CHARS_MAX,
  option,
} from "./blocks.ts";

/** Slack wants the ids of the elements of one block to differ. */
const BUTTONS_MAX = 5;
const BUTTON_IDS = Array.from(
  { length: BUTTONS_MAX },
  (_, index) => `ask_again_${String(index + 1)}`,
);
const MENU_IDS = { drill: "ask_again_drill", period: "ask_again_period" } as const;
/** Of every button and list that asks again. */
export const ASK_AGAIN_IDS: readonly string[] = [...BUTTON_IDS, ...Object.values(MENU_IDS)];

/** A longer command fits into no button. */
const COMMAND_CHARS_MAX = 2_000;

export interface Suggestion {
  /** What the button or the entry says. */
  readonly text: string;
  /** What follows /claude-spend. */
  readonly command: string;
}

/** A row of at most five buttons; nothing where there is nothing to suggest. */
export function askAgain(suggestions: readonly Suggestion[]): readonly Block[] {
  const buttons = suggestions
    .filter(({ command }) => command !== "" && command.length <= COMMAND_CHARS_MAX)
    .flatMap(({ text, command }, index) => {
      const actionId = BUTTON_IDS[index];
      return actionId === undefined ? [] : [button({ actionId, text, value: command })];
    });
  return buttons.length === 0 ? [] : [actions(buttons)];
}

/**
 * A list of commands to choose from. Those that are too long for an entry are left out, and of two
 * equal ones the second; none when nothing is left.
 */
export function askAgainMenu(
  kind: keyof typeof MENU_IDS,
  placeholder: string,
  suggestions: readonly Suggestion[],
): readonly Menu[] {
  const commands = new Set<string>();
  const options = suggestions.flatMap(({ text, command }) => {
    if (command === "" || command.length > OPTION_VALUE_CHARS_MAX || commands.has(command))
      return [];
    commands.add(command);
    return [option(text, command)];
  });
  return options.length === 0 ? [] : [menu(MENU_IDS[kind], placeholder, options)];
}
