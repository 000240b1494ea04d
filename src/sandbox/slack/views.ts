/** Views: the stack of modals that a person has open, and their App Home. */
import { randomBytes } from "node:crypto";
import type { View } from "./block-kit.ts";
import type { ShownHome, ShownView } from "./protocol.ts";
import { newId, type Slack, type StoredView } from "./state.ts";

const STACK_MAX = 3;

/** Opens a modal in place of whatever the person has open. */
export function openView(slack: Slack, userId: string, view: View): StoredView {
  for (const id of stackOf(slack, userId)) slack.state.views.delete(id);
  slack.state.stacks.set(userId, []);
  return stackView(slack, userId, view);
}

/** Puts a modal on top of the open ones; undefined when three are open already. */
export function pushView(slack: Slack, userId: string, view: View): StoredView | undefined {
  return stackOf(slack, userId).length >= STACK_MAX ? undefined : stackView(slack, userId, view);
}

function stackView(slack: Slack, userId: string, view: View): StoredView {
  const stack = stackOf(slack, userId);
  const id = newId("V");
  const stored: StoredView = {
    ...view,
    id,
    hash: newHash(slack),
    userId,
    rootViewId: stack[0] ?? id,
    previousViewId: stack.at(-1) ?? null,
  };
  slack.state.views.set(id, stored);
  slack.state.stacks.set(userId, [...stack, id]);
  slack.notify([userId], { kind: "modals" });
  return stored;
}

/** Replaces the content of an open view; its id stays, its hash changes. */
export function updateView(slack: Slack, current: StoredView, view: View): StoredView {
  const updated: StoredView = { ...current, ...view, hash: newHash(slack) };
  slack.state.views.set(current.id, updated);
  if (updated.type === "home") slack.state.homes.set(current.userId, updated);
  slack.notify([current.userId], { kind: updated.type === "home" ? "home" : "modals" });
  return updated;
}

export function publishHome(slack: Slack, userId: string, view: View): StoredView {
  const current = slack.state.homes.get(userId);
  if (current !== undefined) return updateView(slack, current, view);
  const id = newId("V");
  const home: StoredView = {
    ...view,
    id,
    hash: newHash(slack),
    userId,
    rootViewId: id,
    previousViewId: null,
  };
  slack.state.views.set(id, home);
  slack.state.homes.set(userId, home);
  slack.notify([userId], { kind: "home" });
  return home;
}

/** Takes one modal off the stack, or all of them. */
export function closeView(slack: Slack, view: StoredView, isCleared: boolean): void {
  const stack = stackOf(slack, view.userId);
  const kept = isCleared ? [] : stack.filter((id) => id !== view.id);
  for (const id of stack) if (!kept.includes(id)) slack.state.views.delete(id);
  slack.state.stacks.set(view.userId, kept);
  slack.notify([view.userId], { kind: "modals" });
}

export function stackOf(slack: Slack, userId: string): readonly string[] {
  return slack.state.stacks.get(userId) ?? [];
}

export function shownModals(slack: Slack, userId: string): readonly ShownView[] {
  return stackOf(slack, userId).flatMap((id) => {
    const view = slack.state.views.get(id);
    if (view === undefined) return [];
    const { hash, blocks, submit, close } = view;
    const title = view.title ?? { type: "plain_text", text: "" };
    return [
      {
        id,
        hash,
        callbackId: view.callback_id,
        title: shownText(title),
        submit: submit === null ? null : shownText(submit),
        close: close === null ? null : shownText(close),
        blocks,
      },
    ];
  });
}

export function shownHome(slack: Slack, userId: string): ShownHome {
  const home = slack.state.homes.get(userId);
  return { viewId: home?.id ?? null, hash: home?.hash ?? null, blocks: home?.blocks ?? [] };
}

function shownText({ text, emoji }: NonNullable<View["title"]>): ShownView["title"] {
  return { type: "plain_text", text, ...(emoji === undefined ? {} : { emoji }) };
}

function newHash(slack: Slack): string {
  return `${String(Math.floor(slack.now() / 1000))}.${randomBytes(4).toString("hex")}`;
}
