/** Insights in Slack: `/claude-spend why SCOPE [PERIOD]` and `ask QUESTION`. */
import type { Respond, SlackActor, SlackListeners } from "../../slack/listener.ts";
import { scopeRefusalMessage } from "../organization/index.ts";
import { unknownPersonMessage } from "../showback/index.ts";
import { type AskDeps, answerQuestion } from "./flow/ask.ts";
import { loadWhy } from "./flow/explain.ts";
import { answerMessage } from "./messages/answer.ts";
import { whyMessage } from "./messages/why.ts";

type Deps = AskDeps & {
  /** Turns `<@U1|bo>` into the person's address. */
  readonly directory: { readonly resolveMentions: (text: string) => Promise<string> };
};

interface Typed {
  readonly actor: SlackActor;
  readonly text: string;
  readonly respond: Respond;
}

export function insightListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "why",
        usage: "why [SCOPE] [PERIOD]",
        description: "What changed against the time before, and what makes up the change",
        run: async (typed) => {
          await answerWhy(deps, typed);
        },
      },
      {
        name: "ask",
        usage: "ask QUESTION",
        description: "A question in plain words: “what did search spend on opus last month?”",
        run: async (typed) => {
          await answerAsk(deps, typed);
        },
      },
    ],
  };
}

async function answerWhy(deps: Deps, { actor, text, respond }: Typed): Promise<void> {
  if (actor.email === undefined) {
    await respond(unknownPersonMessage());
    return;
  }
  const typed = await deps.directory.resolveMentions(text);
  const why = await loadWhy(deps, { asker: actor.email, text: typed });
  await respond(why.kind === "why" ? whyMessage(why) : scopeRefusalMessage(why, "why"));
}

async function answerAsk(deps: Deps, { actor, text, respond }: Typed): Promise<void> {
  if (actor.email === undefined) {
    await respond(unknownPersonMessage());
    return;
  }
  const typed = await deps.directory.resolveMentions(text);
  const answer = await answerQuestion(deps, { asker: actor.email, text: typed });
  await respond(
    answer.kind === "refused" ? scopeRefusalMessage(answer.refusal) : answerMessage(answer),
  );
}
