/**
 * Reads the usage of a message out of the bytes of its response, as they pass: one JSON object, or
 * server-sent events. Of the text only the number of characters is looked at, and never kept.
 */
import { createParser } from "eventsource-parser";
import { isRecord, type UnknownRecord } from "./unknown-record.ts";
import { isReportable, type ReportableMessage } from "./usage-event.ts";

/** What was read when the response ended, well or badly. */
export interface MessageReading {
  /** As much of the message as was read; `usage` is the newest. */
  readonly message: ReportableMessage;
  readonly isIncomplete: boolean;
}

export interface MessageReader {
  readonly push: (bytes: Uint8Array) => void;
  /** Whether the rest of the response can't change the usage. */
  readonly isDone: () => boolean;
  /** Undefined: nothing of the usage was read. */
  readonly result: () => MessageReading | undefined;
}

/** As Anthropic's own gateway estimates the output of a stream that was cut off. */
const CHARACTERS_PER_TOKEN = 4;

/** A reader for what a response says it holds; undefined for what is no message. */
export function createMessageReader(contentType: string | null): MessageReader | undefined {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "text/event-stream") return createStreamReader();
  if (mediaType === "application/json") return createJsonReader();
  return undefined;
}

function createJsonReader(): MessageReader {
  const decoder = new TextDecoder();
  let json = "";
  return {
    push: (bytes) => {
      json += decoder.decode(bytes, { stream: true });
    },
    isDone: () => false,
    result: () => {
      // A body that was cut off is no JSON and tells nothing of its usage.
      const message = parsed(json);
      json = "";
      return isReportable(message) ? { message, isIncomplete: false } : undefined;
    },
  };
}

function createStreamReader(): MessageReader {
  const decoder = new TextDecoder();
  let start: UnknownRecord = {};
  let usage: UnknownRecord = {};
  let characters = 0;
  let isFinal = false;
  let isStopped = false;

  const readEvent = (event: unknown): void => {
    if (!isRecord(event)) return;
    switch (event["type"]) {
      case "message_start": {
        const { message } = event;
        if (!isRecord(message)) return;
        // Not the message itself: its content has no business here.
        start = { id: message["id"], model: message["model"] };
        usage = isRecord(message["usage"]) ? message["usage"] : {};
        return;
      }
      case "content_block_delta": {
        characters += charactersOf(event["delta"]);
        return;
      }
      case "message_delta": {
        usage = { ...usage, ...knownFields(event["usage"]) };
        const { delta } = event;
        isFinal ||= isRecord(delta) && typeof delta["stop_reason"] === "string";
        return;
      }
      case "message_stop": {
        isFinal = true;
        isStopped = true;
        return;
      }
    }
  };
  const parser = createParser({ onEvent: ({ data }) => readEvent(parsed(data)) });

  return {
    push: (bytes) => {
      parser.feed(decoder.decode(bytes, { stream: true }));
    },
    isDone: () => isStopped,
    result: () => {
      const message = { ...start, usage: isFinal ? usage : withOutputFloor(usage, characters) };
      return isReportable(message) ? { message, isIncomplete: !isFinal } : undefined;
    },
  };
}

/** The counts of a `message_delta` are totals, never increments; null says nothing new. */
function knownFields(usage: unknown): UnknownRecord {
  if (!isRecord(usage)) return {};
  return Object.fromEntries(
    Object.entries(usage).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** What was at least produced: what the stream last said, or what its characters amount to. */
function withOutputFloor(usage: UnknownRecord, characters: number): UnknownRecord {
  const said = typeof usage["output_tokens"] === "number" ? usage["output_tokens"] : 0;
  const floor = Math.max(said, Math.floor(characters / CHARACTERS_PER_TOKEN));
  const iterations: readonly unknown[] = Array.isArray(usage["iterations"])
    ? usage["iterations"]
    : [];
  if (iterations.length === 0 || floor === said) return { ...usage, output_tokens: floor };
  // Iterations are what is billed where there are any, so the rest has to be one of them.
  const rest = { type: "message", input_tokens: 0, output_tokens: floor - said };
  return { ...usage, output_tokens: floor, iterations: [...iterations, rest] };
}

function charactersOf(delta: unknown): number {
  if (!isRecord(delta)) return 0;
  const text = delta["text"] ?? delta["thinking"] ?? delta["partial_json"];
  return typeof text === "string" ? text.length : 0;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
