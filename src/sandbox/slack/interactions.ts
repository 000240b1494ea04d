/**
 * What a person does in a Slack client, other than with modals: messages, commands, clicks, external
 * selects, shortcuts, the App Home. Page and test driver both come through here. Wrong requests
 * throw; what the bot did wrong is an `Outcome`.
 */
import { suggestions } from "./block-kit-objects.ts";
import type { FoundElement } from "./block-kit-walk.ts";
import { invalid, notFound, personFor, placeFor } from "./conversations.ts";
import type { Deliver } from "./delivery.ts";
import { enteredState, hasState, readForm } from "./entered-values.ts";
import { contextOf, elementFor, holderFor, offeredIn, suggestionKey } from "./holders.ts";
import type { Json } from "./json.ts";
import { postMessage } from "./messages.ts";
import { composed, escapedCommandText } from "./mrkdwn.ts";
import * as payloads from "./payloads.ts";
import type * as protocol from "./protocol.ts";
import { respond } from "./responses.ts";
import { nextTs, type Slack, type StoredMessage } from "./state.ts";
import { issueResponseUrl, issueTrigger } from "./tickets.ts";

/** A fake Slack that can reach a bot. */
export interface Client {
  readonly slack: Slack;
  readonly deliver: Deliver;
  /** Sends an event, again and again when the bot does not take it. Settles after the first try. */
  readonly deliverEvent: (event: Json) => Promise<void>;
}

const MIN_QUERY_LENGTH = 3;

export async function sendMessage(
  { slack, deliverEvent }: Client,
  request: protocol.PostRequest,
): Promise<StoredMessage> {
  const place = placeFor(slack, request.user, request.channel);
  if (place.kind === "dm" && slack.manifest.isMessagesTabReadOnly) {
    throw invalid("Sending messages to this app has been turned off.");
  }
  if (request.text.trim() === "") throw invalid("a message needs text");
  const message = postMessage(slack, {
    channel: request.channel,
    author: request.user,
    text: composed(slack.team, request.text),
    threadTs: request.threadTs ?? null,
  });
  if (place.kind === "dm" && slack.manifest.events.includes("message.im")) {
    const { user, channel } = request;
    const { text, ts } = message;
    await deliverEvent({
      type: "message",
      channel_type: "im",
      user,
      channel,
      text,
      ts,
      event_ts: ts,
    });
  }
  return message;
}

export async function sendCommand(
  { slack, deliver }: Client,
  request: protocol.CommandRequest,
): Promise<protocol.Outcome> {
  const person = personFor(slack, request.user);
  placeFor(slack, request.user, request.channel);
  const [, name = "", rest = ""] = /^(\/\S+)\s*([\s\S]*)$/.exec(request.text.trim()) ?? [];
  const command = slack.manifest.commands.find((candidate) => candidate.command === name);
  if (command === undefined) throw invalid(`${name} is not a valid command.`);
  const target = { userId: person.id, channel: request.channel, messageTs: null };
  const reply = await deliver({
    kind: "slash_commands",
    payload: payloads.commandPayload(slack, {
      person,
      channel: request.channel,
      command: name,
      text: command.shouldEscape ? escapedCommandText(slack.team, rest) : rest,
      responseUrl: issueResponseUrl(slack, target),
      triggerId: issueTrigger(slack, person.id, null),
    }),
  });
  if (!reply.ok) return commandFailed(name, reply.error);
  if (reply.body === undefined || reply.body === "") return { ok: true };
  const body = typeof reply.body === "string" ? { text: reply.body } : reply.body;
  return isEmptyAck(body) || respond(slack, target, body).ok
    ? { ok: true }
    : commandFailed(name, "invalid_command_response");
}

export async function useElement(
  client: Client,
  request: protocol.ActionRequest,
): Promise<protocol.Outcome> {
  const { slack, deliver } = client;
  const person = personFor(slack, request.user);
  const holder = holderFor(slack, request);
  const { block, element } = elementFor(holder, request);
  if (block["type"] === "input" && block["dispatch_action"] !== true) {
    throw invalid(`the input ${request.blockId} does not dispatch its changes`);
  }
  const { blockId, actionId, value } = request;
  const entered =
    hasState(element) && value !== undefined
      ? { ...request.entered, [blockId]: { ...request.entered?.[blockId], [actionId]: value } }
      : (request.entered ?? {});
  const offered = offeredIn(slack, request.container);
  const { values } = readForm(holder.blocks, entered, offered);
  const state = enteredState(element, value ?? null, offered(blockId, actionId));
  const action = { ...shownFields(element), ...state, block_id: blockId, action_id: actionId };
  const reply = await deliver({
    kind: "interactive",
    payload: {
      ...payloads.interactionFrame(slack, "block_actions", person),
      ...contextOf(slack, holder, values),
      ...(holder.kind === "message"
        ? {
            state: { values },
            response_url: issueResponseUrl(slack, {
              userId: person.id,
              channel: holder.message.channel,
              messageTs: holder.message.ts,
            }),
          }
        : {}),
      actions: [{ ...action, action_ts: nextTs(slack) }],
      trigger_id: issueTrigger(slack, person.id, holder.kind === "view" ? holder.view.id : null),
    },
  });
  return reply.ok ? { ok: true } : interactionFailed(reply.error);
}

