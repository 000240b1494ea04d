/**
 * Approvals in Slack: the buttons of the cards and their modals. A button says only which request;
 * who may do what is decided by the flow, at the click. A click whose effect the card does not show
 * in place gets a private answer.
 */
import { randomUUID } from "node:crypto";
import { type Email, parseEmail } from "../../domain/email.ts";
import type { Usd } from "../../domain/money.ts";
import { AMOUNT_REFUSAL_TEXT, parseAmount } from "../../domain/money-text.ts";
import type { Modal, SlackMessage } from "../../slack/blocks.ts";
import {
  type ActionListener,
  type ActionSurface,
  openModal,
  type SlackActor,
  type SlackListeners,
  type ViewListener,
} from "../../slack/listener.ts";
import { enqueueMessage } from "../../slack/outbox.ts";
import type { SlackWeb } from "../../slack/web.ts";
import type { ApproverGroups } from "./flow/approvers.ts";
import {
  approve,
  type Click,
  type ClickOutcome,
  type DecisionDeps,
  deny,
  previewDecision,
  withdraw,
} from "./flow/decide-approval.ts";
import { decisionAnswer, NO_EMAIL_ANSWER, UNKNOWN_REQUEST_ANSWER } from "./messages/answers.ts";
import {
  type DecisionForm,
  denyModal,
  loadingModal,
  otherAmountModal,
  parseFormOrigin,
  refusedModal,
} from "./messages/modals.ts";
import type { ApprovalAction } from "./rules.ts";

export function approvalListeners(deps: DecisionDeps): SlackListeners {
  return {
    actions: [
      clickAction("approval_approve", async (click) => await approve(deps, click)),
      clickAction("approval_withdraw", async (click) => await withdraw(deps, click)),
      formAction(deps, {
        actionId: "approval_other_amount",
        title: "Approve other amount",
        action: { kind: "approve" },
        form: otherAmountModal,
      }),
      formAction(deps, {
        actionId: "approval_deny",
        title: "Deny request",
        action: { kind: "deny" },
        form: denyModal,
      }),
    ],
    views: [otherAmountView(deps), denyView(deps)],
  };
}

/** Members of Slack's user groups by e-mail; people whose address Slack hides are left out. */
export function slackApproverGroups(slack: {
  readonly listUserGroupMembers: SlackWeb["listUserGroupMembers"];
  /** May remember people; who is a member is asked anew each time. */
  readonly loadUser: (slackUserId: string) => Promise<{ readonly email: string | undefined }>;
}): ApproverGroups {
  return async (handle) => {
    const members = await slack.listUserGroupMembers(handle);
    if (members === undefined) return undefined;
    const users = await Promise.all(members.map(async (id) => await slack.loadUser(id)));
    return users.flatMap((user) => {
      const email = user.email === undefined ? undefined : parseEmail(user.email);
      return email === undefined ? [] : [email];
    });
  };
}

/** A button that decides at once. */
function clickAction(
  actionId: string,
  decideClick: (click: Click) => Promise<ClickOutcome>,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, value, surface, respond }) => {
      const answer = await withEmail(actor, async (actorEmail) =>
        answerOf(await decideClick({ requestId: value, actorEmail }), surface),
      );
      if (answer !== undefined) await respond(answer);
    },
  };
}

/** A button that asks something first; whoever could not send the form reads why instead of it. */
function formAction(
  deps: DecisionDeps,
  options: {
    readonly actionId: string;
    readonly title: string;
    readonly action: ApprovalAction;
    readonly form: (form: DecisionForm) => Modal;
  },
): ActionListener {
  const { actionId, title, action, form } = options;
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

function otherAmountView(deps: DecisionDeps): ViewListener {
  return {
    callbackId: "approval_other_amount",
    validate: ({ amount = "" }) => {
      const parsed = parseAmount(amount);
      return parsed.kind === "amount" ? {} : { amount: AMOUNT_REFUSAL_TEXT[parsed.reason] };
    },
    run: async ({ actor, web, privateMetadata, values }) => {
      const amount = validAmount(values["amount"]);
      const note = values["note"];
      const { requestId, surface } = parseFormOrigin(privateMetadata);
      await answerDirectly(deps, { web, actor }, async (actorEmail) =>
        answerOf(await approve(deps, { requestId, actorEmail, amount, note }), surface),
      );
    },
  };
}

function denyView(deps: DecisionDeps): ViewListener {
  return {
    callbackId: "approval_deny",
    validate: ({ reason = "" }) =>
      reason.trim() === "" ? { reason: "Say why, so that the requester can act on it." } : {},
    run: async ({ actor, web, privateMetadata, values }) => {
      const reason = values["reason"];
      const { requestId, surface } = parseFormOrigin(privateMetadata);
      await answerDirectly(deps, { web, actor }, async (actorEmail) =>
        answerOf(await deny(deps, { requestId, actorEmail, reason }), surface),
      );
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

async function withEmail(
  actor: SlackActor,
  work: (actorEmail: Email) => Promise<SlackMessage | undefined>,
): Promise<SlackMessage | undefined> {
  return actor.email === undefined ? NO_EMAIL_ANSWER : await work(actor.email);
}

/** Undefined when the message with the button shows in place what the click did. */
function answerOf(outcome: ClickOutcome, surface: ActionSurface): SlackMessage | undefined {
  if (outcome.kind === "unknown-request") return UNKNOWN_REQUEST_ANSWER;
  const { request, decision } = outcome;
  const isOpen = decision.kind === "voted" || decision.kind === "refused";
  return surface === "home" || isOpen ? decisionAnswer(request, decision) : undefined;
}
