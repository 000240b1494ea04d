/** Draws the trees of mrkdwn and plain text. Data only ever becomes text nodes and checked hrefs. */
import type { VNode } from "preact";
import { current } from "../model/state.ts";
import { type Eye, fullTime, slackDate } from "../text/dates.ts";
import { record, string } from "../text/json.ts";
import { type Inline, type Paragraph, parseMrkdwn, parsePlain } from "../text/mrkdwn.ts";

export function eye(): Eye {
  const { user, nowMs } = current();
  return { timeZone: user.timeZone, nowMs };
}

export function Inlines({ nodes }: { readonly nodes: readonly Inline[] }): VNode {
  return <>{nodes.map(drawInline)}</>;
}

function drawInline(node: Inline): VNode | string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "break":
      return <br />;
    case "bold":
      return (
        <strong>
          <Inlines nodes={node.children} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Inlines nodes={node.children} />
        </em>
      );
    case "strike":
      return (
        <del>
          <Inlines nodes={node.children} />
        </del>
      );
    case "code":
      return (
        <code class="code">
          <Inlines nodes={node.children} />
        </code>
      );
    case "link":
      return (
        <ExternalLink href={node.href}>
          <Inlines nodes={node.children} />
        </ExternalLink>
      );
    case "emoji":
      return (
        <span class="emoji" role="img" aria-label={`${node.name} emoji`} title={`:${node.name}:`}>
          {node.character}
        </span>
      );
    case "user":
    case "channel":
    case "usergroup":
      return <Mention kind={node.kind} id={node.id} label={node.label} />;
    case "broadcast":
      return <span class="mention mention-me">@{node.range}</span>;
    case "date":
      return <SlackDate node={node} />;
  }
}

function ExternalLink(props: {
  readonly href: string;
  readonly children: preact.ComponentChildren;
}): VNode {
  return (
    <a class="link" href={props.href} target="_blank" rel="noopener noreferrer">
      {props.children}
    </a>
  );
}

function SlackDate({ node }: { readonly node: Extract<Inline, { kind: "date" }> }): VNode {
  const at = new Date(node.seconds * 1000);
  if (Number.isNaN(at.getTime())) return <span>{node.fallback}</span>;
  const words = slackDate(at.getTime(), node.format, eye());
  const time = (
    <time dateTime={at.toISOString()} title={fullTime(at.getTime(), eye())}>
      {words}
    </time>
  );
  return node.href === undefined ? time : <ExternalLink href={node.href}>{time}</ExternalLink>;
}

interface MentionProps {
  readonly kind: "user" | "channel" | "usergroup";
  readonly id: string;
  readonly label: string;
}

function Mention({ kind, id, label }: MentionProps): VNode {
  const { workspace, user } = current();
  if (kind === "channel") {
    const channel = workspace.channels.find((candidate) => candidate.id === id);
    const name = channel?.name ?? (label === "" ? id : label);
    return (
      <a class="mention" href={`#${user.id}/${id}`}>
        #{name}
      </a>
    );
  }
  if (kind === "usergroup") {
    const group = workspace.usergroups.find((candidate) => candidate.id === id);
    const isMine = group?.members.includes(user.id) === true;
    const name = group?.handle ?? (label === "" ? id : label.replace(/^@/, ""));
    return (
      <span class={isMine ? "mention mention-me" : "mention"} title={group?.name}>
        @{name}
      </span>
    );
  }
  const person = workspace.people.find((candidate) => candidate.id === id);
  const name =
    id === workspace.bot.userId
      ? workspace.bot.name
      : (person?.name ?? (label === "" ? id : label));
  return (
    <span class={id === user.id ? "mention mention-me" : "mention"} title={person?.title}>
      @{name}
    </span>
  );
}

function Paragraphs({ nodes }: { readonly nodes: readonly Paragraph[] }): VNode {
  return (
    <>
      {nodes.map(({ kind, children }) => {
        if (kind === "pre")
          return (
            <pre class="pre">
              <Inlines nodes={children} />
            </pre>
          );
        if (kind === "quote")
          return (
            <blockquote class="quote">
              <Inlines nodes={children} />
            </blockquote>
          );
        return (
          <div class="lines">
            <Inlines nodes={children} />
          </div>
        );
      })}
    </>
  );
}

export function Mrkdwn({
  text,
  verbatim = false,
}: {
  readonly text: string;
  readonly verbatim?: boolean;
}): VNode {
  return <Paragraphs nodes={parseMrkdwn(text, verbatim)} />;
}

/** A Slack text object of either type. */
export function TextObject({ value }: { readonly value: unknown }): VNode {
  const object = record(value) ?? {};
  const text = string(object["text"]);
  if (object["type"] === "mrkdwn")
    return <Mrkdwn text={text} verbatim={object["verbatim"] === true} />;
  return <Inlines nodes={parsePlain(text, object["emoji"] !== false)} />;
}
