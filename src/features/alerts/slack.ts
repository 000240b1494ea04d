/** Alerts in Slack: the buttons of their messages. Who may do what is decided by the flows. */
import type { ActionListener, SlackListeners } from "../../slack/listener.ts";
import { type ActDeps, actOnAlert } from "./flow/act.ts";
import { actAnswer, NO_EMAIL_ANSWER } from "./messages/answers.ts";
import { ACKNOWLEDGE_ACTION } from "./messages/thread.ts";

/** The button of messages that were posted before alerts had threads. */
const FORMER_ACKNOWLEDGE_ACTION = "budget_acknowledge";

export function alertListeners(deps: ActDeps): SlackListeners {
  return {
    actions: [
      acknowledgeListener(deps, ACKNOWLEDGE_ACTION),
      acknowledgeListener(deps, FORMER_ACKNOWLEDGE_ACTION),
    ],
  };
}

function acknowledgeListener(deps: ActDeps, actionId: string): ActionListener {
  return {
    actionId,
    run: async ({ actor, value, respond }) => {
      const { email, slackUserId } = actor;
      if (email === undefined) {
        await respond(NO_EMAIL_ANSWER);
        return;
      }
      const action = { kind: "acknowledge" } as const;
      const click = { threadId: value, actor: { email, slackUserId }, action };
      await respond(actAnswer(action, await actOnAlert(deps, click)));
    },
  };
}
