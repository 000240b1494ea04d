/**
 * The reading half of an import: recognise what a file holds, cut it into elements, parse them. Knows
 * no database, and loads nothing that does, so that threads which only read are at work at once.
 */
import { AppError } from "../../../domain/errors.ts";
import type { Instant } from "../../../domain/time.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import type { ElementReader, ElementReading } from "../adapters/element-reader.ts";
import { readTranscriptElements } from "../adapters/transcript-elements.ts";
import {
  recogniseUsageFile,
  SOURCE_OF_KIND,
  type UsageFile,
  type UsageFileKind,
} from "../adapters/usage-file.ts";
import { contentSha256 } from "../call-event.ts";
import type { ParsedEvent, Rejection } from "../rules.ts";

export interface ImportFile {
  /** As people call it; told with what is wrong. */
  readonly name: string;
  /** Its bytes, decompressed. A chunk is not looked at again once the next one is asked for. */
  readonly chunks: AsyncIterable<Buffer>;
}

export interface ImportProblem {
  readonly file: string;
  /** Undefined: the whole file. */
  readonly line: number | undefined;
  readonly code: Rejection["code"] | "unknown_format" | "unreadable";
  readonly message: string;
}

/** An event as it was read, and where. Plain values: it goes from thread to thread. */
export interface ReadEvent {
  readonly event: UsageEvent;
  readonly contentSha256: string;
  readonly file: string;
  readonly line: number;
}

export interface ReadingOptions {
  readonly now: Instant;
  /** Under which source the events are kept; undefined: that of the file's kind. */
  readonly source: string | undefined;
  /** Who used what does not say whose it is. */
  readonly userEmail: string | undefined;
  readonly onEvent: (event: ReadEvent) => void;
  readonly onProblem: (problem: ImportProblem) => void;
  /** Asked between two pieces of a file: reading goes on when it resolves. */
  readonly makeRoom: () => Promise<void>;
}

export interface ReadingTotals {
  readonly files: number;
  /** Files that could not be read or hold no known usage. */
  readonly refusedFiles: number;
  /** Elements that are wrong. */
  readonly rejected: number;
  /** Elements from before the time that is kept; no fault of anybody. */
  readonly tooOld: number;
  /** Answers that a running session has not finished yet. */
  readonly unfinished: number;
  /** Events found, by the kind of their file. */
  readonly found: Readonly<Record<UsageFileKind, number>>;
}

export const NOTHING_READ: ReadingTotals = {
  files: 0,
  refusedFiles: 0,
  rejected: 0,
  tooOld: 0,
  unfinished: 0,
  found: { "claude-code": 0, "batch-results": 0, litellm: 0, native: 0 },
};

export interface UsageReading {
  /** Reads a file. What is wrong with it is told; throws only what `makeRoom` throws. */
  readonly read: (file: ImportFile) => Promise<void>;
  readonly totals: () => ReadingTotals;
}

/** Kinds are told from so much; the first line of a transcript can be a whole source file. */
const HEAD_BYTES_MAX = 16 * 1024 * 1024;
/** Of a file that comes in large pieces so much is looked at first. */
const BEGINNING_BYTES = 64 * 1024;

