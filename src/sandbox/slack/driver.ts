/**
 * A person at a Slack client, for tests and scripts: commands, clicks, modals, waiting. Each verb
 * goes the same way as a request of the web page.
 */
import { elementsOf } from "./block-kit-walk.ts";
import type { Changes } from "./changes.ts";
import { dmId, findPlaceByIdOrName, invalid, notFound, personFor } from "./conversations.ts";
import * as interactions from "./interactions.ts";
import { shownMessages } from "./messages.ts";
import { closeModal, submitModal } from "./modals.ts";
import type {
  BlockJson,
  Container,
  EnteredValue,
  OptionsOutcome,
  Outcome,
  ShownHome,
  ShownMessage,
  ShownView,
  SubmitOutcome,
} from "./protocol.ts";
import type { Slack } from "./state.ts";
import { shownHome, shownModals } from "./views.ts";

/** Only a test that fails waits so long; a busy machine may need more than a moment. */
const WAIT_MS = 120_000;

/** What a person sees and does. Channels are ids, `#names`, or `"dm"` for the DM with the bot. */
export interface PersonAtSlack {
  readonly userId: string;
  readonly dm: string;
  readonly say: (channel: string, text: string) => Promise<ShownMessage>;
  /** The whole line; in #general unless told otherwise. */
  readonly command: (text: string, channel?: string) => Promise<Outcome>;
  /** Clicks a button, or chooses `value`, in a message or view; the element is named by its action id. */
  readonly click: (
    holder: ShownMessage | ShownView | ShownHome,
    actionId: string,
    choice?: Choice,
  ) => Promise<Outcome>;
  readonly options: (
    holder: ShownMessage | ShownView | ShownHome,
    actionId: string,
    typed: string,
  ) => Promise<OptionsOutcome>;
  readonly shortcut: (callbackId: string) => Promise<Outcome>;
  readonly openHome: () => Promise<Outcome>;
  /** Values by action id or by block id. */
  readonly submit: (
    view: ShownView,
    values: Readonly<Record<string, EnteredValue>>,
  ) => Promise<SubmitOutcome>;
  readonly close: (view: ShownView, isCleared?: boolean) => Promise<Outcome>;
  readonly messages: (channel: string, thread?: string) => readonly ShownMessage[];
  /** The modal on top, if one is open. */
  readonly modal: () => ShownView | undefined;
  readonly home: () => ShownHome;
  readonly waitForMessage: (
    channel: string,
    predicate?: (message: ShownMessage) => boolean,
    timeoutMs?: number,
  ) => Promise<ShownMessage>;
  readonly waitForModal: (
    predicate?: (view: ShownView) => boolean,
    timeoutMs?: number,
  ) => Promise<ShownView>;
  readonly waitForHome: (
    predicate?: (home: ShownHome) => boolean,
    timeoutMs?: number,
  ) => Promise<ShownHome>;
}

interface Choice {
  /** Needed only where two blocks have an element with the same action id. */
  readonly blockId?: string;
  readonly value?: EnteredValue;
  /** What stands in other fields, by action id or by block id. */
  readonly entered?: Readonly<Record<string, EnteredValue>>;
}

export function personAtSlack(
  client: interactions.Client,
  changes: Changes,
  user: string,
): PersonAtSlack {
  personFor(client.slack, user);
  return {
    userId: user,
    dm: dmId(user),
    ...doing(client, user),
    ...seeing(client.slack, changes, user),
  };
}

type Doing = Pick<
  PersonAtSlack,
  "say" | "command" | "click" | "options" | "shortcut" | "openHome" | "submit" | "close"
>;

function doing(client: interactions.Client, user: string): Doing {
  const { slack } = client;
  return {
    say: async (place, text) => {
      const channel = placeOf(slack, user, place);
      const { ts } = await interactions.sendMessage(client, { user, channel, text });
      const all = shownMessages(slack, { channel, viewer: user });
      const said = all.find((message) => message.ts === ts);
      if (said === undefined) throw notFound(`the message ${ts} is gone`);
      return said;
    },
    command: async (text, place = "#general") =>
      await interactions.sendCommand(client, { user, channel: placeOf(slack, user, place), text }),
    click: async (holder, actionId, choice = {}) =>
      await interactions.useElement(client, {
        user,
        container: containerOf(holder),
        actionId,
        blockId: choice.blockId ?? blockIdOf(holder.blocks, actionId),
        ...(choice.value === undefined ? {} : { value: choice.value }),
        entered: enteredIn(holder.blocks, choice.entered ?? {}),
      }),
    options: async (holder, actionId, typed) =>
      await interactions.askOptions(client, {
        user,
        container: containerOf(holder),
        actionId,
        blockId: blockIdOf(holder.blocks, actionId),
        value: typed,
      }),
    shortcut: async (callbackId) => await interactions.useShortcut(client, { user, callbackId }),
    openHome: async () => await interactions.openHome(client, { user }),
    submit: async (view, values) =>
      await submitModal(client, { user, viewId: view.id, entered: enteredIn(view.blocks, values) }),
    close: async (view, isCleared = false) =>
      await closeModal(client, { user, viewId: view.id, isCleared }),
  };
}

