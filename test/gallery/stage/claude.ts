/**
 * Claude as the gallery asks it: for each question of the gallery, what it chooses; for any other
 * one it is overloaded. The numbers of the answers are the program's.
 */
import type { IncomingMessage, RequestListener } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";

export const CLAUDE_KEY = "sk-ant-api03-gallery";
const PATH = "/sandbox/anthropic/v1/messages";

const CHOICES: Readonly<Record<string, object>> = {
  "What did Search spend last month?": {
    query: "spend",
    scope: "search",
    period: "last-month",
    sentence: "{scope} spent {total} {period}, {change}.",
  },
  "Which model costs Search most?": {
    query: "top",
    scope: "search",
    period: "mtd",
    by: "model",
    sentence: "Most of the {total} that {scope} spent went to {first}: {first_cost}.",
  },
  "Will it rain tomorrow?": { query: "none", scope: "", period: "", sentence: "" },
};

const asked = z.object({
  messages: z.tuple([z.object({ content: z.string() })]),
  tools: z.tuple([z.object({ name: z.string() })]),
});

export function claudeStandIn(): {
  readonly matches: (path: string) => boolean;
  readonly listener: RequestListener;
} {
  return {
    matches: (path) => path === PATH,
    listener: (request, response) => {
      void (async () => {
        const { status, body } = await answerOf(request);
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      })();
    },
  };
}

async function answerOf(
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body: object }> {
  const { messages, tools } = asked.parse(await json(request));
  const input = CHOICES[messages[0].content];
  if (request.headers["x-api-key"] !== CLAUDE_KEY || input === undefined) {
    const error = { type: "overloaded_error", message: "Overloaded" };
    return { status: 529, body: { type: "error", error } };
  }
  return {
    status: 200,
    body: {
      id: "msg_gallery",
      type: "message",
      role: "assistant",
      model: "claude-haiku-5-5",
      stop_reason: "tool_use",
      content: [{ type: "tool_use", id: "toolu_gallery", name: tools[0].name, input }],
      usage: { input_tokens: 10, output_tokens: 10 },
    },
  };
}
