/**
 * Alerts in Slack: the buttons of their messages; the forms behind them are views.ts. Who may do what is decided by the flows; a button only says which thread it is about.
 */
import type { SlackMessage } from "../../../slack/blocks.ts";
import { type ActionListener, type SlackListeners } from "../../../slack/listener.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import { actOnAlert } from "../flow/act.ts";
import { showAlert, whyAlert } from "../flow/look.ts";
import { actAnswer, lookRefusal, NO_EMAIL_ANSWER } from "../messages/answers.ts";
import { explanationMessage } from "../messages/explanation.ts";
import { assignModal, feedbackModal, planModal, snoozeModal } from "../messages/modals.ts";
import {
  ACKNOWLEDGE_ACTION,
  ASSIGN_ACTION,
  FEEDBACK_ACTION,
  SHOW_ALERT_ACTION,
  SNOOZE_ACTION,
  WHY_ACTION,
} from "../messages/thread.ts";
import type { Actor } from "../rules.ts";
import type { AlertSlackDeps } from "./deps.ts";
import { alertViews } from "./views.ts";

/** The button of messages that were posted before alerts had threads. */
const FORMER_ACKNOWLEDGE_ACTION = "budget_acknowledge";

export function alertListeners(deps: AlertSlackDeps): SlackListeners {
  return {
    subcommands: [
      {
        name: "plan",
        usage: "plan [SCOPE]",
        description: "Announce a launch or a load test, so that its cost is no alarm",
        run: async ({ web, triggerId, text }) => {
          const scope = await deps.directory.resolveMentions(text);
          await web.openView(triggerId, planModal({ scope }));
        },
      },
    ],
    actions: [
      acknowledgeListener(deps, ACKNOWLEDGE_ACTION),
      acknowledgeListener(deps, FORMER_ACKNOWLEDGE_ACTION),
      privateAnswer(WHY_ACTION, async (threadId, { email }) => {
        const result = await whyAlert(deps, { threadId, email });
        return result.kind === "explained"
          ? explanationMessage(result.explanation)
          : lookRefusal(result);
      }),
      privateAnswer(SHOW_ALERT_ACTION, async (threadId, { email }) => {
        const result = await showAlert(deps, { threadId, email });
        return result.kind === "shown" ? result.message : lookRefusal(result);
      }),
      formListener(SNOOZE_ACTION, snoozeModal),
      formListener(ASSIGN_ACTION, assignModal),
      formListener(FEEDBACK_ACTION, feedbackModal),
    ],
    views: alertViews(deps),
  };
}

function acknowledgeListener(deps: AlertSlackDeps, actionId: string): ActionListener {
  return privateAnswer(actionId, async (threadId, actor) => {
    const action = { kind: "acknowledge" } as const;
    return actAnswer(action, await actOnAlert(deps, { threadId, actor, action }));
  });
}

/** Answers the person who clicked, and nobody else. */
function privateAnswer(
  actionId: string,
  answerOf: (threadId: string, actor: Actor) => Promise<SlackMessage>,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, value, respond }) => {
      const { email, slackUserId } = actor;
      await respond(
        email === undefined ? NO_EMAIL_ANSWER : await answerOf(value, { email, slackUserId }),
      );
    },
  };
}

/** A form needs nothing from the database, so it opens at once; what it asks is checked afterwards. */
function formListener(
  actionId: string,
  form: (threadId: string) => Parameters<SlackWeb["openView"]>[1],
): ActionListener {
  return {
    actionId,
    run: async ({ web, triggerId, value }) => {
      await web.openView(triggerId, form(value));
    },
  };
}
