/**
 * Claude Code's transcripts (`~/.claude/projects/**\/*.jsonl`) → usage events. A line stands for
 * each block of an answer, so an answer stands there several times, its output growing; resumed
 * sessions begin with a copy of the one before. Nothing of a conversation is kept. Says nothing of what
 * is wrong with an answer: `transcript.ts` does, which takes longer to load than a transcript to read.
 */
import { addMs, type Instant } from "../../../domain/time.ts";
import { type ElementContext, eventFromCall } from "../call-event.ts";
import { isId, isRecord } from "../field-limits.ts";
import { isPlainCall } from "../plain-call.ts";
import type { ParsedEvent } from "../rules.ts";

/** One answer, with the most complete usage that was seen of it, as yet unchecked. */
export interface TranscriptAnswer {
  readonly line: number;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly outputTokens: number;
  /** Of an answer that was not over: what its longest block had. */
  readonly characters: number;
}

export interface TranscriptReader {
  /** Takes a line; the result is an answer that is surely over by now, if there is one. */
  readonly take: (bytes: Buffer, line: number) => TranscriptAnswer | "broken" | undefined;
  /** What is still waiting at the end of the file, in order. */
  readonly rest: () => readonly TranscriptAnswer[];
}

/** Blocks of an answer follow each other, with those of a few subagents between them. */
const ANSWERS_WAITING_MAX = 500;

const USAGE = Buffer.from('"usage"');
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export function readTranscript(): TranscriptReader {
  const waiting = new Map<string, TranscriptAnswer>();
  return {
    take: (bytes, line) => {
      // Nine tenths of a transcript are texts. In one, quotes are escaped, so this finds fields only.
      if (!bytes.includes(USAGE)) return isObjectText(bytes) ? undefined : "broken";
      const raw = parsed(bytes);
      if (raw === undefined) return "broken";
      const found = answerOf(raw, line);
      if (found === undefined) return undefined;
      const known = waiting.get(found.key);
      waiting.delete(found.key);
      waiting.set(found.key, known === undefined ? found.answer : fuller(known, found.answer));
      if (waiting.size <= ANSWERS_WAITING_MAX) return undefined;
      const [oldest] = waiting;
      if (oldest === undefined) return undefined;
      waiting.delete(oldest[0]);
      return oldest[1];
    },
    rest: () => [...waiting.values()],
  };
}

/** Of characters the most that one line has, not their sum: a floor counts no copied line twice. */
function fuller(known: TranscriptAnswer, next: TranscriptAnswer): TranscriptAnswer {
  const isNext =
    known.outputTokens < next.outputTokens ||
    (known.outputTokens === next.outputTokens && isBrokenOff(known) && !isBrokenOff(next));
  const characters = Math.max(known.characters, next.characters);
  return { ...(isNext ? next : known), characters };
}

/** Whether a line can be whole, without reading it. */
function isObjectText(bytes: Buffer): boolean {
  let end = bytes.length - 1;
  while (end > 0 && (bytes[end] === 0x0d || bytes[end] === 0x20)) end -= 1;
  return bytes[0] === OPEN_BRACE && bytes[end] === CLOSE_BRACE;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined; // The line that was being written when its session was killed, for example.
  }
}

/** Every line of a transcript says what kind it is, and which session or message it belongs to. */
export function isTranscriptLine(raw: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof raw["type"] === "string" &&
    raw["event_id"] === undefined &&
    ["sessionId", "uuid", "leafUuid", "messageId"].some((name) => raw[name] !== undefined)
  );
}

/** The usage of one answer; undefined for everything else that a transcript holds. */
function answerOf(
  raw: unknown,
  line: number,
): { readonly key: string; readonly answer: TranscriptAnswer } | undefined {
  if (!isRecord(raw) || raw["type"] !== "assistant") return undefined;
  const { message } = raw;
  if (!isRecord(message) || !isRecord(message["usage"])) return undefined;
  // Claude Code's own words, such as "API error", carry a model that does not exist.
  if (message["model"] === "<synthetic>" || raw["isApiErrorMessage"] === true) return undefined;
  const { id: messageId, model, usage, stop_reason: stopReason } = message;
  const { requestId, timestamp, sessionId } = raw;
  const outputTokens = message["usage"]["output_tokens"];
  return {
    key: `${String(messageId)}/${String(requestId)}`,
    answer: {
      line,
      // Not the line itself, which would keep its texts in memory.
      raw: {
        requestId,
        timestamp,
        sessionId,
        message: { id: messageId, model, usage, stop_reason: stopReason },
      },
      outputTokens: typeof outputTokens === "number" ? outputTokens : 0,
      characters: isAbsent(stopReason) ? charactersOf(message["content"]) : 0,
    },
  };
}

/** Of blocks of text and thinking: what tools are given is counted by Claude in its own way. */
function charactersOf(content: unknown): number {
  if (!Array.isArray(content)) return 0;
  const lengths = content.map((block: unknown) => {
    const text = isRecord(block) ? (block["text"] ?? block["thinking"]) : undefined;
    return typeof text === "string" ? text.length : 0;
  });
  return Math.max(0, ...lengths);
}

/** An answer that was interrupted, or is still being written: its usage is not final. */
export function isBrokenOff({ raw }: TranscriptAnswer): boolean {
  const { message } = raw;
  return isRecord(message) && isAbsent(message["stop_reason"]);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** The event of an answer that is just as it should be, as nearly all; undefined: see its shape. */
export function plainAnswerEvent(
  answer: TranscriptAnswer,
  userEmail: string | undefined,
  context: ElementContext,
): ParsedEvent | undefined {
  if (isBrokenOff(answer)) return undefined;
  const { raw } = answer;
  const { requestId, timestamp, sessionId, message } = raw;
  if (!isRecord(message) || !isId(message["id"])) return undefined;
  const { id: messageId, model, usage } = message;
  const call = callOf({ requestId, messageId, timestamp, sessionId, model, usage }, userEmail);
  return isPlainCall(call) ? eventFromCall(call, context) : undefined;
}

/** What an answer says of its call, with its fields of whatever form. */
export function callOf<Text, OptionalText, Usage>(
  answer: {
    readonly requestId: OptionalText;
    readonly messageId: Text;
    readonly timestamp: Text;
    readonly sessionId: OptionalText;
    readonly model: Text;
    readonly usage: Usage;
  },
  userEmail: string | undefined,
) {
  // A message that comes through two sources is known by its id where nobody kept the request's.
  const requestId = answer.requestId ?? answer.messageId;
  return {
    event_id: requestId,
    occurred_at: answer.timestamp,
    request_id: requestId,
    message_id: answer.messageId,
    session_id: answer.sessionId,
    model: answer.model,
    usage: answer.usage,
    user_email: userEmail,
    tags: CLAUDE_CODE,
  };
}

const CLAUDE_CODE = { client: "claude-code" };

/** A session that goes on writes the rest of its answer within this time. */
const WRITING_MS = 5 * 60_000;

/** Whether the last answer of a file is perhaps still being written, its usage not yet final. */
export function isBeingWritten(
  parsedEvent: ParsedEvent,
  answer: TranscriptAnswer,
  now: Instant,
): boolean {
  return (
    parsedEvent.kind === "event" &&
    isBrokenOff(answer) &&
    parsedEvent.event.occurredAt > addMs(now, -WRITING_MS)
  );
}
