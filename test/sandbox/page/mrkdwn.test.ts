/** The mrkdwn of the sandbox's page: what Slack formats is formatted, what it escapes stays text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMarkdown } from "../../../src/sandbox/page/text/markdown.ts";
import {
  type Inline,
  parseMrkdwn,
  parsePlain,
  safeHref,
} from "../../../src/sandbox/page/text/mrkdwn.ts";
import { escapeText } from "../../../src/slack/blocks.ts";

/** A compact picture of the tree: `b(…)` for bold and so on, text as it is, `|` for a line break. */
function sketch(text: string, verbatim = false): string {
  return parseMrkdwn(text, verbatim)
    .map(({ kind, children }) => (kind === "lines" ? draw(children) : `${kind}{${draw(children)}}`))
    .join("");
}

function draw(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case "text":
          return node.text;
        case "break":
          return "|";
        case "bold":
        case "italic":
        case "strike":
        case "code":
          return `${node.kind}(${draw(node.children)})`;
        case "link":
          return `link(${node.href} ${draw(node.children)})`;
        case "emoji":
          return node.character;
        case "user":
        case "channel":
        case "usergroup":
          return `${node.kind}(${node.id})`;
        case "broadcast":
          return `@${node.range}!`;
        case "date":
          return `date(${String(node.seconds)} ${node.format} ${node.fallback})`;
      }
    })
    .join("");
}

describe("mrkdwn", () => {
  it.each([
    ["plain words", "plain words"],
    ["*bold* and _italic_ and ~struck~", "bold(bold) and italic(italic) and strike(struck)"],
    ["*bold _both_*", "bold(bold italic(both))"],
    ["`code *not bold*`", "code(code *not bold*)"],
    ["(*bold*), yes", "(bold(bold)), yes"],
    ["2*3*4 and snake_case_name", "2*3*4 and snake_case_name"],
    ["* not bold * at all", "* not bold * at all"],
    ["*never\nacross lines*", "*never|across lines*"],
    ["**", "**"],
    ["one\ntwo", "one|two"],
    ["&lt;b&gt; &amp;amp;", "<b> &amp;"],
    ["> quoted\nafter", "quote{quoted}after"],
    ["&gt; quoted\n&gt; more", "quote{quoted|more}"],
    [">>> all\nthe rest", "quote{all|the rest}"],
    ["```\nx = *1*\n```", "pre{x = *1*\n}"],
    ["before ```code``` after", "before pre{code} after"],
    ["<https://example.com/a?b=1&amp;c=2|docs>", "link(https://example.com/a?b=1&c=2 docs)"],
    ["<https://example.com>", "link(https://example.com https://example.com)"],
    ["<mailto:bo@acme.test|write>", "link(mailto:bo@acme.test write)"],
    ["see https://example.com/x.", "see link(https://example.com/x https://example.com/x)."],
    ["<@U123> in <#C123|general>", "user(U123) in channel(C123)"],
    ["<!here> <!channel> <!everyone>", "@here! @channel! @everyone!"],
    ["<!subteam^S123>", "usergroup(S123)"],
    [
      "<!date^1700000000^{date} at {time}|in November>",
      "date(1700000000 {date} at {time} in November)",
    ],
    [":rotating_light: :no_such_emoji:", "🚨 :no_such_emoji:"],
    ["at 10:30:15", "at 10:30:15"],
    ["*<https://example.com|a*b>*", "bold(link(https://example.com a*b))"],
    ["<javascript:alert(1)|click>", "<javascript:alert(1)|click>"],
    ["<script>alert(1)</script>", "<script>alert(1)</script>"],
  ])("reads %j", (text, expected) => {
    expect(sketch(text)).toBe(expected);
  });

  it("leaves bare URLs alone when the text is verbatim", () => {
    expect(sketch("see https://example.com", true)).toBe("see https://example.com");
  });

  it("shows escaped text within a line exactly as people typed it, whatever they typed", () => {
    fc.assert(
      fc.property(hostileText(), (pieces) => {
        const typed = `Typed: ${pieces.replaceAll("\n", " ")}`;
        const nodes = parseMrkdwn(escapeText(typed), true).flatMap(({ children }) => children);

        expect(nodes.filter(({ kind }) => !["text", "break", "emoji"].includes(kind))).toEqual([]);
        expect(written(nodes)).toBe(typed);
      }),
    );
  });

  it("never yields a link with a scheme that could run something", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const nodes = [
          ...parseMrkdwn(text).flatMap(({ children }) => children),
          ...parsePlain(text),
          ...parseMarkdown(text).flatMap((part) => ("children" in part ? part.children : [])),
        ];

        for (const href of nodes.flatMap(hrefs)) expect(safeHref(href)).toBe(href);
      }),
    );
  });

  it("loses no text that is not markup", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "*", "_", "~", " ", "é") }), (text) => {
        const shown = written(parseMrkdwn(text).flatMap(({ children }) => children));

        expect(shown.replace(/[*_~]/g, "")).toBe(text.replace(/[*_~]/g, ""));
      }),
    );
  });
});

/** Texts of the very pieces that mean something to Slack or to a browser. */
function hostileText(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    ..."*_~`<>&|:^!@#\n /\\\"'".split(""),
    "javascript:",
    "JavaScript:alert(1)",
    "data:text/html,",
    "https://evil.test",
    "mailto:",
    "<script>",
    "<img src=x onerror=alert(1)>",
    "<@U1>",
    "<!here>",
    "<!date^1^{date}^javascript:alert(1)|x>",
    "](javascript:alert(1))",
    "[x](",
    "&lt;",
    "&amp;",
    "```",
    ":tada:",
    "word",
    "é",
  );
  return fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
}

function hrefs(node: Inline): readonly string[] {
  const own = node.kind === "link" || node.kind === "date" ? [node.href ?? ""] : [];
  const inner = "children" in node ? node.children.flatMap(hrefs) : [];
  return [...own.filter((href) => href !== ""), ...inner];
}

/** What one reads, with emoji as they were typed and the invisible joiners left out. */
function written(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if (node.kind === "break") return "\n";
      if (node.kind === "emoji") return `:${node.name}:`;
      if ("children" in node) return written(node.children);
      return node.kind === "text" ? node.text : "";
    })
    .join("")
    .replaceAll("\u2060", "");
}
