/** The list of conversations of one person: channels, then the app with its direct message. */
import type { ComponentChildren, VNode } from "preact";
import type { Conversation } from "../../slack/protocol.ts";
import { botConversation } from "../model/bot-conversation.ts";
import { hashOf, type Place } from "../model/place.ts";
import type { PageState } from "../model/state.ts";
import { BotAvatar } from "./avatar.tsx";
import { CaretIcon, HashIcon, LockIcon } from "./icons.tsx";

export function SideBar({ state }: { readonly state: PageState }): VNode {
  const { workspace, conversations, place } = state;
  const bot = botConversation(state);
  const channels = conversations?.filter(({ kind }) => kind === "channel") ?? [];
  const isApp = place.kind === "app" || (place.kind === "conversation" && place.id === bot?.id);
  return (
    <nav class="side-bar" aria-label="Conversations">
      <div class="side-bar-head">
        <h1>{workspace.name}</h1>
      </div>
      <div class="side-bar-scroll">
        <Group name="Channels">
          {conversations === undefined && [1, 2, 3].map(() => <span class="side-bar-bone" />)}
          {channels.map((channel) => (
            <Link
              key={channel.id}
              state={state}
              to={{ kind: "conversation", id: channel.id, threadTs: null }}
              isOpen={place.kind === "conversation" && place.id === channel.id}
              conversation={channel}
              name={channel.name}
              icon={isPrivate(state, channel.id) ? <LockIcon /> : <HashIcon />}
            />
          ))}
        </Group>
        <Group name="Apps">
          <Link
            state={state}
            to={
              bot !== undefined && bot.unreadCount > 0
                ? { kind: "conversation", id: bot.id, threadTs: null }
                : { kind: "app", tab: "home" }
            }
            isOpen={isApp}
            conversation={bot}
            name={workspace.bot.name}
            icon={<BotAvatar bot={workspace.bot} size="small" />}
          />
        </Group>
      </div>
    </nav>
  );
}

function isPrivate({ workspace }: PageState, id: string): boolean {
  return workspace.channels.some((channel) => channel.id === id && channel.isPrivate);
}

function Group({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <section class="side-bar-group" aria-label={name}>
      <h2>
        <CaretIcon /> {name}
      </h2>
      {children}
    </section>
  );
}

interface LinkProps {
  readonly state: PageState;
  readonly to: Place;
  readonly isOpen: boolean;
  readonly conversation: Conversation | undefined;
  readonly name: string;
  readonly icon: VNode;
}

function Link({ state, to, isOpen, conversation, name, icon }: LinkProps): VNode {
  const unread = conversation?.unreadCount ?? 0;
  const showsCount = unread > 0 && conversation?.isHighlighted === true;
  return (
    <a
      class={`side-bar-link ${isOpen ? "is-open" : ""} ${unread > 0 ? "is-unread" : ""}`}
      href={hashOf(state.user.id, to)}
      aria-current={isOpen ? "page" : undefined}
    >
      <span class="side-bar-icon">{icon}</span>
      <span class="side-bar-name">{name}</span>
      {showsCount && (
        <span class="badge" aria-label={`${String(unread)} unread`}>
          {unread}
        </span>
      )}
    </a>
  );
}
