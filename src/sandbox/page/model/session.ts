/**
 * What happens on the page: it starts, a person is chosen, a place is opened, something changed on
 * the server. Keeps the state in step with the server through change notices, without polling.
 */
import type { ChangeNotice, Person } from "../../slack/protocol.ts";
import { hashOf, type Place, parseHash } from "./place.ts";
import { fetchShown, isFailure, listen, tell } from "./requests.ts";
import { begin, conversationKey, current, type PageState, update } from "./state.ts";

const RETRY_MS = 1_000;
const CLOCK_MS = 15_000;

let stopListening: (() => void) | undefined;

/** Fetches the workspace, as often as it takes, and opens what the address names. */
export async function start(): Promise<void> {
  const workspace = await fetchShown("/workspace", {});
  const first = isFailure(workspace) ? undefined : workspace.people[0];
  if (isFailure(workspace) || first === undefined) {
    setTimeout(() => void start(), RETRY_MS);
    return;
  }
  document.title = `${workspace.name} – Slack sandbox`;
  const { user, place } = parseHash(location.hash);
  begin(freshState(workspace, workspace.people.find(({ id }) => id === user) ?? first, place));
  addEventListener("hashchange", followAddress);
  document.addEventListener("visibilitychange", () => void markAsRead());
  setInterval(() => update({ nowMs: Date.now() }), CLOCK_MS);
  beginAs();
}

function freshState(workspace: PageState["workspace"], user: Person, place: Place): PageState {
  return {
    workspace,
    user,
    place,
    conversations: undefined,
    messages: {},
    home: undefined,
    modals: [],
    notices: [],
    unreadSince: undefined,
    entered: {},
    confirmation: undefined,
    isConnected: true,
    nowMs: Date.now(),
  };
}

/** The address is the only way to move, so that Back and links work. */
export function go(place: Place): void {
  location.hash = hashOf(current().user.id, place);
}

/** Looks at the workspace with another person's eyes, in the same place where they may be there. */
export function viewAs(userId: string): void {
  const { place, workspace } = current();
  const mayStay =
    place.kind !== "conversation" ||
    workspace.channels.some(({ id, members }) => id === place.id && members.includes(userId));
  location.hash = hashOf(userId, mayStay ? place : { kind: "none" });
}

function followAddress(): void {
  const { workspace, user, place } = current();
  const next = parseHash(location.hash);
  const person = workspace.people.find(({ id }) => id === next.user) ?? user;
  if (person.id !== user.id) {
    begin(freshState(workspace, person, next.place));
    beginAs();
    return;
  }
  if (JSON.stringify(next.place) === JSON.stringify(place)) return;
  const isSameConversation =
    place.kind === "conversation" &&
    next.place.kind === "conversation" &&
    place.id === next.place.id;
  update({ place: next.place, ...(isSameConversation ? {} : { unreadSince: undefined }) });
  openPlace();
}

function beginAs(): void {
  stopListening?.();
  stopListening = listen(current().user.id, {
    change: takeNotice,
    connected: () => {
      update({ isConnected: true });
      refreshAll();
    },
    lost: () => update({ isConnected: false }),
  });
  refreshAll();
  openPlace();
}

function refreshAll(): void {
  const { place } = current();
  void refreshConversations();
  void refreshModals();
  if (place.kind === "conversation") {
    void refreshMessages(place.id, null);
    if (place.threadTs !== null) void refreshMessages(place.id, place.threadTs);
  }
  if (place.kind === "app") void refreshHome();
}

function openPlace(): void {
  const { place, user, workspace, conversations } = current();
  if (place.kind === "app") {
    void refreshHome();
    if (place.tab === "home") void tell("/home", { user: user.id, tab: "home" });
    return;
  }
  if (place.kind === "none") {
    leaveNowhere();
    return;
  }
  rememberUnread(place.id);
  const conversation = conversations?.find(({ id }) => id === place.id);
  if (conversation?.kind === "dm" && conversation.name === workspace.bot.name) {
    void tell("/home", { user: user.id, tab: "messages" });
  }
  void refreshMessages(place.id, null);
  if (place.threadTs !== null) void refreshMessages(place.id, place.threadTs);
}

