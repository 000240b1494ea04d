/** What many entries do: type a line and show the answer, click and show what comes of it. */
import type { ShownHome, ShownMessage, ShownView } from "../../src/sandbox/slack/protocol.ts";
import type { Entry, Subject } from "./entry.ts";
import type { Handle } from "./stage/watching.ts";
import type { Stage } from "./stage.ts";

/** Beyond the next full minute, when the clockwork looks again. */
const WAIT_MS = 80_000;

interface Answer extends Omit<Entry, "take" | "name"> {
  readonly who: Handle;
  readonly typed: string;
  /** #general unless told otherwise. */
  readonly place?: string;
}

/** The private answer to a command. */
export function answer(name: string, { who, typed, place, ...shown }: Answer): Entry {
  return {
    name,
    ...shown,
    take: async (stage) => await stage.ask(who, `/claude-spend ${typed}`.trim(), place),
  };
}

/** A window that a command opens. */
export function opened(
  name: string,
  { who, typed, saying, ...shown }: Answer & { readonly saying: string | RegExp },
): Entry {
  return {
    name,
    ...shown,
    take: async (stage) => {
      const act = async (): Promise<unknown> =>
        await stage.person(who).command(`/claude-spend ${typed}`);
      await stage.window(who, act, saying);
      return { kind: "modal", as: who };
    },
  };
}

/** The newest message of the bot in a place that says all of this. */
export async function find(
  stage: Stage,
  who: Handle,
  place: string,
  ...saying: readonly (string | RegExp)[]
): Promise<ShownMessage> {
  return await stage
    .person(who)
    .waitForMessage(place, (one) => one.isBot && says(one, ...saying), WAIT_MS);
}

/** The newest reply under a message that says all of this. */
export async function findReply(
  stage: Stage,
  who: Handle,
  parent: ShownMessage,
  ...saying: readonly (string | RegExp)[]
): Promise<ShownMessage> {
  return await stage.until(
    () =>
      stage
        .person(who)
        .messages(parent.channel, parent.ts)
        .findLast((one) => one.isBot && one.ts !== parent.ts && says(one, ...saying)),
    `a reply under “${parent.text}”`,
  );
}

export function says(message: ShownMessage, ...saying: readonly (string | RegExp)[]): boolean {
  const text = `${message.text}\n${JSON.stringify(message.blocks)}`;
  return saying.every((one) => (typeof one === "string" ? text.includes(one) : one.test(text)));
}

/** Clicks and shows what appears or changes there. */
export async function clicked(
  stage: Stage,
  who: Handle,
  holder: ShownMessage,
  click: { readonly actionId: string; readonly value?: string; readonly fits?: RegExp },
): Promise<Subject & { readonly kind: "message" }> {
  const { actionId, value, fits } = click;
  const choice = value === undefined ? {} : { value };
  const message = await stage.see(
    who,
    holder.channel,
    async () => await stage.person(who).click(holder, actionId, choice),
    (one) => fits === undefined || says(one, fits),
  );
  return { kind: "message", as: who, message };
}

/** Clicks and shows the window that opens. */
export async function openedBy(
  stage: Stage,
  who: Handle,
  holder: ShownMessage | ShownView | ShownHome,
  click: { readonly actionId: string; readonly saying: string | RegExp; readonly blockId?: string },
): Promise<Subject & { readonly kind: "modal" }> {
  const { actionId, saying, blockId } = click;
  const choice = blockId === undefined ? {} : { blockId };
  await stage.window(
    who,
    async () => await stage.person(who).click(holder, actionId, choice),
    saying,
  );
  return { kind: "modal", as: who };
}
