/** Draws the parts of a Markdown text. */
import type { VNode } from "preact";
import { type MarkdownPart, parseMarkdown } from "../text/markdown.ts";
import { Inlines } from "./inline.tsx";

export function MarkdownBlock({ text }: { readonly text: string }): VNode {
  return <div class="markdown text">{parseMarkdown(text).map(drawPart)}</div>;
}

function drawPart(part: MarkdownPart): VNode {
  switch (part.kind) {
    case "heading":
      return (
        <div
          class={`markdown-heading markdown-heading-${String(part.level)}`}
          role="heading"
          aria-level={part.level + 2}
        >
          <Inlines nodes={part.children} />
        </div>
      );
    case "paragraph":
      return (
        <div class="lines">
          <Inlines nodes={part.children} />
        </div>
      );
    case "quote":
      return (
        <blockquote class="quote">
          <Inlines nodes={part.children} />
        </blockquote>
      );
    case "pre":
      return (
        <pre class="pre">
          <Inlines nodes={part.children} />
        </pre>
      );
    case "rule":
      return <hr class="divider" />;
    case "list":
      return (
        <ul class="list">
          {part.items.map(({ depth, number, children }) => (
            <li
              class={`list-${String(Math.min(depth, 8))} ${number === undefined ? "" : "is-numbered"}`}
              {...(number === undefined ? {} : { value: number })}
            >
              <Inlines nodes={children} />
            </li>
          ))}
        </ul>
      );
    case "table": {
      const [head = [], ...body] = part.rows;
      return (
        <div class="table-frame">
          <table class="table">
            <thead>
              <tr>
                {head.map((cell) => (
                  <th scope="col">
                    <Inlines nodes={cell} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {body.map((row) => (
                <tr>
                  {row.map((cell) => (
                    <td>
                      <Inlines nodes={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    }
  }
}
