/**
 * Runs the commands that buttons and lists carry (`suggestions.ts`), in place of their message. So
 * every click asks anew who may see what, and a value can do nothing that typing could not (ADR 0027).
 */
import type { ActionListener, SlackListeners } from "./listener.ts";
import { collectListeners, findSubcommand } from "./registry.ts";
import { ASK_AGAIN_IDS } from "./suggestions.ts";

/** What only shows something: nothing is changed or asked for by one careless click. */
const VERBS: ReadonlySet<string> = new Set(["", "top", "why", "forecast", "budget", "help"]);

/** Listens to every button and list that asks again, for the subcommands of `features`. */
export function askAgainListeners(features: readonly SlackListeners[]): SlackListeners {
  const { subcommands } = collectListeners(features);
  const run: ActionListener["run"] = async (click) => {
    const { actor, web, value, triggerId, channelId, respond, show = respond } = click;
    const found = findSubcommand(subcommands, value);
    if (found === undefined || !VERBS.has(found.subcommand.name) || /^set\b/i.test(found.text))
      return;
    await found.subcommand.run({
      actor,
      web,
      triggerId,
      text: found.text,
      respond: show,
      ...(channelId === undefined ? {} : { channelId }),
    });
  };
  return { actions: ASK_AGAIN_IDS.map((actionId) => ({ actionId, run })) };
}
