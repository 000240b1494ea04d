/**
 * Alerts in Slack: the buttons of their messages; the forms behind them are views.ts. Who may do what is decided by the flows; a button only says which thread it is about.
 */
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { ActionListener, SlackListeners, SubcommandContext } from "../../../slack/listener.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import { actOnAlert } from "../flow/act.ts";
import { showAlert, whyAlert } from "../flow/look.ts";
import { readPlanFor } from "../flow/plan-event.ts";
import { actAnswer, lookRefusal, NO_EMAIL_ANSWER } from "../messages/answers.ts";
import { explanationMessage } from "../messages/explanation.ts";
import {
  assignModal,
  feedbackModal,
  planModal,
  planRefusedModal,
  snoozeModal,
} from "../messages/modals.ts";
import {
  ACKNOWLEDGE_ACTION,
  ASSIGN_ACTION,
  FEEDBACK_ACTION,
  SHOW_ALERT_ACTION,
  SNOOZE_ACTION,
  WHY_ACTION,
} from "../messages/thread.ts";
import { planDetails, readPlan } from "../rules/plan-words.ts";
import type { Actor } from "../rules.ts";
import type { AlertSlackDeps } from "./deps.ts";
import { alertViews, planMessage } from "./views.ts";

/** The button of messages that were posted before alerts had threads. */
const FORMER_ACKNOWLEDGE_ACTION = "budget_acknowledge";

export function alertListeners(deps: AlertSlackDeps): SlackListeners {
  return {
    subcommands: [
      {
        name: "plan",
        usage: "plan [SCOPE] [from DATE until DATE] [up to AMOUNT] [for WHAT]",
        description: "Announce a launch or a load test, so that its cost is no alarm",
        run: async (context) => {
          await openPlan(deps, context);
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

/** The form opens at once; of what nobody can plan for it says so in its place, and what may be meant. */
async function openPlan(
  deps: AlertSlackDeps,
  { actor, web, triggerId, text }: SubcommandContext,
): Promise<void> {
  const { email } = actor;
  if (email === undefined) {
    await web.openView(triggerId, planRefusedModal(NO_EMAIL_ANSWER));
    return;
  }
  const readings = readPlan(await deps.directory.resolveMentions(text));
  const shown = readings.at(-1) ?? readings[0];
  const { viewId } = await web.openView(triggerId, planModal(shown));
  if (shown.scopeText === "") return;
  const { refusal, words } = await readPlanFor(deps, email, readings);
  if (refusal !== undefined) {
    const asked = { scope: words.scopeText, details: planDetails(words) };
    await web.updateView(viewId, planRefusedModal(planMessage(refusal, asked)));
  } else if (words !== shown) {
    await web.updateView(viewId, planModal(words));
  }
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