export function createUsageReading(options: ReadingOptions): UsageReading {
  const { onProblem } = options;
  const counts = { files: 0, refusedFiles: 0, rejected: 0, tooOld: 0, unfinished: 0 };
  const found = { ...NOTHING_READ.found };

  const refuse = (file: string, problem: Pick<ImportProblem, "code" | "message">): void => {
    counts.refusedFiles += 1;
    onProblem({ file, line: undefined, ...problem });
  };
  const settle = (parsed: ParsedEvent, file: string, line: number): void => {
    if (parsed.kind === "event") {
      const { event } = parsed;
      options.onEvent({ event, contentSha256: contentSha256(event), file, line });
      return;
    }
    const { code, message } = parsed.rejection;
    counts[code === "too_old" ? "tooOld" : "rejected"] += 1;
    if (code !== "too_old") onProblem({ file, line, code, message });
  };

  const read = async (file: ImportFile): Promise<void> => {
    const chunks = named(file.chunks);
    const { head, format } = await recognise(chunks);
    if (format.kind === "unknown") {
      refuse(file.name, { code: "unknown_format", message: format.message });
    }
    if (format.kind === "unknown" || format.kind === "empty") return;
    const { kind } = format;
    const source = options.source ?? SOURCE_OF_KIND[kind];
    const { now, userEmail } = options;
    const elements = await readerOf(format, { context: { source, now }, userEmail });
    const take = (parsed: ParsedEvent, line: number): void => {
      found[kind] += parsed.kind === "event" ? 1 : 0;
      settle(parsed, file.name, line);
    };
    for await (const chunk of after(head, chunks)) {
      await elements.take(chunk, take);
      await options.makeRoom();
    }
    counts.unfinished += await elements.finish(take);
  };

  return {
    read: async (file) => {
      counts.files += 1;
      try {
        await read(file);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        refuse(file.name, { code: "unreadable", message: error.message });
      }
    },
    totals: () => ({ ...counts, found: { ...found } }),
  };
}

/** Most imports are of transcripts; the readers of all else are loaded when they are needed. */
async function readerOf(
  { kind, framing }: Exclude<UsageFile, { kind: "empty" | "unknown" }>,
  reading: ElementReading,
): Promise<ElementReader> {
  if (kind === "claude-code") return readTranscriptElements(reading);
  const { readElements } = await import("../adapters/file-elements.ts");
  return readElements({ kind, framing }, reading);
}

/** Reads until the kind can be told; what was read is the head. */
async function recognise(
  chunks: AsyncIterator<Buffer, void>,
): Promise<{ readonly head: Buffer; readonly format: UsageFile }> {
  let head: Buffer = Buffer.alloc(0);
  let judged = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a stream
    const next = await chunks.next();
    if (next.done !== true) {
      // A copy: the chunk's memory may be used again for the next one.
      head =
        head.length === 0
          ? Buffer.from(withoutMark(next.value))
          : Buffer.concat([head, next.value]);
    }
    const isWhole = next.done === true || head.length >= HEAD_BYTES_MAX;
    // Twice as much each time, so that a long head is not judged over and over.
    if (!isWhole && head.length < judged * 2) continue;
    const format = recogniseBeginning(head, judged) ?? recogniseUsageFile(head, isWhole);
    if (format !== undefined) return { head, format };
    judged = head.length;
  }
}

/** From the first lines alone, which nearly always tell; undefined: all that is there must. */
function recogniseBeginning(head: Buffer, judged: number): UsageFile | undefined {
  if (judged > 0 || head.length <= BEGINNING_BYTES) return undefined;
  return recogniseUsageFile(head.subarray(0, BEGINNING_BYTES), false);
}

/** Without the byte order mark, which some tools write. */
function withoutMark(chunk: Buffer): Buffer {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk;
}

async function* after(head: Buffer, rest: AsyncIterator<Buffer, void>): AsyncGenerator<Buffer> {
  yield head;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a stream
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** A file that cannot be read is refused by its own name; the others go on. */
const unreadable: unique symbol = Symbol("unreadable");

async function* named(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    yield* chunks;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw Object.assign(
      new AppError({ code: "invalid", message: `It can't be read: ${reason}.`, cause }),
      { [unreadable]: true },
    );
  }
}

function isUnreadable(error: unknown): error is AppError {
  return error instanceof AppError && unreadable in error;
}

export function addReadingTotals(left: ReadingTotals, right: ReadingTotals): ReadingTotals {
  return {
    files: left.files + right.files,
    refusedFiles: left.refusedFiles + right.refusedFiles,
    rejected: left.rejected + right.rejected,
    tooOld: left.tooOld + right.tooOld,
    unfinished: left.unfinished + right.unfinished,
    found: {
      "claude-code": left.found["claude-code"] + right.found["claude-code"],
      "batch-results": left.found["batch-results"] + right.found["batch-results"],
      litellm: left.found.litellm + right.found.litellm,
      native: left.found.native + right.found.native,
    },
  };
}
