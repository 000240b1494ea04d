/**
 * The elements of a file of a known kind → usage events, one after the other as its bytes come. A
 * line that is broken or wrong is a rejection and does not spoil the others.
 */
import { AppError } from "../../../domain/errors.ts";
import { parseJson } from "../../../http/body.ts";
import { invalidElement } from "../event-fields.ts";
import { type Splitter, splitJsonValues, splitLines } from "../framing.ts";
import type { ParsedEvent } from "../rules.ts";
import type { AdapterContext } from "./adapter.ts";
import { readRows } from "./csv-elements.ts";
import { parseLitellmCall } from "./litellm.ts";
import { isSpendLog, parseSpendLog } from "./litellm-spend-log.ts";
import { nativeElement } from "./native-element.ts";
import {
  isBeingWritten,
  readTranscript,
  type TranscriptAnswer,
  transcriptEvent,
} from "./transcript.ts";
import type { Framing, UsageFileKind } from "./usage-file.ts";

type Take = (parsed: ParsedEvent, line: number) => void;

export interface ElementReader {
  /** Hands on the events that these bytes complete. */
  readonly take: (chunk: Buffer, take: Take) => Promise<void>;
  /** Hands on the rest; how many answers were left out because they are still being written. */
  readonly finish: (take: Take) => Promise<number>;
}

interface Reading {
  readonly context: AdapterContext;
  readonly userEmail: string | undefined;
}

export function readElements(
  file: { readonly kind: UsageFileKind; readonly framing: Framing },
  reading: Reading,
): ElementReader {
  if (file.kind === "claude-code") return transcriptReader(reading);
  const parse = file.kind === "litellm" ? litellmParser(reading) : nativeParser(reading);
  return file.framing === "csv" ? csvReader(parse) : jsonReader(file.framing, parse);
}

function transcriptReader({ context, userEmail }: Reading): ElementReader {
  const splitter = splitLines();
  const reader = readTranscript();
  const eventOf = (answer: TranscriptAnswer): ParsedEvent =>
    transcriptEvent(answer, userEmail, { ...context, index: 0 });
  const emitTo =
    (take: Take) =>
    (bytes: Buffer, line: number): void => {
      const answer = reader.take(bytes, line);
      if (answer === "broken") take(brokenLine(), line);
      else if (answer !== undefined) take(eventOf(answer), answer.line);
    };
  return {
    // oxlint-disable-next-line require-await -- other formats are read through a stream
    take: async (chunk, take) => splitter.take(chunk, emitTo(take)),
    // oxlint-disable-next-line require-await -- other formats are read through a stream
    finish: async (take) => {
      splitter.finish(emitTo(take));
      const rest = reader.rest();
      let unfinished = 0;
      for (const [position, answer] of rest.entries()) {
        const parsed = eventOf(answer);
        const isLast = position === rest.length - 1;
        if (isLast && isBeingWritten(parsed, answer, context.now)) unfinished += 1;
        else take(parsed, answer.line);
      }
      return unfinished;
    },
  };
}

type Parse = (raw: unknown) => ParsedEvent | undefined;

function nativeParser({ context, userEmail }: Reading): Parse {
  const defaults = userEmail === undefined ? {} : { defaults: { user_email: userEmail } };
  return (raw) => nativeElement(raw, { ...context, index: 0, ...defaults });
}

function litellmParser({ context }: Reading): Parse {
  return (raw) =>
    isSpendLog(raw) ? parseSpendLog(raw, 0, context) : parseLitellmCall(raw, 0, context);
}

function jsonReader(framing: Exclude<Framing, "csv">, parse: Parse): ElementReader {
  const splitter: Splitter =
    framing === "lines" ? splitLines() : splitJsonValues({ isList: framing === "list" });
  const emitTo =
    (take: Take) =>
    (bytes: Buffer, line: number): void => {
      const parsed = parseBytes(bytes, parse);
      if (parsed !== undefined) take(parsed, line);
    };
  return {
    // oxlint-disable-next-line require-await -- other formats are read through a stream
    take: async (chunk, take) => splitter.take(chunk, emitTo(take)),
    // oxlint-disable-next-line require-await -- other formats are read through a stream
    finish: async (take) => {
      splitter.finish(emitTo(take));
      return 0;
    },
  };
}

function csvReader(parse: Parse): ElementReader {
  const rows = readRows();
  const takeRowTo =
    (take: Take) =>
    (row: unknown, line: number): void => {
      const parsed =
        row === undefined
          ? invalidElement(0, undefined, "expected a row of CSV with as many fields as its header")
          : parse(row);
      if (parsed !== undefined) take(parsed, line);
    };
  return {
    take: async (chunk, take) => await rows.take(chunk, takeRowTo(take)),
    finish: async (take) => {
      await rows.finish(takeRowTo(take));
      return 0;
    },
  };
}

function parseBytes(bytes: Buffer, parse: Parse): ParsedEvent | undefined {
  let raw: unknown;
  try {
    raw = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return brokenLine();
  }
  return parse(raw);
}

function brokenLine(): ParsedEvent {
  return invalidElement(0, undefined, "expected JSON in UTF-8");
}
