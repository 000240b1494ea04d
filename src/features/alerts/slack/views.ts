/** The forms of alerts, submitted: parse, act, and tell the person what Slack has no place for. */
import { v7 as uuid } from "uuid";
import { AppError } from "../../../domain/errors.ts";
import { formatScope } from "../../../domain/scope.ts";
import { instant, localDate } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { SlackActor, ViewListener } from "../../../slack/listener.ts";
import { scopeRefusalMessage } from "../../organization/index.ts";
import { type AlertAction, actOnAlert } from "../flow/act.ts";
import { threadScope } from "../flow/look.ts";
import { type PlanResult, planEvent } from "../flow/plan-event.ts";
import { loadPreferences } from "../flow/preferences.ts";
import { tellPerson } from "../flow/tell-person.ts";
import { actAnswer, NO_EMAIL_ANSWER, planAnswer } from "../messages/answers.ts";
import { ASSIGN_VIEW, FEEDBACK_VIEW, PLAN_VIEW, SNOOZE_VIEW } from "../messages/modals.ts";
import { assignedMessage } from "../messages/thread.ts";
import { feedbackProblems, planFrom, planProblems } from "../rules/forms.ts";
import { planDetails } from "../rules/plan-words.ts";
import { type Actor, FEEDBACKS, SNOOZES } from "../rules.ts";
import type { AlertSlackDeps } from "./deps.ts";

export function alertViews(deps: AlertSlackDeps): readonly ViewListener[] {
  return [snoozeView(deps), assignView(deps), feedbackView(deps), planView(deps)];
}

function snoozeView(deps: AlertSlackDeps): ViewListener {
  return {
    callbackId: SNOOZE_VIEW,
    validate: () => ({}),
    run: async ({ actor, values, privateMetadata: threadId }) => {
      const how = SNOOZES.find((one) => one === values["how"]);
      if (how !== undefined) await act(deps, { threadId, actor, action: { kind: "snooze", how } });
    },
  };
}

function assignView(deps: AlertSlackDeps): ViewListener {
  return {
    callbackId: ASSIGN_VIEW,
    validate: ({ person }) => (person === undefined ? { person: "Choose somebody." } : {}),
    run: async ({ actor, values, privateMetadata: threadId }) => {
      const { slackUserId, email } = await deps.directory.loadSlackUser(values["person"] ?? "");
      if (email === undefined) {
        throw new AppError({
          code: "forbidden",
          message:
            "Slack doesn't tell me that person's e-mail address, so I can't know who they are.",
        });
      }
      const action = { kind: "assign", to: { slackUserId, email } } as const;
      const isDone = await act(deps, { threadId, actor, action });
      if (!isDone || actor.email === email) return;
      const told = await threadScope(deps.database, threadId);
      if (told === undefined) return;
      await tellPerson(deps, {
        person: email,
        key: `alert-assigned:${told.threadId}:${email}:${String(told.revision)}`,
        message: assignedMessage({ by: actor.slackUserId, happened: told.happened, threadId }),
      });
    },
  };
}

function feedbackView(deps: AlertSlackDeps): ViewListener {
  return {
    callbackId: FEEDBACK_VIEW,
    validate: (values, now) => feedbackProblems(values, instant(now)),
    run: async ({ actor, values, privateMetadata: threadId }) => {
      const what = FEEDBACKS.find((one) => one === values["what"]);
      if (what === undefined) return;
      const isDone = await act(deps, { threadId, actor, action: { kind: "feedback", what } });
      const form = what === "planned" && isDone ? planFrom(values) : undefined;
      const told = form === undefined ? undefined : await threadScope(deps.database, threadId);
      if (form === undefined || told === undefined) return;
      const { email: planner } = known(actor);
      const { defaultZone } = await loadPreferences(deps.database, planner);
      const { until, expected } = form;
      const name = form.name === "" ? "planned work" : form.name;
      const from = localDate(deps.clock(), defaultZone);
      const scope = formatScope(told.scope);
      const request = { planner, scope, name, from, until, expected };
      const { amount } = values;
      const details = planDetails({ scopeText: scope, name, from, until, amount });
      const result = await planEvent(deps, request);
      await tell(deps, actor, planMessage(result, { scope, details }));
    },
  };
}

function planView(deps: AlertSlackDeps): ViewListener {
  return {
    callbackId: PLAN_VIEW,
    validate: (values, now) => planProblems(values, instant(now)),
    run: async ({ actor, values }) => {
      const form = planFrom(values);
      if (form?.from === undefined) return; // `validate` said so in the form.
      const { from, until, name, expected } = form;
      const { email: planner } = known(actor);
      const scope = values["scope"] ?? "";
      const result = await planEvent(deps, { planner, scope, name, from, until, expected });
      const { amount } = values;
      const details = planDetails({ scopeText: scope, name, from, until, amount });
      await tell(deps, actor, planMessage(result, { scope, details }));
    },
  };
}

/** With buttons that open the form again, everything that was typed in it. */
export function planMessage(
  result: PlanResult,
  asked: { readonly scope: string; readonly details: string },
): SlackMessage {
  return result.kind === "unknown-scope" || result.kind === "not-allowed"
    ? scopeRefusalMessage({ ...result, period: asked.details }, "plan")
    : planAnswer(result, asked);
}

/** Whether it was done; the person hears of anything else, the message itself shows the rest. */
async function act(
  deps: AlertSlackDeps,
  did: { readonly threadId: string; readonly actor: SlackActor; readonly action: AlertAction },
): Promise<boolean> {
  const { threadId, action } = did;
  const result = await actOnAlert(deps, { threadId, actor: known(did.actor), action });
  if (result.kind === "done") return true;
  await tell(deps, did.actor, actAnswer(action, result));
  return false;
}

async function tell(deps: AlertSlackDeps, actor: SlackActor, message: SlackMessage): Promise<void> {
  const { email: person } = known(actor);
  await tellPerson(deps, { person, key: `alert-answer:${uuid()}`, message });
}

function known({ email, slackUserId }: SlackActor): Actor {
  if (email === undefined) {
    throw new AppError({ code: "forbidden", message: NO_EMAIL_ANSWER.text });
  }
  return { email, slackUserId };
}
