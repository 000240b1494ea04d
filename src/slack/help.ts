/** `/claude-spend help`: every subcommand that there is, with examples of one's own to click. */
import type { Email } from "../domain/email.ts";
import {
  commandText,
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
} from "./blocks.ts";
import type { SlackListeners, Subcommand } from "./listener.ts";
import { COMMAND } from "./registry.ts";
import { askAgain, type Suggestion } from "./suggestions.ts";

/** What this person could ask of their own teams and budgets. */
export type ExamplesOf = (email: Email) => Promise<readonly Suggestion[]>;

/** A section holds 3,000 characters. */
const LINES_A_SECTION = 8;

export function helpListeners(
  features: readonly SlackListeners[],
  examplesOf: ExamplesOf,
): SlackListeners {
  const help: Subcommand = {
    name: "help",
    usage: "help",
    description: "This list",
    run: async ({ actor, respond }) => {
      const examples = actor.email === undefined ? [] : await examplesOf(actor.email);
      await respond(helpMessage([...subcommands, help], examples));
    },
  };
  const subcommands = features.flatMap((feature) => feature.subcommands ?? []);
  return { subcommands: [help] };
}

/** Examples first: they are what people look for. A line for each command, for phones. */
export function helpMessage(
  subcommands: readonly Pick<Subcommand, "usage" | "description">[],
  examples: readonly Suggestion[],
): SlackMessage {
  const lines = subcommands.map(
    ({ usage, description }) =>
      `${commandText(usage === "" ? COMMAND : usage)} ${escapeText(description)}`,
  );
  const typed = examples.map(({ command }) => commandText(`${COMMAND} ${command}`));
  return message("What I understand, with examples.", [
    header("What I understand"),
    ...(typed.length === 0 ? [] : [section(`*Try*\n${typed.join("\n")}`)]),
    ...inSections([`Type \`${COMMAND}\` and`, ...lines]).map((some) => section(some.join("\n"))),
    context(
      "A scope is `me`, `org`, a team (`search`), `project:checkout`, `model:claude-opus-5-5`, a #channel's team or a @person. A time is `today`, `7d`, `last month`, `since monday`, `october` or `from nov 3 to nov 9`. Words come in any order; answers are visible only to you.",
    ),
    ...askAgain(examples),
  ]);
}

function inSections(lines: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(lines.length / LINES_A_SECTION) }, (_, index) =>
    lines.slice(index * LINES_A_SECTION, (index + 1) * LINES_A_SECTION),
  );
}
