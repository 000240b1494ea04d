/** The modals of a decision: another amount, and the reason of a denial. Pure. */
import { formatUsd } from "../../../domain/money.ts";
import {
  input,
  type Modal,
  modal,
  plain,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { ApprovalRequest } from "../rules.ts";
import { headline, type SlackIds } from "./wording.ts";

export interface DecisionForm {
  readonly request: ApprovalRequest;
  /** Where its button is. */
  readonly surface: "message" | "home";
  readonly slackIds: SlackIds;
}

/** Long enough for an explanation; a note is not an essay. */
const NOTE_CHARS_MAX = 500;

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
    max_length: NOTE_CHARS_MAX,
    placeholder: plain("What should they know?", 150),
  };
}
