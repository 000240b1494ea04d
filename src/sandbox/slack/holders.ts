/** What interactive elements stand in: a message that the person sees, or a view that is theirs. */
import { elementsOf, type FoundElement } from "./block-kit-walk.ts";
import { notFound, placeFor } from "./conversations.ts";
import type { Offered, StateValues } from "./entered-values.ts";
import type { Json } from "./json.ts";
import { findMessage } from "./messages.ts";
import { messageContext, viewContext } from "./payloads.ts";
import type * as protocol from "./protocol.ts";
import type { Slack, StoredMessage, StoredView } from "./state.ts";

export type Holder =
  | {
      readonly kind: "message";
      readonly blocks: StoredMessage["blocks"];
      readonly message: StoredMessage;
    }
  | { readonly kind: "view"; readonly blocks: StoredView["blocks"]; readonly view: StoredView };

/** The message or view that an element stands in, if the person sees it. */
export function holderFor(
  slack: Slack,
  { user, container }: Pick<protocol.ActionRequest, "user" | "container">,
): Holder {
  if (container.type === "view") {
    const view = slack.state.views.get(container.viewId);
    if (view?.userId !== user) throw notFound(`no open view ${container.viewId}`);
    return { kind: "view", blocks: view.blocks, view };
  }
  placeFor(slack, user, container.channel);
  const message = findMessage(slack, container.channel, container.ts);
  const isVisible = message?.ephemeralFor === null || message?.ephemeralFor === user;
  if (message === undefined || !isVisible) throw notFound(`no message ${container.ts}`);
  return { kind: "message", blocks: message.blocks, message };
}

export function elementFor(
  holder: Holder,
  { blockId, actionId }: Pick<protocol.ActionRequest, "blockId" | "actionId">,
): FoundElement {
  const found = elementsOf(holder.blocks).find(
    ({ block, element }) => block["block_id"] === blockId && element.action_id === actionId,
  );
  if (found === undefined) throw notFound(`no element ${actionId} in block ${blockId}`);
  return found;
}

export function contextOf(slack: Slack, holder: Holder, values: StateValues): Json {
  return holder.kind === "message"
    ? messageContext(slack, holder.message)
    : viewContext(slack, holder.view, values);
}

export function offeredIn(slack: Slack, container: protocol.Container): Offered {
  return (blockId, actionId) =>
    slack.state.suggestions.get(suggestionKey(container, blockId, actionId)) ?? [];
}

export function suggestionKey(
  container: protocol.Container,
  blockId: string,
  actionId: string,
): string {
  const holder =
    container.type === "view" ? container.viewId : `${container.channel} ${container.ts}`;
  return JSON.stringify([holder, blockId, actionId]);
}
