/** `/claude-spend help`: every subcommand that there is, from the same list that dispatches them. */
import { context, escapeText, header, message, type SlackMessage, section } from "./blocks.ts";
import type { SlackListeners, Subcommand } from "./listener.ts";
import { COMMAND } from "./registry.ts";

export function helpListeners(features: readonly SlackListeners[]): SlackListeners {
  const help: Subcommand = {
    name: "help",
    usage: "help",
    description: "This list",
    run: async ({ respond }) => {
      await respond(helpMessage([...subcommands, help]));
    },
  };
  const subcommands = features.flatMap((feature) => feature.subcommands ?? []);
  return { subcommands: [help] };
}

function helpMessage(subcommands: readonly Subcommand[]): SlackMessage {
  const lines = subcommands.map(({ usage, description }) => {
    const typed = `${COMMAND} ${usage}`.trim();
    return `\`${escapeText(typed)}\`\n${escapeText(description)}`;
  });
  return message("What I understand, with examples.", [
    header("What I understand"),
    section(lines.join("\n\n")),
    context(
      "A scope is `me`, `org`, a team (`search`), `project:checkout`, `model:claude-opus-5-5` or a @person. Answers are visible only to you.",
    ),
  ]);
}
