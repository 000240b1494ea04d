/**
 * The forms behind the buttons of an approval: another amount or time, a question, an answer, a
 * denial, an early end. Whoever could not send a form reads why instead of it.
 */
import { randomUUID } from "node:crypto";
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, parseAmount } from "../../../domain/money-text.ts";
import type { Modal, SlackMessage } from "../../../slack/blocks.ts";
import {
  type ActionListener,
  type ActionSurface,
  openModal,
  type SlackActor,
  type ViewListener,
  type ViewValues,
} from "../../../slack/listener.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import { answerQuestion } from "../flow/answer-question.ts";
import {
  approve,
  askQuestion,
  type Click,
  type ClickOutcome,
  type DecisionDeps,
  deny,
  previewDecision,
  revoke,
} from "../flow/decide-approval.ts";
import {
  ANSWERED_ANSWER,
  answerRefusalAnswer,
  decisionAnswer,
  NO_EMAIL_ANSWER,
  UNKNOWN_QUESTION_ANSWER,
  UNKNOWN_REQUEST_ANSWER,
} from "../messages/answers.ts";
import {
  answerModal,
  askModal,
  type DecisionForm,
  denyModal,
  loadingModal,
  otherAmountModal,
  parseFormOrigin,
  refusedModal,
  revokeModal,
} from "../messages/modals.ts";
import { ANSWER_ACTION } from "../messages/questions.ts";
import type { ApprovalAction } from "../rules/decide.ts";

/** A button that opens a form about its request. */
interface FormButton {
  readonly actionId: string;
  readonly title: string;
  /** What sending the form would do: tried before it is shown. */
  readonly action: ApprovalAction;
  readonly form: (form: DecisionForm) => Modal;
}

const FORM_BUTTONS: readonly FormButton[] = [
  {
    actionId: "approval_other_amount",
    title: "Approve other amount",
    action: { kind: "approve" },
    form: otherAmountModal,
  },
  { actionId: "approval_ask", title: "Ask a question", action: { kind: "ask" }, form: askModal },
  { actionId: "approval_deny", title: "Deny request", action: { kind: "deny" }, form: denyModal },
  {
    actionId: "approval_revoke",
    title: "End early",
    action: { kind: "revoke" },
    form: revokeModal,
  },
];

export function formActions(deps: DecisionDeps): readonly ActionListener[] {
  return [...FORM_BUTTONS.map((button) => formAction(deps, button)), answerAction(deps)];
}

export function formViews(deps: DecisionDeps): readonly ViewListener[] {
  return [
    decisionView(deps, {
      callbackId: "approval_other_amount",
      validate: ({ amount = "" }) => {
        const parsed = parseAmount(amount);
        return parsed.kind === "amount" ? {} : { amount: AMOUNT_REFUSAL_TEXT[parsed.reason] };
      },
      send: async (click, { amount, until: lastDay, note }) =>
        await approve(deps, { ...click, amount: validAmount(amount), lastDay, note }),
    }),
    decisionView(deps, {
      callbackId: "approval_ask",
      validate: needed("question", "Say what you want to know."),
      send: async (click, { question = "" }) => await askQuestion(deps, { ...click, question }),
    }),
    decisionView(deps, {
      callbackId: "approval_deny",
      validate: needed("reason", "Say why, so that the requester can act on it."),
      send: async (click, { reason }) => await deny(deps, { ...click, reason }),
    }),
    decisionView(deps, {
      callbackId: "approval_revoke",
      validate: needed("reason", "Say why, so that the requester understands it."),
      send: async (click, { reason = "" }) => await revoke(deps, { ...click, reason }),
    }),
    answerView(deps),
  ];
}

function needed(field: string, message: string): ViewListener["validate"] {
  return (values) => ((values[field] ?? "").trim() === "" ? { [field]: message } : {});
}

function formAction(
  deps: DecisionDeps,
  { actionId, title, action, form }: FormButton,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, value, surface, triggerId, web }) => {
      await openModal({ web, triggerId }, loadingModal(title), async () => {
        if (actor.email === undefined) return refusedModal(title, NO_EMAIL_ANSWER);
        const click = { requestId: value, actorEmail: actor.email };
        const preview = await previewDecision(deps, click, action);
        if (preview.kind === "unknown-request") return refusedModal(title, UNKNOWN_REQUEST_ANSWER);
        const { request, decision, slackIds } = preview;
        return decision.kind === "refused"
          ? refusedModal(title, decisionAnswer(request, decision))
          : form({ request, slackIds, surface });
      });
    },
  };
}