type Seeing = Pick<
  PersonAtSlack,
  "messages" | "modal" | "home" | "waitForMessage" | "waitForModal" | "waitForHome"
>;

function seeing(slack: Slack, changes: Changes, user: string): Seeing {
  const messages = (place: string, threadTs?: string) =>
    shownMessages(slack, { channel: placeOf(slack, user, place), viewer: user, threadTs });
  const modal = () => shownModals(slack, user).at(-1);
  const home = () => shownHome(slack, user);
  return {
    messages,
    modal,
    home,
    waitForMessage: async (place, predicate = () => true, timeoutMs = WAIT_MS) =>
      await waitFor(changes, () => messages(place).findLast(predicate), {
        timeoutMs,
        describe: () => `a message in ${place}; there are: ${texts(messages(place))}`,
      }),
    waitForModal: async (predicate = () => true, timeoutMs = WAIT_MS) =>
      await waitFor(
        changes,
        () => [modal()].find((view) => view !== undefined && predicate(view)),
        {
          timeoutMs,
          describe: () => `a modal; open is: ${modal()?.title.text ?? "none"}`,
        },
      ),
    waitForHome: async (predicate = () => true, timeoutMs = WAIT_MS) =>
      await waitFor(
        changes,
        () => [home()].find((shown) => shown.viewId !== null && predicate(shown)),
        {
          timeoutMs,
          describe: () => `an App Home; published is: ${JSON.stringify(home().blocks)}`,
        },
      ),
  };
}

function placeOf(slack: Slack, user: string, place: string): string {
  return place === "dm" ? dmId(user) : placeId(slack, place);
}

/** Settles as soon as `find` finds something; fails after the time-out with what was there instead. */
export async function waitFor<T>(
  changes: Changes,
  find: () => T | undefined,
  { timeoutMs, describe }: { readonly timeoutMs: number; readonly describe: () => string },
): Promise<T> {
  const already = find();
  if (already !== undefined) return already;
  return await new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`waited ${String(timeoutMs)} ms in vain for ${describe()}`));
    }, timeoutMs);
    const stop = changes.listenToAll(() => {
      const found = find();
      if (found === undefined) return;
      clearTimeout(timer);
      stop();
      resolve(found);
    });
  });
}

export function placeId(slack: Slack, channel: string): string {
  const place = findPlaceByIdOrName(slack, channel);
  if (place === undefined) throw notFound(`no channel ${channel}`);
  return place.id;
}

function texts(messages: readonly ShownMessage[]): string {
  return JSON.stringify(messages.map((message) => message.text));
}

function containerOf(holder: ShownMessage | ShownView | ShownHome): Container {
  if ("ts" in holder) return { type: "message", channel: holder.channel, ts: holder.ts };
  const viewId = "id" in holder ? holder.id : holder.viewId;
  if (viewId === null) throw notFound("the bot has published no App Home yet");
  return { type: "view", viewId };
}

function blockIdOf(blocks: readonly BlockJson[], actionId: string): string {
  const elements = elementsOf(blocks);
  const found = elements.filter(({ element }) => element.action_id === actionId);
  const [first] = found;
  if (first === undefined) {
    const known = elements.map(({ element }) => element.action_id).join(", ");
    throw notFound(`no element ${actionId}; there are: ${known}`);
  }
  if (found.length > 1) throw invalid(`several elements ${actionId}: say which block`);
  return String(first.block["block_id"]);
}

/** Finds the field that each value is for. */
function enteredIn(
  blocks: readonly BlockJson[],
  values: Readonly<Record<string, EnteredValue>>,
): Record<string, Record<string, EnteredValue>> {
  const entered: Record<string, Record<string, EnteredValue>> = {};
  const elements = elementsOf(blocks);
  for (const [name, value] of Object.entries(values)) {
    const field = elements.find(
      ({ block, element }) => element.action_id === name || block["block_id"] === name,
    );
    if (field === undefined) throw notFound(`no field ${name}`);
    const blockId = String(field.block["block_id"]);
    entered[blockId] = { ...entered[blockId], [field.element.action_id]: value };
  }
  return entered;
}
