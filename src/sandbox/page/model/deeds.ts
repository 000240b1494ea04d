/**
 * What a person does on the page: posts, commands, clicks, choices, modals. Each tells the server and
 * says what came of it; what everybody sees of it arrives as a change notice.
 */
import type {
  Container,
  EnteredValue,
  EnteredValues,
  OptionsOutcome,
  Outcome,
  ShownView,
} from "../../slack/protocol.ts";
import type { Json } from "../text/json.ts";
import { isFailure, type RequestFailure, tell } from "./requests.ts";
import { refreshMessages, refreshModals } from "./session.ts";
import { conversationKey, current, update } from "./state.ts";

export interface Spot {
  readonly channel: string;
  readonly threadTs: string | null;
}

let noticeCount = 0;

/** Posts a line or, when it begins with a slash, runs the command. Trouble appears as a notice. */
export async function send(spot: Spot, text: string): Promise<void> {
  const user = current().user.id;
  const { channel, threadTs } = spot;
  if (text.startsWith("/")) {
    const name = text.split(/\s/, 1)[0] ?? text;
    if (current().workspace.commands.every(({ command }) => command !== name)) {
      notify(spot, `\`${name}\` is not a valid command.`);
      return;
    }
    if (threadTs !== null) {
      notify(spot, `\`${name}\` is not supported in threads. Sorry!`);
      return;
    }
    report(spot, await tell("/commands", { user, channel, text }));
    return;
  }
  const thread = threadTs === null ? {} : { threadTs };
  report(spot, await tell("/messages", { user, channel, text, ...thread }));
  await refreshMessages(channel, threadTs);
}

/** Runs a global shortcut from wherever the person is. */
export async function runShortcut(spot: Spot | undefined, callbackId: string): Promise<void> {
  const answer = await tell("/shortcuts", { user: current().user.id, callbackId });
  if (spot !== undefined) report(spot, answer);
}

/** Clicks or chooses; undefined when it went well, else what to show beside the element. */
export async function act(
  container: Container,
  element: { readonly blockId: string; readonly actionId: string; readonly value?: EnteredValue },
): Promise<string | undefined> {
  const entered = current().entered[containerKey(container)];
  const answer = await tell("/actions", {
    user: current().user.id,
    container,
    ...element,
    ...(entered === undefined ? {} : { entered }),
  });
  return troubleOf(answer);
}

export async function fetchOptions(
  container: Container,
  element: { readonly blockId: string; readonly actionId: string; readonly value: string },
): Promise<OptionsOutcome> {
  const answer = await tell("/options", { user: current().user.id, container, ...element });
  return isFailure(answer)
    ? { ok: false, error: "dispatch_failed", message: answer.failure }
    : answer;
}

export interface SubmitTrouble {
  readonly message: string | undefined;
  readonly errors: Readonly<Record<string, string>>;
}

/** Submits a modal; undefined when it was taken. */
export async function submit(view: ShownView): Promise<SubmitTrouble | undefined> {
  const container: Container = { type: "view", viewId: view.id };
  const entered = current().entered[containerKey(container)] ?? {};
  const answer = await tell("/modals/submit", {
    user: current().user.id,
    viewId: view.id,
    entered,
  });
  await refreshModals();
  if (isFailure(answer)) return { message: answer.failure, errors: {} };
  if (answer.ok) return undefined;
  if (answer.error === "field_errors") return { message: undefined, errors: answer.errors };
  return { message: "We had some trouble connecting. Try again?", errors: {} };
}

export async function closeModal(view: ShownView, isCleared: boolean): Promise<void> {
  await tell("/modals/close", { user: current().user.id, viewId: view.id, isCleared });
  await refreshModals();
}

export function containerKey(container: Container): string {
  return container.type === "view" ? container.viewId : `${container.channel}/${container.ts}`;
}

/** Keeps what was typed or chosen until it is sent. */
export function enter(
  container: Container,
  at: { blockId: string; actionId: string },
  value: EnteredValue,
): void {
  const key = containerKey(container);
  const { entered } = current();
  const values: EnteredValues = entered[key] ?? {};
  const block = { ...values[at.blockId], [at.actionId]: value };
  update({ entered: { ...entered, [key]: { ...values, [at.blockId]: block } } });
}

/** Asks "Are you sure?" in the words of a `confirm` object. */
export async function confirmed(words: Json): Promise<boolean> {
  return await new Promise((resolve) => {
    const answer = (isConfirmed: boolean): void => {
      update({ confirmation: undefined });
      resolve(isConfirmed);
    };
    update({ confirmation: { words, answer } });
  });
}

function report(spot: Spot, answer: Outcome | RequestFailure): void {
  const trouble = troubleOf(answer);
  if (trouble !== undefined) notify(spot, trouble);
}

function troubleOf(answer: Outcome | RequestFailure): string | undefined {
  if (isFailure(answer)) return answer.failure;
  return answer.ok ? undefined : answer.message;
}

function notify({ channel, threadTs }: Spot, text: string): void {
  const key = conversationKey(channel, threadTs);
  const afterTs = current().messages[key]?.at(-1)?.ts ?? "0";
  noticeCount += 1;
  const notice = { id: noticeCount, key, afterTs, atMs: Date.now(), text };
  update({ notices: [...current().notices, notice] });
}
