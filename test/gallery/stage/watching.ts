/** Doing something as a person of the workspace, and waiting for what comes of it. */
import { setTimeout } from "node:timers/promises";
import type { PersonAtSlack } from "../../../src/sandbox/slack/driver.ts";
import type { FakeSlack } from "../../../src/sandbox/slack/index.ts";
import type { ShownHome, ShownMessage, ShownView } from "../../../src/sandbox/slack/protocol.ts";

const WAIT_MS = 15_000;
/** Beyond the next full minute, when the clockwork looks again. */
const LOOKS_WITHIN_MS = 80_000;
const PEOPLE = {
  dana: "U01DANAKIM0",
  ana: "U02ANASILVA",
  bo: "U03BOCHEN00",
  finn: "U04FINNROTH",
  cleo: "U05CLEOMART",
  dev: "U06DEVPATEL",
  mia: "U07MIANOVAK",
} as const;

export type Handle = keyof typeof PEOPLE;
const HANDLES = ["dana", "ana", "bo", "finn", "cleo", "dev", "mia"] as const;

export interface Watching {
  readonly person: (handle: Handle) => PersonAtSlack;
  /** What appears or changes in a place when somebody does something, as soon as it fits. */
  readonly see: (
    who: Handle,
    place: string,
    act: () => Promise<unknown>,
    fits?: (message: ShownMessage) => boolean,
  ) => Promise<ShownMessage>;
  /** What a line is answered with. */
  readonly ask: (
    who: Handle,
    line: string,
    place?: string,
  ) => Promise<{ readonly kind: "message"; readonly as: Handle; readonly message: ShownMessage }>;
  /** The window that opens or changes when somebody does something, once it says this. */
  readonly window: (
    who: Handle,
    act: () => Promise<unknown>,
    saying: string | RegExp,
  ) => Promise<ShownView>;
  readonly home: (who: Handle, fits?: (home: ShownHome) => boolean) => Promise<ShownHome>;
  /** What `find` finds, as soon as it does. */
  readonly until: <T>(find: () => T | undefined, describe: string) => Promise<T>;
  /** Nobody has a window open any more. */
  readonly closeWindows: () => Promise<void>;
}

export function watching(fake: FakeSlack): Watching {
  const person: Watching["person"] = (handle) => fake.as(PEOPLE[handle]);
  const see: Watching["see"] = async (who, place, act, fits = () => true) => {
    const eyes = person(who);
    const before = new Map(eyes.messages(place).map((one) => [one.ts, JSON.stringify(one.blocks)]));
    const isNew = (one: ShownMessage): boolean =>
      one.isBot && before.get(one.ts) !== JSON.stringify(one.blocks) && fits(one);
    await act();
    return await eyes.waitForMessage(place, isNew, WAIT_MS);
  };
  return {
    person,
    see,
    ask: async (who, line, place = "#general") => ({
      kind: "message",
      as: who,
      message: await see(who, place, async () => await mustDo(person(who).command(line, place))),
    }),
    window: async (who, act, saying) => {
      await act();
      const says = (view: ShownView): boolean =>
        new RegExp(saying).test(JSON.stringify([view.title.text, view.blocks]));
      return await person(who).waitForModal(says, WAIT_MS);
    },
    home: async (who, fits) => {
      await mustDo(person(who).openHome());
      return await person(who).waitForHome(fits, WAIT_MS);
    },
    until,
    closeWindows: async () => {
      for (const handle of HANDLES) {
        const open = person(handle).modal();
        // oxlint-disable-next-line no-await-in-loop -- at most one is open
        if (open !== undefined) await person(handle).close(open, true);
      }
    },
  };
}

async function until<T>(find: () => T | undefined, describe: string): Promise<T> {
  const end = Date.now() + LOOKS_WITHIN_MS;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${describe}`);
    // oxlint-disable-next-line no-await-in-loop -- looks until it is there
    await setTimeout(100);
  }
}

/** Slack says when the bot did not answer it. */
async function mustDo(deed: Promise<{ readonly ok: boolean }>): Promise<void> {
  const outcome = await deed;
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
}