function decisionView(
  deps: DecisionDeps,
  {
    callbackId,
    validate,
    send,
  }: {
    readonly callbackId: string;
    readonly validate: ViewListener["validate"];
    readonly send: (click: Click, values: ViewValues) => Promise<ClickOutcome>;
  },
): ViewListener {
  return {
    callbackId,
    validate,
    run: async ({ actor, web, privateMetadata, values }) => {
      const { requestId, surface } = parseFormOrigin(privateMetadata);
      await answerDirectly(deps, { web, actor }, async (actorEmail) =>
        answerOf(await send({ requestId, actorEmail }, values), surface),
      );
    },
  };
}

function answerAction(deps: DecisionDeps): ActionListener {
  const title = "Answer";
  return {
    actionId: ANSWER_ACTION,
    run: async ({ actor, value: questionId, triggerId, web }) => {
      await openModal({ web, triggerId }, loadingModal(title), async () => {
        const { email: actorEmail } = actor;
        if (actorEmail === undefined) return refusedModal(title, NO_EMAIL_ANSWER);
        const outcome = await answerQuestion(deps, { questionId, actorEmail, text: undefined });
        if (outcome.kind === "answered") return answerModal(outcome.question);
        return refusedModal(
          title,
          outcome.kind === "refused"
            ? answerRefusalAnswer(outcome.reason)
            : UNKNOWN_QUESTION_ANSWER,
        );
      });
    },
  };
}

function answerView(deps: DecisionDeps): ViewListener {
  return {
    callbackId: ANSWER_ACTION,
    validate: needed("answer", "Say something, so that they can decide."),
    run: async ({ actor, web, privateMetadata: questionId, values }) => {
      await answerDirectly(deps, { web, actor }, async (actorEmail) => {
        const text = values["answer"];
        const outcome = await answerQuestion(deps, { questionId, actorEmail, text });
        if (outcome.kind === "refused") return answerRefusalAnswer(outcome.reason);
        return outcome.kind === "answered" ? ANSWERED_ANSWER : UNKNOWN_QUESTION_ANSWER;
      });
    },
  };
}

/** Without a valid amount `approve` would mean the whole one: that must not happen by accident. */
function validAmount(text = ""): Usd {
  const parsed = parseAmount(text);
  if (parsed.kind === "refused") throw new Error("a form runs only after it was validated");
  return parsed.amount;
}

/**
 * A modal has nowhere to answer but the person's own direct messages. Through the outbox: what was
 * decided must not read as failed because Slack is away a moment later.
 */
async function answerDirectly(
  deps: DecisionDeps,
  { web, actor }: { readonly web: SlackWeb; readonly actor: SlackActor },
  work: (actorEmail: Email) => Promise<SlackMessage | undefined>,
): Promise<void> {
  const dedupeKey = `approval-answer:${randomUUID()}`;
  const message = await withEmail(actor, work);
  if (message === undefined) return;
  if (actor.email === undefined) {
    const channel = await web.openDirectMessage(actor.slackUserId);
    await web.postMessage({ ...message, channel, dedupeKey });
    return;
  }
  const entry = {
    dedupeKey,
    kind: "notice",
    destination: { person: actor.email },
    message,
  } as const;
  await enqueueMessage(deps.database, entry, deps.clock());
}

export async function withEmail(
  actor: SlackActor,
  work: (actorEmail: Email) => Promise<SlackMessage | undefined>,
): Promise<SlackMessage | undefined> {
  return actor.email === undefined ? NO_EMAIL_ANSWER : await work(actor.email);
}

/** Undefined when the message with the button shows in place what the click did. */
export function answerOf(outcome: ClickOutcome, surface: ActionSurface): SlackMessage | undefined {
  if (outcome.kind === "unknown-request") return UNKNOWN_REQUEST_ANSWER;
  const { request, decision } = outcome;
  // The card shows what became of it, and everybody who has one sees the same.
  return surface === "home" || decision.kind === "refused"
    ? decisionAnswer(request, decision)
    : undefined;
}
