/** Digests in Slack: `/claude-spend digest`, posting one at once, and the buttons under a digest. */

import { typeForClick } from "../../slack/ask-again.ts";
import type { Directory } from "../../slack/directory.ts";
import type {
  ActionListener,
  SlackListeners,
  Subcommand,
  SubcommandContext,
} from "../../slack/listener.ts";
import { scopeRefusalMessage } from "../organization/index.ts";
import { unknownPersonMessage } from "../showback/index.ts";
import { type AskDeps, previewDigest, sendDigestNow } from "./flow/ask.ts";
import { type LookDeps, lookAtDifferences, lookAtRejected, lookAtRequests } from "./flow/look.ts";
import {
  DRIFT_ACTION,
  REJECTED_ACTION,
  REPORT_ACTION,
  REQUESTS_ACTION,
  UNALLOCATED_ACTION,
} from "./messages/decisions.ts";
import { previewMessage, SEND_ACTION, sendAnswer } from "./messages/preview.ts";
import { parseDigestCommand } from "./rules/command.ts";

interface DigestSlackDeps extends AskDeps, LookDeps {
  readonly directory: Pick<Directory, "resolveMentions">;
  /** What buttons say in other features' words: they answer whoever clicks as if they had typed it. */
  readonly commands: () => ReadonlyMap<string, Subcommand>;
}

export function digestListeners(deps: DigestSlackDeps): SlackListeners {
  const look = (actionId: string, answer: typeof lookAtRequests): ActionListener => ({
    actionId,
    run: async ({ actor, respond }) => {
      await respond(
        actor.email === undefined ? unknownPersonMessage() : await answer(deps, actor.email),
      );
    },
  });
  const type = (actionId: string): ActionListener => ({
    actionId,
    run: async ({ value, actor, web, triggerId, respond }) =>
      await typeForClick(deps.commands(), value, { actor, web, triggerId, respond }),
  });
  return {
    subcommands: [
      {
        name: "digest",
        usage: "digest [SCOPE] [day|week|month] · digest send [SCOPE] [day|week|month]",
        description: "Look at a digest; post it to its channel now",
        run: async (context) => await answerCommand(deps, context),
      },
    ],
    actions: [
      {
        actionId: SEND_ACTION,
        run: async (context) => await answerSend(deps, context, context.value),
      },
      look(REQUESTS_ACTION, lookAtRequests),
      look(REJECTED_ACTION, lookAtRejected),
      look(DRIFT_ACTION, lookAtDifferences),
      type(UNALLOCATED_ACTION),
      type(REPORT_ACTION),
    ],
  };
}

type Answering = Pick<SubcommandContext, "actor" | "respond">;

async function answerCommand(deps: DigestSlackDeps, context: SubcommandContext): Promise<void> {
  const { actor, respond } = context;
  const text = await deps.directory.resolveMentions(context.text);
  const { isSending } = parseDigestCommand(text);
  if (isSending && context.byClick !== true) {
    await answerSend(deps, context, text);
    return;
  }
  if (actor.email === undefined) {
    await respond(unknownPersonMessage());
    return;
  }
  const result = await previewDigest(deps, actor.email, text);
  await respond(
    result.kind === "preview" ? previewMessage(result) : scopeRefusalMessage(result, "digest"),
  );
}

async function answerSend(
  deps: DigestSlackDeps,
  { actor, respond }: Answering,
  text: string,
): Promise<void> {
  if (actor.email === undefined) {
    await respond(unknownPersonMessage());
    return;
  }
  const result = await sendDigestNow(deps, actor.email, text);
  const isRefused = result.kind === "unknown-scope" || result.kind === "not-allowed";
  await respond(isRefused ? scopeRefusalMessage(result, "digest") : sendAnswer(result));
}
