/** Submitting and closing modals, and what the bot may answer to a submission. */
import { z } from "zod";
import { validateView } from "./block-kit.ts";
import { notFound, personFor } from "./conversations.ts";
import { readForm } from "./entered-values.ts";
import { offeredIn } from "./holders.ts";
import { type Client, interactionFailed } from "./interactions.ts";
import * as payloads from "./payloads.ts";
import type * as protocol from "./protocol.ts";
import { newBlockId, type Slack, type StoredView } from "./state.ts";
import { issueTrigger } from "./tickets.ts";
import { closeView, pushView, stackOf, updateView } from "./views.ts";

const answerSchema = z.discriminatedUnion("response_action", [
  z.looseObject({
    response_action: z.literal("errors"),
    errors: z.record(z.string(), z.string().min(1)),
  }),
  z.looseObject({ response_action: z.literal("update"), view: z.unknown() }),
  z.looseObject({ response_action: z.literal("push"), view: z.unknown() }),
  z.looseObject({ response_action: z.literal("clear") }),
]);

export async function submitModal(
  { slack, deliver }: Client,
  request: protocol.SubmitRequest,
): Promise<protocol.SubmitOutcome> {
  const person = personFor(slack, request.user);
  const view = topView(slack, request);
  const container = { type: "view", viewId: view.id } as const;
  const { values, problems } = readForm(view.blocks, request.entered, offeredIn(slack, container));
  if (Object.keys(problems).length > 0) {
    return { ok: false, error: "field_errors", errors: problems };
  }
  const { view: viewPayload } = payloads.viewContext(slack, view, values);
  const reply = await deliver({
    kind: "interactive",
    payload: {
      ...payloads.interactionFrame(slack, "view_submission", person),
      view: viewPayload,
      response_urls: [],
      trigger_id: issueTrigger(slack, person.id, view.id),
    },
  });
  if (!reply.ok) return interactionFailed(reply.error);
  return applyAnswer(slack, slack.state.views.get(view.id) ?? view, reply.body);
}

export async function closeModal(
  { slack, deliver }: Client,
  request: protocol.CloseRequest,
): Promise<protocol.Outcome> {
  const person = personFor(slack, request.user);
  const view = topView(slack, request);
  const isCleared = request.isCleared || view.clear_on_close;
  const stack = stackOf(slack, person.id).map((id) => slack.state.views.get(id));
  const closed = isCleared ? stack : [view];
  closeView(slack, view, isCleared);
  for (const notified of closed) {
    if (notified?.notify_on_close !== true) continue;
    const { view: viewPayload } = payloads.viewContext(slack, notified, {});
    // oxlint-disable-next-line no-await-in-loop -- Slack sends them one after the other
    const reply = await deliver({
      kind: "interactive",
      payload: {
        ...payloads.interactionFrame(slack, "view_closed", person),
        view: viewPayload,
        is_cleared: isCleared,
      },
    });
    if (!reply.ok) return interactionFailed(reply.error);
  }
  return { ok: true };
}

function applyAnswer(slack: Slack, view: StoredView, body: unknown): protocol.SubmitOutcome {
  if (isEmpty(body)) {
    closeView(slack, view, false);
    return { ok: true };
  }
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return interactionFailed("dispatch_unknown_error");
  const answer = parsed.data;
  switch (answer.response_action) {
    case "errors": {
      const inputs = view.blocks.filter((block) => block.type === "input");
      const known = new Set(inputs.map((block) => block.block_id));
      const named = Object.keys(answer.errors);
      // Slack shows nothing useful for an error of a block that is no input, so neither do we.
      return named.length > 0 && named.every((blockId) => known.has(blockId))
        ? { ok: false, error: "field_errors", errors: answer.errors }
        : interactionFailed("dispatch_unknown_error");
    }
    case "clear":
      closeView(slack, view, true);
      return { ok: true };
    case "update":
    case "push": {
      const next = validateView(answer.view, newBlockId);
      if (!next.ok || next.value.type !== "modal")
        return interactionFailed("dispatch_unknown_error");
      if (answer.response_action === "update") updateView(slack, view, next.value);
      else if (pushView(slack, view.userId, next.value) === undefined) {
        return interactionFailed("dispatch_unknown_error");
      }
      return { ok: true };
    }
  }
}

function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null || body === "") return true;
  return typeof body === "object" && Object.keys(body).length === 0;
}

function topView(
  slack: Slack,
  { user, viewId }: { readonly user: string; readonly viewId: string },
): StoredView {
  const view = slack.state.views.get(viewId);
  if (view === undefined || stackOf(slack, user).at(-1) !== viewId) {
    throw notFound(`the view ${viewId} is not the one on top`);
  }
  return view;
}
