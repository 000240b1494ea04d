/** Slack's rich_text block: sections, lists, quotes and preformatted text of typed elements. */
import type { ComponentChildren, VNode } from "preact";
import { emojiFor } from "../text/emoji.ts";
import { type Json, number, record, records, string } from "../text/json.ts";
import { type Inline, safeHref } from "../text/mrkdwn.ts";
import { Inlines } from "./inline.tsx";

export function RichText({ block }: { readonly block: Json }): VNode {
  return <div class="rich-text text">{records(block["elements"]).map(drawPart)}</div>;
}

function drawPart(part: Json): ComponentChildren {
  const elements = records(part["elements"]);
  switch (part["type"]) {
    case "rich_text_list": {
      const indent = number(part["indent"]) ?? 0;
      const items = elements.map((item) => <li>{drawElements(records(item["elements"]))}</li>);
      const className = `list list-${String(Math.min(indent, 8))}`;
      return part["style"] === "ordered" ? (
        <ol class={className} start={(number(part["offset"]) ?? 0) + 1}>
          {items}
        </ol>
      ) : (
        <ul class={className}>{items}</ul>
      );
    }
    case "rich_text_quote":
      return <blockquote class="quote">{drawElements(elements)}</blockquote>;
    case "rich_text_preformatted":
      return <pre class="pre">{drawElements(elements)}</pre>;
    default:
      return <div class="lines">{drawElements(elements)}</div>;
  }
}

function drawElements(elements: readonly Json[]): VNode {
  return <Inlines nodes={elements.flatMap(inlineOf)} />;
}

const STYLES = { bold: "bold", italic: "italic", strike: "strike", code: "code" } as const;

function inlineOf(element: Json): readonly Inline[] {
  let nodes = plainInlineOf(element);
  const style = record(element["style"]) ?? {};
  for (const [name, kind] of Object.entries(STYLES)) {
    if (style[name] === true) nodes = [{ kind, children: nodes }];
  }
  return nodes;
}

function plainInlineOf(element: Json): readonly Inline[] {
  switch (element["type"]) {
    case "text":
      return lines(string(element["text"]));
    case "link": {
      const url = string(element["url"]);
      const href = safeHref(url);
      const label = string(element["text"]) === "" ? url : string(element["text"]);
      return href === undefined ? lines(label) : [{ kind: "link", href, children: lines(label) }];
    }
    case "emoji": {
      const name = string(element["name"]);
      const character = emojiFor(name);
      return [
        character === undefined
          ? { kind: "text", text: `:${name}:` }
          : { kind: "emoji", name, character },
      ];
    }
    case "user":
      return [{ kind: "user", id: string(element["user_id"]), label: "" }];
    case "channel":
      return [{ kind: "channel", id: string(element["channel_id"]), label: "" }];
    case "usergroup":
      return [{ kind: "usergroup", id: string(element["usergroup_id"]), label: "" }];
    case "broadcast":
      return [{ kind: "broadcast", range: string(element["range"]) }];
    case "date": {
      const seconds = number(element["timestamp"]) ?? 0;
      const fallback = string(element["fallback"]);
      const href = safeHref(string(element["url"]));
      return [{ kind: "date", seconds, format: string(element["format"]), href, fallback }];
    }
    case "color":
      return [{ kind: "code", children: [{ kind: "text", text: string(element["value"]) }] }];
    default:
      return [];
  }
}

function lines(text: string): readonly Inline[] {
  return text.split("\n").flatMap((line, index): readonly Inline[] => {
    const words: Inline = { kind: "text", text: line };
    return index === 0 ? [words] : [{ kind: "break" }, words];
  });
}