/** A desktop always shows a conversation; a phone may show the side bar alone. */
function leaveNowhere(): void {
  const { place, conversations, user } = current();
  const isPhone = matchMedia("(max-width: 720px)").matches;
  const first = conversations?.find(({ kind }) => kind === "channel") ?? conversations?.[0];
  const isAway =
    place.kind === "none" ||
    (place.kind === "conversation" && conversations?.every(({ id }) => id !== place.id) === true);
  if (!isAway || first === undefined || (isPhone && place.kind === "none")) return;
  const next: Place = isPhone
    ? { kind: "none" }
    : { kind: "conversation", id: first.id, threadTs: null };
  history.replaceState(null, "", hashOf(user.id, next));
  update({ place: next });
  if (next.kind === "conversation") openPlace();
}

function rememberUnread(channel: string): void {
  const conversation = current().conversations?.find(({ id }) => id === channel);
  if (conversation === undefined || conversation.unreadCount === 0) return;
  if (current().unreadSince?.channel === channel) return;
  update({ unreadSince: { channel, ts: conversation.lastReadTs } });
}

function takeNotice(notice: ChangeNotice): void {
  const { place } = current();
  switch (notice.kind) {
    case "message":
      if (place.kind === "conversation" && place.id === notice.channel) {
        void refreshMessages(notice.channel, null);
        const thread = notice.threadTs ?? notice.ts;
        if (place.threadTs === thread) void refreshMessages(notice.channel, thread);
      }
      void refreshConversations();
      return;
    case "conversations":
      void refreshConversations();
      return;
    case "modals":
      void refreshModals();
      return;
    case "home":
      void refreshHome();
      return;
  }
}

/** One request at a time for each thing; a change meanwhile leads to one more, not to many. */
const fetching = new Map<string, "once" | "again">();

async function refresh(key: string, work: () => Promise<void>): Promise<void> {
  const own = `${current().user.id} ${key}`;
  if (fetching.has(own)) {
    fetching.set(own, "again");
    return;
  }
  do {
    fetching.set(own, "once");
    await work();
  } while (fetching.get(own) === "again");
  fetching.delete(own);
}

async function refreshConversations(): Promise<void> {
  await refresh("conversations", async () => {
    const user = current().user.id;
    const shown = await fetchShown("/state", { user });
    if (isFailure(shown) || current().user.id !== user) return;
    const isFirst = current().conversations === undefined;
    update({ conversations: shown.conversations });
    const { place } = current();
    if (isFirst && place.kind === "conversation") rememberUnread(place.id);
    leaveNowhere();
    await markAsRead();
  });
}

export async function refreshMessages(channel: string, threadTs: string | null): Promise<void> {
  const key = conversationKey(channel, threadTs);
  await refresh(key, async () => {
    const user = current().user.id;
    const thread = threadTs === null ? {} : { thread: threadTs };
    const shown = await fetchShown("/messages", { user, channel, ...thread });
    if (isFailure(shown) || current().user.id !== user) return;
    update({ messages: { ...current().messages, [key]: shown.messages }, nowMs: Date.now() });
    await markAsRead();
  });
}

async function markAsRead(): Promise<void> {
  const { place, conversations, user } = current();
  if (place.kind !== "conversation" || document.visibilityState !== "visible") return;
  const conversation = conversations?.find(({ id }) => id === place.id);
  if (conversation === undefined || conversation.unreadCount === 0) return;
  await tell("/read", { user: user.id, channel: place.id });
}

export async function refreshModals(): Promise<void> {
  await refresh("modals", async () => {
    const user = current().user.id;
    const shown = await fetchShown("/modals", { user });
    if (!isFailure(shown) && current().user.id === user) update({ modals: shown.views });
  });
}

async function refreshHome(): Promise<void> {
  await refresh("home", async () => {
    const user = current().user.id;
    const shown = await fetchShown("/home", { user });
    if (!isFailure(shown) && current().user.id === user) update({ home: shown });
  });
}
