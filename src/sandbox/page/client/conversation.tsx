/** An open conversation: its header (with tabs for the app), its messages, its composer, its thread. */
import type { VNode } from "preact";
import type { Channel, Conversation } from "../../slack/protocol.ts";
import { go } from "../model/session.ts";
import { conversationKey, type PageState } from "../model/state.ts";
import { AppHeader } from "./app-page.tsx";
import { Avatar, BotAvatar } from "./avatar.tsx";
import { BackButton } from "./back-button.tsx";
import { Composer } from "./composer.tsx";
import { CloseIcon, HashIcon, LockIcon } from "./icons.tsx";
import { MessageList } from "./message-list.tsx";

interface ConversationProps {
  readonly state: PageState;
  readonly conversation: Conversation;
  readonly threadTs: string | null;
  readonly isApp: boolean;
}

export function ConversationPage({
  state,
  conversation,
  threadTs,
  isApp,
}: ConversationProps): VNode {
  const { id, name } = conversation;
  const channel = state.workspace.channels.find((candidate) => candidate.id === id);
  const key = conversationKey(id, null);
  const title = isApp ? name : `#${name}`;
  return (
    <>
      <main class="main" aria-label={title}>
        {isApp ? (
          <AppHeader state={state} tab="messages" />
        ) : (
          <ChannelHeader state={state} name={name} channel={channel} />
        )}
        <MessageList
          label={`Messages in ${title}`}
          messages={state.messages[key]}
          notices={state.notices.filter((notice) => notice.key === key)}
          unreadSince={state.unreadSince?.channel === id ? state.unreadSince.ts : undefined}
          isThread={false}
        >
          {isApp ? <AppIntro state={state} /> : <ChannelIntro name={name} channel={channel} />}
        </MessageList>
        {conversation.isReadOnly ? (
          <p class="read-only">Sending messages to this app has been turned off.</p>
        ) : (
          <Composer
            spot={{ channel: id, threadTs: null }}
            label="Message"
            placeholder={`Message ${title}`}
          />
        )}
      </main>
      {threadTs !== null && (
        <Thread
          key={threadTs}
          state={state}
          conversation={conversation}
          threadTs={threadTs}
          title={title}
        />
      )}
    </>
  );
}

interface HeaderProps {
  readonly state: PageState;
  readonly name: string;
  readonly channel: Channel | undefined;
}

function ChannelHeader({ state, name, channel }: HeaderProps): VNode {
  const { people, bot } = state.workspace;
  const members = people.filter(({ id }) => channel?.members.includes(id));
  const hasBot = channel?.members.includes(bot.userId) === true;
  const count = members.length + (hasBot ? 1 : 0);
  const names = [...members.map((person) => person.name), ...(hasBot ? [bot.name] : [])].join(", ");
  return (
    <header class="page-head">
      <BackButton />
      <h2 class="page-title">
        {channel?.isPrivate === true ? <LockIcon /> : <HashIcon />} {name}
      </h2>
      <span class="page-topic">{channel?.purpose}</span>
      {count > 0 && (
        <span
          class="members"
          title={names}
          role="img"
          aria-label={`${String(count)} members: ${names}`}
        >
          {members.slice(0, 3).map((person) => (
            <Avatar key={person.id} person={person} size="small" />
          ))}
          <span>{count}</span>
        </span>
      )}
    </header>
  );
}

function ChannelIntro({
  name,
  channel,
}: {
  readonly name: string;
  readonly channel: Channel | undefined;
}): VNode {
  return (
    <div class="intro">
      <h3>
        {channel?.isPrivate === true ? <LockIcon /> : <HashIcon />} {name}
      </h3>
      <p>
        This is the very beginning of the <strong>#{name}</strong> channel. {channel?.purpose}
      </p>
    </div>
  );
}

function AppIntro({ state }: { readonly state: PageState }): VNode {
  const { bot } = state.workspace;
  return (
    <div class="intro intro-app">
      <BotAvatar bot={bot} size="large" />
      <h3>{bot.name}</h3>
      <p>
        This is the very beginning of your direct message history with <strong>{bot.name}</strong>.
        Only the two of you see it.
      </p>
    </div>
  );
}

interface ThreadProps {
  readonly state: PageState;
  readonly conversation: Conversation;
  readonly threadTs: string;
  readonly title: string;
}

function Thread({ state, conversation, threadTs, title }: ThreadProps): VNode {
  const { id } = conversation;
  const key = conversationKey(id, threadTs);
  const close = (): void => go({ kind: "conversation", id, threadTs: null });
  return (
    <aside
      class="thread"
      aria-label="Thread"
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <header class="page-head">
        <h2 class="page-title">Thread</h2>
        <span class="page-topic">{title}</span>
        <button type="button" class="icon-button" aria-label="Close thread" onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <MessageList
        label="Replies"
        messages={state.messages[key]}
        notices={state.notices.filter((notice) => notice.key === key)}
        unreadSince={undefined}
        isThread
      />
      {!conversation.isReadOnly && (
        <Composer spot={{ channel: id, threadTs }} label="Reply" placeholder="Reply…" />
      )}
    </aside>
  );
}
