/**
 * The frame around the client: the top bar with the one control that Slack does not have (whose eyes
 * we look through), and the rail.
 */
import type { VNode } from "preact";
import type { Person } from "../../slack/protocol.ts";
import { botConversation } from "../model/bot-conversation.ts";
import { go, viewAs } from "../model/session.ts";
import type { PageState } from "../model/state.ts";
import { Avatar } from "./avatar.tsx";
import { CaretIcon, ChartIcon, HomeIcon } from "./icons.tsx";

export function TopBar({ state }: { readonly state: PageState }): VNode {
  const { workspace, user } = state;
  return (
    <header class="top-bar">
      <span class="top-side" />
      <span class="switcher">
        <Avatar person={user} size="small" />
        <span class="switcher-words" aria-hidden="true">
          <span class="switcher-as">Viewing as</span> <strong>{user.name}</strong>
          <span class="switcher-title">{user.title}</span>
        </span>
        <CaretIcon />
        <select
          aria-label="Viewing as"
          value={user.id}
          onChange={(event) => viewAs(event.currentTarget.value)}
        >
          {workspace.people.map((person) => (
            <option value={person.id}>{personLabel(person)}</option>
          ))}
        </select>
      </span>
      <span class="top-side">
        {state.isConnected ? null : (
          <span class="offline" role="status">
            <span class="spinner" /> Reconnecting…
          </span>
        )}
      </span>
    </header>
  );
}

function personLabel({ name, title }: Person): string {
  return title === "" ? name : `${name} – ${title}`;
}

export function Rail({ state }: { readonly state: PageState }): VNode {
  const { workspace, user, place, conversations } = state;
  const first = conversations?.find(({ kind }) => kind === "channel") ?? conversations?.[0];
  const isApp =
    place.kind === "app" ||
    (place.kind === "conversation" && place.id === botConversation(state)?.id);
  return (
    <nav class="rail" aria-label="Workspace">
      <span class="workspace-tile" title={workspace.name}>
        {[...workspace.name][0]?.toUpperCase()}
      </span>
      <button
        type="button"
        class={isApp ? "rail-item" : "rail-item is-active"}
        onClick={() => {
          if (isApp && first !== undefined)
            go({ kind: "conversation", id: first.id, threadTs: null });
        }}
      >
        <span class="rail-icon">
          <HomeIcon />
        </span>
        Home
      </button>
      <button
        type="button"
        class={isApp ? "rail-item is-active" : "rail-item"}
        onClick={() => go({ kind: "app", tab: "home" })}
      >
        <span class="rail-icon">
          <ChartIcon />
        </span>
        Spend
      </button>
      <span class="rail-space" />
      <span class="rail-me" title={`${user.name}, ${user.email}`}>
        <Avatar person={user} />
        <span class="presence" />
      </span>
    </nav>
  );
}
