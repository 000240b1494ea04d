/** One message: who, when, what, and its thread. Also the lines of Slackbot that only this page knows. */
import type { ComponentChildren, VNode } from "preact";
import type { ShownMessage } from "../../slack/protocol.ts";
import { Blocks } from "../blocks/blocks.tsx";
import { eye, Mrkdwn } from "../blocks/inline.tsx";
import { SurfaceContext, useNewSurface } from "../blocks/surface.tsx";
import { go } from "../model/session.ts";
import { current, type Notice } from "../model/state.ts";
import { ago, fullTime, msOf, shortTime, timeOfDay } from "../text/dates.ts";
import { Avatar, BotAvatar, SlackbotAvatar } from "./avatar.tsx";
import { EyeIcon, ThreadIcon } from "./icons.tsx";

interface MessageProps {
  readonly message: ShownMessage;
  /** Follows another one of the same author at once: no picture and name. */
  readonly isCompact: boolean;
  readonly isInThread: boolean;
}

export function Message({ message, isCompact, isInThread }: MessageProps): VNode {
  const surface = useNewSurface(
    { type: "message", channel: message.channel, ts: message.ts },
    "message",
  );
  const openThread = (): void =>
    go({ kind: "conversation", id: message.channel, threadTs: message.ts });
  return (
    <Frame
      ts={message.ts}
      ms={msOf(message.ts)}
      isCompact={isCompact}
      isPrivate={message.isEphemeral}
      author={authorName(message)}
      isApp={message.isBot}
      picture={<Picture message={message} />}
    >
      <div class="message-body">
        <SurfaceContext.Provider value={surface}>
          {message.blocks.length === 0 ? (
            <div class="text">
              <Mrkdwn text={message.text} />
            </div>
          ) : (
            <Blocks blocks={message.blocks} />
          )}
        </SurfaceContext.Provider>
        {message.isEdited && <span class="edited">(edited)</span>}
      </div>
      {!isInThread && message.replyCount > 0 && <Replies message={message} open={openThread} />}
      {!isInThread && !message.isEphemeral && (
        <div class="message-tools">
          <button
            type="button"
            aria-label="Reply in thread"
            title="Reply in thread"
            onClick={openThread}
          >
            <ThreadIcon />
          </button>
        </div>
      )}
    </Frame>
  );
}

interface FrameProps {
  /** Undefined: Slack has no such message. */
  readonly ts?: string;
  readonly ms: number;
  readonly isCompact: boolean;
  readonly isPrivate: boolean;
  readonly author: string;
  readonly isApp: boolean;
  readonly picture: VNode;
  readonly children: ComponentChildren;
}

function Frame({
  ts,
  ms,
  isCompact,
  isPrivate,
  author,
  isApp,
  picture,
  children,
}: FrameProps): VNode {
  const time = new Date(ms).toISOString();
  return (
    <article
      class={`message ${isCompact ? "message-compact" : ""} ${isPrivate ? "message-private" : ""}`}
      data-ts={ts}
      aria-label={`${author}, ${timeOfDay(ms, eye())}`}
    >
      {isPrivate && (
        <div class="only-you">
          <EyeIcon /> Only visible to you
        </div>
      )}
      <div class="message-gutter">
        {isCompact ? (
          <time class="gutter-time" dateTime={time}>
            {shortTime(ms, eye())}
          </time>
        ) : (
          picture
        )}
      </div>
      <div class="message-main">
        {!isCompact && (
          <div class="message-head">
            <span class="author">{author}</span>
            {isApp && <span class="app-badge">APP</span>}
            <time class="time" dateTime={time} title={fullTime(ms, eye())}>
              {timeOfDay(ms, eye())}
            </time>
          </div>
        )}
        {children}
      </div>
    </article>
  );
}

function authorName({ author }: ShownMessage): string {
  const { workspace } = current();
  if (author === workspace.bot.userId) return workspace.bot.name;
  return workspace.people.find(({ id }) => id === author)?.name ?? "Slackbot";
}

function Picture({ message }: { readonly message: ShownMessage }): VNode {
  const { workspace } = current();
  if (message.author === workspace.bot.userId) return <BotAvatar bot={workspace.bot} />;
  const person = workspace.people.find(({ id }) => id === message.author);
  return person === undefined ? <SlackbotAvatar /> : <Avatar person={person} />;
}

function Replies({
  message,
  open,
}: {
  readonly message: ShownMessage;
  readonly open: () => void;
}): VNode {
  const count = message.replyCount;
  return (
    <button type="button" class="replies" onClick={open}>
      <ThreadIcon />
      <strong>
        {count} {count === 1 ? "reply" : "replies"}
      </strong>
      {message.lastReplyTs !== null && (
        <span class="replies-last">Last reply {ago(msOf(message.lastReplyTs), eye())}</span>
      )}
    </button>
  );
}

export function NoticeLine({ notice }: { readonly notice: Notice }): VNode {
  return (
    <Frame
      ms={notice.atMs}
      isCompact={false}
      isPrivate
      author="Slackbot"
      isApp={false}
      picture={<SlackbotAvatar />}
    >
      <div class="message-body text" role="alert">
        <Mrkdwn text={notice.text} />
      </div>
    </Frame>
  );
}
