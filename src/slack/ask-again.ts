/**
 * Runs the commands that buttons and lists carry (`suggestions.ts`), in place of their message. So
 * every click asks anew who may see what, and a value can do nothing that typing could not (ADR 0027).
 */
import type { ActionListener, SlackListeners, SubcommandContext } from "./listener.ts";
import { collectListeners, findSubcommand, type Registry } from "./registry.ts";
import { ASK_AGAIN_IDS } from "./suggestions.ts";
import type { SlackWeb } from "./web.ts";

/** What only shows something, or opens a form: no click alone changes anything or asks for it. */
const VERBS: ReadonlySet<string> = new Set([
  "",
  "audit",
  "budget",
  "digest",
  "forecast",
  "help",
  "plan",
  "raise",
  "top",
  "unallocated",
  "why",
]);

/** Listens to every button and list that asks again, for the subcommands of `features`. */
export function askAgainListeners(features: readonly SlackListeners[]): SlackListeners {
  const { subcommands } = collectListeners(features);
  const run: ActionListener["run"] = async (click) => {
    const { actor, value, triggerId, viewId, channelId, respond, show = respond } = click;
    const where = channelId === undefined ? {} : { channelId };
    const web = viewId === undefined ? click.web : inModal(click.web, viewId);
    await typeForClick(subcommands, value, { actor, web, triggerId, respond: show, ...where });
  };
  return { actions: ASK_AGAIN_IDS.map((actionId) => ({ actionId, run })) };
}

/** What a button in a modal opens takes that modal's place. */
function inModal(web: SlackWeb, viewId: string): SlackWeb {
  return {
    ...web,
    openView: async (_triggerId, view) => {
      await web.updateView(viewId, view);
      return { viewId };
    },
  };
}

/**
 * Runs what a button says as if whoever clicked had typed it, where that only shows something. The
 * one way for every button that carries a command.
 */
export async function typeForClick(
  subcommands: Registry["subcommands"],
  typed: string,
  context: Omit<SubcommandContext, "text" | "byClick">,
): Promise<void> {
  const found = findSubcommand(subcommands, typed);
  if (found === undefined || !VERBS.has(found.subcommand.name)) return;
  await found.subcommand.run({ ...context, text: found.text, byClick: true });
}
