/** The modals of a decision: another amount or time, a question, the reason of a denial or an end. Pure. */
import { formatUsd } from "../../../domain/money.ts";
import { addMs, localDate } from "../../../domain/time.ts";
import {
  input,
  type Modal,
  modal,
  plain,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { Question } from "../rules/questions.ts";
import { type ApprovalRequest, TEXT_CHARS_MAX } from "../rules.ts";
import { ANSWER_ACTION } from "./questions.ts";
import { headline, quote, type SlackIds } from "./wording.ts";

export interface DecisionForm {
  readonly request: ApprovalRequest;
  /** Where its button is. */
  readonly surface: "message" | "home";
  readonly slackIds: SlackIds;
}

export function otherAmountModal(form: DecisionForm): Modal {
  const { request } = form;
  return modal({
    callbackId: "approval_other_amount",
    title: "Approve other amount",
    submit: "Approve",
    privateMetadata: formOrigin(form),
    blocks: [
      section(headline(form.request, form.slackIds)),
      input({
        blockId: "amount",
        label: "Amount in USD",
        hint: `Above $0, at most ${formatUsd(request.requestedAmount)}.`,
        element: { type: "plain_text_input", action_id: "amount", max_length: 40 },
      }),
      input({
        blockId: "until",
        label: "Last day",
        hint: "At most the day asked for.",
        optional: true,
        element: {
          type: "datepicker",
          action_id: "until",
          initial_date: localDate(addMs(request.endsAt, -1), request.timeZone),
        },
      }),
      input({
        blockId: "note",
        label: "Note to the requester",
        optional: true,
        element: noteInput("note"),
      }),
    ],
  });
}

export function denyModal(form: DecisionForm): Modal {
  return modal({
    callbackId: "approval_deny",
    title: "Deny request",
    submit: "Deny",
    privateMetadata: formOrigin(form),
    blocks: [
      section(headline(form.request, form.slackIds)),
      input({
        blockId: "reason",
        label: "Reason, for the requester",
        element: noteInput("reason"),
      }),
    ],
  });
}

export function askModal(form: DecisionForm): Modal {
  return modal({
    callbackId: "approval_ask",
    title: "Ask a question",
    submit: "Ask",
    privateMetadata: formOrigin(form),
    blocks: [
      section(headline(form.request, form.slackIds)),
      input({
        blockId: "question",
        label: `Question to ${form.request.requester}`,
        element: noteInput("question"),
      }),
    ],
  });
}

export function revokeModal(form: DecisionForm): Modal {
  return modal({
    callbackId: "approval_revoke",
    title: "End early",
    submit: "End now",
    privateMetadata: formOrigin(form),
    blocks: [
      section(headline(form.request, form.slackIds)),
      section("The money is no longer there from now on. What was spent stays spent."),
      input({
        blockId: "reason",
        label: "Reason, for the requester",
        element: noteInput("reason"),
      }),
    ],
  });
}

/** For the requester, about one question. */
export function answerModal(question: Question): Modal {
  return modal({
    callbackId: ANSWER_ACTION,
    title: "Answer",
    submit: "Answer",
    privateMetadata: question.questionId,
    blocks: [
      section(quote(question.text)),
      input({ blockId: "answer", label: "Answer", element: noteInput("answer") }),
    ],
  });
}

/** Shown at once while the request is being read: a trigger lives for three seconds. */
export function loadingModal(title: string): Modal {
  return modal({ callbackId: "approval_loading", title, blocks: [section("One moment…")] });
}

/** In place of a form that would be refused. */
export function refusedModal(title: string, answer: SlackMessage): Modal {
  return modal({ callbackId: "approval_refused", title, blocks: answer.blocks });
}

/** What a form remembers: its request, and whether there is a card that shows what becomes of it. */
function formOrigin({ request, surface }: DecisionForm): string {
  return surface === "home" ? `${request.requestId}${FROM_HOME}` : request.requestId;
}

export function parseFormOrigin(privateMetadata: string): {
  readonly requestId: string;
  readonly surface: DecisionForm["surface"];
} {
  return privateMetadata.endsWith(FROM_HOME)
    ? { requestId: privateMetadata.slice(0, -FROM_HOME.length), surface: "home" }
    : { requestId: privateMetadata, surface: "message" };
}

const FROM_HOME = " home";

function noteInput(actionId: string): Parameters<typeof input>[0]["element"] {
  return {
    type: "plain_text_input",
    action_id: actionId,
    multiline: true,
    max_length: TEXT_CHARS_MAX,
    placeholder: plain("What should they know?", 150),
  };
}
