/** Showback in Slack: `/claude-spend`, `/claude-spend SCOPE [PERIOD]` and `top`. */
import type { SlackListeners } from "../../slack/listener.ts";
import { loadTop } from "./flow/top.ts";
import { loadOwnSpend, loadReport } from "./flow.ts";
import { topMessage } from "./messages/top.ts";
import {
  ownSpendMessage,
  reportMessage,
  reportRefusalMessage,
  unknownPersonMessage,
} from "./messages.ts";

type Deps = Parameters<typeof loadReport>[0] & {
  /** Turns `<@U1|bo>` into the person's address. */
  readonly directory: { readonly resolveMentions: (text: string) => Promise<string> };
};

export function showbackListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "",
        usage: "[SCOPE] [today|7d|30d|mtd|last-month|2026-10]",
        description: "What you, a team, a project or a person spent",
        run: async ({ actor, text, respond }) => {
          if (actor.email === undefined) {
            await respond(unknownPersonMessage());
            return;
          }
          if (text === "") {
            await respond(ownSpendMessage(await loadOwnSpend(deps, actor.email)));
            return;
          }
          const result = await loadReport(deps, {
            asker: actor.email,
            text: await deps.directory.resolveMentions(text),
          });
          await respond(
            result.kind === "report" ? reportMessage(result.report) : reportRefusalMessage(result),
          );
        },
      },
      {
        name: "top",
        usage: "top [users|projects|models|keys] [SCOPE] [PERIOD]",
        description: "Who and what drives the cost",
        run: async ({ actor, text, respond }) => {
          if (actor.email === undefined) {
            await respond(unknownPersonMessage());
            return;
          }
          const result = await loadTop(deps, {
            asker: actor.email,
            text: await deps.directory.resolveMentions(text),
          });
          await respond(topMessage(result));
        },
      },
    ],
  };
}
