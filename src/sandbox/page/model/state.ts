/**
 * Everything the page knows, in one immutable value, and the hook that draws it. Who changes it
 * stands in session.ts; components only read it and call the session.
 */
import { useEffect, useState } from "preact/hooks";
import type {
  Conversation,
  EnteredValues,
  Person,
  ShownHome,
  ShownMessage,
  ShownView,
  SlackWorkspace,
} from "../../slack/protocol.ts";
import type { Json } from "../text/json.ts";
import type { Place } from "./place.ts";

export interface PageState {
  readonly workspace: SlackWorkspace;
  readonly user: Person;
  readonly place: Place;
  /** Undefined while they are being fetched. */
  readonly conversations: readonly Conversation[] | undefined;
  /** By `conversationKey`: a conversation, or one thread of it. */
  readonly messages: Readonly<Record<string, readonly ShownMessage[]>>;
  readonly home: ShownHome | undefined;
  readonly modals: readonly ShownView[];
  readonly notices: readonly Notice[];
  /** Where "New" stands in the open conversation. */
  readonly unreadSince: { readonly channel: string; readonly ts: string } | undefined;
  /** What a person typed or chose in blocks, by `containerKey`. */
  readonly entered: Readonly<Record<string, EnteredValues>>;
  readonly confirmation: Confirmation | undefined;
  readonly isConnected: boolean;
  readonly nowMs: number;
}

/** A line of Slackbot that only this page knows, such as a command that failed. */
export interface Notice {
  readonly id: number;
  readonly key: string;
  /** The message below which it stands. */
  readonly afterTs: string;
  readonly atMs: number;
  readonly text: string;
}

/** An open "Are you sure?" with the block element's own words. */
export interface Confirmation {
  readonly words: Json;
  readonly answer: (isConfirmed: boolean) => void;
}

let state: PageState | undefined;
const listeners = new Set<() => void>();

export function conversationKey(channel: string, threadTs: string | null): string {
  return threadTs === null ? channel : `${channel}/${threadTs}`;
}

/** The state; only after the workspace has arrived. */
export function current(): PageState {
  if (state === undefined) throw new Error("the workspace must have arrived");
  return state;
}

export function begin(first: PageState): void {
  state = first;
  announce();
}

export function update(change: Partial<PageState>): void {
  state = { ...current(), ...change };
  announce();
}

function announce(): void {
  for (const listener of listeners) listener();
}

/** The whole state, drawn again with each change; undefined until the workspace has arrived. */
export function usePageState(): PageState | undefined {
  const [shown, show] = useState(state);
  useEffect(() => {
    const listener = (): void => {
      show(state);
    };
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return shown;
}
