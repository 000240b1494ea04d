/** Showback in Slack: `/claude-spend`, `/claude-spend SCOPE [PERIOD]`, `top`, and sharing a report. */
import type { Email } from "../../domain/email.ts";
import type { SlackMessage } from "../../slack/blocks.ts";
import type { ActionListener, SlackListeners, SubcommandContext } from "../../slack/listener.ts";
import { scopeRefusalMessage } from "../organization/index.ts";
import { loadOwnSpend } from "./flow/own-spend.ts";
import { loadReport, type ReportDeps } from "./flow/report.ts";
import { shareReport } from "./flow/share.ts";
import { loadTop } from "./flow/top.ts";
import { SHARE_ACTION } from "./messages/controls.ts";
import { ownSpendMessage } from "./messages/own-spend.ts";
import { reportMessage } from "./messages/report.ts";
import { noChannelMessage, sharedMessage } from "./messages/share.ts";
import { topMessage } from "./messages/top.ts";
import { peopleArePrivateMessage, unknownPersonMessage } from "./messages.ts";

type Deps = ReportDeps & {
  /** Turns `<@U1|bo>` into the person's address. */
  readonly directory: { readonly resolveMentions: (text: string) => Promise<string> };
};

export function showbackListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "",
        usage: "[SCOPE] [PERIOD] [by model|project|person] [exact]",
        description: "What you, a team, a project or a person spent",
        run: async (context) => {
          await answer(deps, context, async (asked) =>
            context.text === ""
              ? ownSpendMessage(await loadOwnSpend(deps, asked.asker))
              : await answerReport(deps, asked),
          );
        },
      },
      {
        name: "top",
        usage: "top [users|projects|models|keys] [SCOPE] [PERIOD]",
        description: "Who and what drives the cost",
        run: async (context) => {
          await answer(deps, context, async (asked) => await answerTop(deps, asked));
        },
      },
    ],
    actions: [shareListener(deps)],
  };
}

interface Asked {
  readonly asker: Email;
  readonly text: string;
}

async function answer(
  { directory }: Deps,
  { actor, text, respond }: SubcommandContext,
  answerTo: (asked: Asked) => Promise<SlackMessage>,
): Promise<void> {
  if (actor.email === undefined) {
    await respond(unknownPersonMessage());
    return;
  }
  await respond(
    await answerTo({ asker: actor.email, text: await directory.resolveMentions(text) }),
  );
}

async function answerReport(deps: Deps, asked: Asked): Promise<SlackMessage> {
  const result = await loadReport(deps, asked);
  switch (result.kind) {
    case "report":
      return reportMessage(result.report);
    case "people-are-private":
      return peopleArePrivateMessage(result);
    case "unknown-scope":
    case "not-allowed":
      return scopeRefusalMessage(result);
  }
}

async function answerTop(deps: Deps, asked: Asked): Promise<SlackMessage> {
  const result = await loadTop(deps, asked);
  switch (result.kind) {
    case "top":
      return topMessage(result.top);
    case "people-are-private":
      return peopleArePrivateMessage(result);
    case "unknown-scope":
    case "not-allowed":
      return scopeRefusalMessage(result, "top");
  }
}

/** The value is what was asked: it is asked again, by whoever clicks. */
function shareListener(deps: Deps): ActionListener {
  return {
    actionId: SHARE_ACTION,
    run: async ({ actor, value, channelId, triggerId, respond }) => {
      if (actor.email === undefined) {
        await respond(unknownPersonMessage());
        return;
      }
      const result = await shareReport(deps, {
        asker: actor.email,
        slackUserId: actor.slackUserId,
        text: value,
        channelId,
        clickId: triggerId,
      });
      switch (result.kind) {
        case "shared":
          await respond(sharedMessage(result));
          return;
        case "personal":
          await respond(peopleArePrivateMessage(result));
          return;
        case "no-channel":
          await respond(noChannelMessage());
          return;
        case "unknown-scope":
        case "not-allowed":
          await respond(scopeRefusalMessage(result));
      }
    },
  };
}
