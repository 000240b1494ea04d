/**
 * Lines of files → native elements. Claude Code keeps a transcript of each session as JSON lines
 * (`~/.claude/projects/**\/*.jsonl`): an answer is written line by line while it streams, so the same
 * message stands there several times, and resumed sessions begin with a copy of the one before.
 * Other files hold one native element a line already. Pure; nothing of a conversation is kept.
 */
import { isRecord } from "./native-element.ts";

/** A native element that waits for the end of its file, with how much of it had been produced. */
interface Pending {
  readonly element: Readonly<Record<string, unknown>>;
  readonly outputTokens: number;
}

/** The messages of one file, each once, with the most complete usage that was seen of it. */
export interface FileLines {
  /** Takes a line; the result is an element that need not wait, if the line holds one. */
  readonly take: (line: string) => unknown;
  /** What waited for the end of the file. */
  readonly rest: () => readonly unknown[];
  /** Lines that are no JSON. */
  readonly brokenCount: () => number;
}

export function readFileLines(): FileLines {
  const pending = new Map<string, Pending>();
  let broken = 0;
  return {
    take: (line) => {
      if (line.trim() === "") return undefined;
      let raw: unknown;
      try {
        raw = JSON.parse(line);
      } catch {
        broken += 1;
        return undefined;
      }
      if (!isTranscriptLine(raw)) return raw;
      const found = answerOf(raw);
      if (found === undefined) return undefined;
      const known = pending.get(found.key);
      if (known === undefined || known.outputTokens < found.outputTokens) {
        pending.set(found.key, found);
      }
      return undefined;
    },
    rest: () => [...pending.values()].map(({ element }) => element),
    brokenCount: () => broken,
  };
}

/** Every line of a transcript says what kind it is and which session it belongs to. */
function isTranscriptLine(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return (
    isRecord(raw) &&
    typeof raw["type"] === "string" &&
    raw["event_id"] === undefined &&
    (raw["sessionId"] !== undefined || raw["uuid"] !== undefined || raw["leafUuid"] !== undefined)
  );
}

/** The usage of one answer; undefined for everything else that a transcript holds. */
function answerOf(
  line: Readonly<Record<string, unknown>>,
): (Pending & { readonly key: string }) | undefined {
  const { message } = line;
  if (line["type"] !== "assistant" || !isRecord(message) || !isRecord(message["usage"])) {
    return undefined;
  }
  // Claude Code's own words, such as "API error", carry a model that does not exist.
  if (message["model"] === "<synthetic>" || line["isApiErrorMessage"] === true) return undefined;
  const requestId = line["requestId"];
  const { usage, id, model } = message;
  const outputTokens = usage["output_tokens"];
  return {
    key: `${String(id)}/${String(requestId)}`,
    outputTokens: typeof outputTokens === "number" ? outputTokens : 0,
    element: {
      message: { id, model, type: "message", usage },
      occurred_at: line["timestamp"],
      ...(requestId === undefined ? {} : { request_id: requestId }),
      tags: { client: "claude-code" },
    },
  };
}
