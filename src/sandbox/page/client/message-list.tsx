/**
 * The messages of a conversation or thread, with day dividers and the line where unread ones begin.
 * Stays at the end while the reader is at the end, and never moves what someone is reading.
 */
import { type ComponentChildren, Fragment, type VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ShownMessage } from "../../slack/protocol.ts";
import { eye } from "../blocks/inline.tsx";
import type { Notice } from "../model/state.ts";
import { dayKey, dayName, msOf } from "../text/dates.ts";
import { Message, NoticeLine } from "./message.tsx";

interface MessageListProps {
  /** Undefined while they are being fetched. */
  readonly messages: readonly ShownMessage[] | undefined;
  readonly notices: readonly Notice[];
  readonly unreadSince: string | undefined;
  readonly isThread: boolean;
  readonly label: string;
  readonly children?: ComponentChildren;
}

const COMPACT_WITHIN_MS = 300_000;
/** Within this distance of the end a reader counts as being at the end. */
const END_PIXELS = 60;

export function MessageList(props: MessageListProps): VNode {
  const { messages, notices, children } = props;
  const frame = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const stay = (): void => {
      if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    };
    stay();
    // Pictures, opened containers and a growing composer change heights without a new message.
    const observer = new ResizeObserver(stay);
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [messages, notices]);
  const onScroll = (): void => {
    const element = frame.current;
    if (element === null) return;
    isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < END_PIXELS;
  };
  return (
    <div
      class="message-scroll"
      ref={frame}
      onScroll={onScroll}
      role="log"
      aria-label={props.label}
      tabIndex={0}
    >
      <div class="message-list">
        {children}
        {messages === undefined ? <Bones /> : <Lines {...props} messages={messages} />}
      </div>
    </div>
  );
}

function Lines(props: MessageListProps & { readonly messages: readonly ShownMessage[] }): VNode {
  const { messages, notices, unreadSince, isThread } = props;
  const known = new Set(messages.map(({ ts }) => ts));
  const early = notices.filter(({ afterTs }) => !known.has(afterTs));
  const firstUnread =
    unreadSince === undefined
      ? undefined
      : messages.find(({ ts }) => Number(ts) > Number(unreadSince));
  return (
    <>
      {messages.map((message, index) => {
        const before = messages[index - 1];
        const isNewDay = before === undefined || dayOf(before) !== dayOf(message);
        const isUnread = message === firstUnread;
        const hasNotice =
          before !== undefined && notices.some(({ afterTs }) => afterTs === before.ts);
        return (
          <Fragment key={message.ts}>
            {!isThread && isNewDay && <DayDivider ms={msOf(message.ts)} isUnread={isUnread} />}
            {isUnread && (isThread || !isNewDay) && (
              <div class="unread-line" role="separator">
                <span>New</span>
              </div>
            )}
            <Message
              message={message}
              isInThread={isThread}
              isCompact={!isNewDay && !isUnread && !hasNotice && continues(before, message)}
            />
            {isThread && index === 0 && <ReplyCount count={messages.length - 1} />}
            {notices
              .filter(({ afterTs }) => afterTs === message.ts)
              .map((notice) => (
                <NoticeLine key={notice.id} notice={notice} />
              ))}
          </Fragment>
        );
      })}
      {early.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </>
  );
}

function dayOf({ ts }: ShownMessage): string {
  return dayKey(msOf(ts), eye());
}

/** Several blocks are something of their own: without a head one could not tell where they begin. */
function continues(before: ShownMessage | undefined, message: ShownMessage): boolean {
  return (
    before !== undefined &&
    before.author === message.author &&
    !before.isEphemeral &&
    !message.isEphemeral &&
    before.replyCount === 0 &&
    message.blocks.length <= 1 &&
    msOf(message.ts) - msOf(before.ts) < COMPACT_WITHIN_MS
  );
}

function DayDivider({ ms, isUnread }: { readonly ms: number; readonly isUnread: boolean }): VNode {
  return (
    <div class={isUnread ? "day-line is-unread" : "day-line"} role="separator">
      <span class="day-name">{dayName(ms, eye())}</span>
      {isUnread && <span class="day-new">New</span>}
    </div>
  );
}

function ReplyCount({ count }: { readonly count: number }): VNode {
  const words =
    count === 0 ? "No replies yet" : `${String(count)} ${count === 1 ? "reply" : "replies"}`;
  return (
    <div class="reply-count">
      <span>{words}</span>
    </div>
  );
}

function Bones(): VNode {
  return (
    <div class="bones" role="status" aria-label="Loading messages">
      {[62, 84, 45, 70].map((width) => (
        <div class="bone">
          <span class="bone-picture" />
          <span class="bone-lines">
            <span style={{ width: "22%" }} />
            <span style={{ width: `${String(width)}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