export async function askOptions(
  { slack, deliver }: Client,
  request: protocol.OptionsRequest,
): Promise<protocol.OptionsOutcome> {
  const person = personFor(slack, request.user);
  const holder = holderFor(slack, request);
  const { element } = elementFor(holder, request);
  if (element.type !== "external_select" && element.type !== "multi_external_select") {
    throw invalid(`${request.actionId} is not an external select`);
  }
  const { blockId, actionId, value } = request;
  if (value.length < (element.min_query_length ?? MIN_QUERY_LENGTH)) {
    return { ok: true, options: [], optionGroups: [] };
  }
  const reply = await deliver({
    kind: "interactive",
    payload: {
      ...payloads.interactionFrame(slack, "block_suggestion", person),
      ...contextOf(slack, holder, {}),
      block_id: blockId,
      action_id: actionId,
      value,
    },
  });
  if (!reply.ok) return interactionFailed(reply.error);
  const answer = suggestions.safeParse(reply.body);
  if (!answer.success) return interactionFailed("dispatch_unknown_error");
  const groups = "option_groups" in answer.data ? answer.data.option_groups : [];
  const options = "options" in answer.data ? answer.data.options.map(shownOption) : [];
  const optionGroups = groups.map((group) => ({
    label: { type: group.label.type, text: group.label.text },
    options: group.options.map(shownOption),
  }));
  const all = [...options, ...optionGroups.flatMap((group) => group.options)];
  slack.state.suggestions.set(suggestionKey(request.container, blockId, actionId), all);
  return { ok: true, options, optionGroups };
}

export async function useShortcut(
  { slack, deliver }: Client,
  request: protocol.ShortcutRequest,
): Promise<protocol.Outcome> {
  const person = personFor(slack, request.user);
  const { callbackId } = request;
  if (!slack.manifest.shortcuts.some((shortcut) => shortcut.callbackId === callbackId)) {
    throw notFound(`no shortcut ${callbackId}`);
  }
  const reply = await deliver({
    kind: "interactive",
    payload: {
      ...payloads.interactionFrame(slack, "shortcut", person),
      callback_id: callbackId,
      action_ts: nextTs(slack),
      trigger_id: issueTrigger(slack, person.id, null),
    },
  });
  return reply.ok ? { ok: true } : interactionFailed(reply.error);
}

/** People see nothing of a failed event: they see the home that was published before, or none. */
export async function openHome(
  { slack, deliverEvent }: Client,
  request: protocol.OpenHomeRequest,
): Promise<protocol.Outcome> {
  const person = personFor(slack, request.user);
  if (slack.manifest.events.includes("app_home_opened")) {
    await deliverEvent(payloads.appHomeOpened(slack, person, request.tab ?? "home"));
  }
  return { ok: true };
}

export function interactionFailed(
  error: protocol.DispatchError,
): Extract<protocol.Outcome, { readonly ok: false }> {
  const what =
    error === "operation_timeout" ? "did not respond in time" : "did not respond correctly";
  return { ok: false, error, message: `The app ${what} (${error}).` };
}

function commandFailed(command: string, error: protocol.DispatchError): protocol.Outcome {
  return { ok: false, error, message: `${command} failed with the error "${error}"` };
}

/** An acknowledgement that only changes the visibility of nothing: `{}`. */
function isEmptyAck(body: unknown): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length === 0;
}

/** What a button tells about itself in an action. */
function shownFields(element: FoundElement["element"]): Json {
  if (element.type !== "button" && element.type !== "icon_button") return {};
  const style = element.type === "button" ? element.style : undefined;
  return {
    text: element.text,
    ...(element.value === undefined ? {} : { value: element.value }),
    ...(style === undefined ? {} : { style }),
  };
}

function shownOption(option: {
  readonly text: { readonly type: "plain_text"; readonly text: string };
  readonly value: string;
}): protocol.OptionJson {
  return { text: { type: "plain_text", text: option.text.text }, value: option.value };
}
