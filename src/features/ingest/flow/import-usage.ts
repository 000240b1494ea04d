/**
 * Imports usage from files of any size: recognise, cut into elements, parse, record in batches while
 * the next is being read. Safe to repeat: an event counts once, however often it comes. What is wrong
 * with a line is told with its place, and stays in the file; nothing of it is stored.
 */
import { AppError } from "../../../domain/errors.ts";
import type { Instant } from "../../../domain/time.ts";
import type { AdapterContext } from "../adapters/adapter.ts";
import { readElements } from "../adapters/file-elements.ts";
import {
  recogniseUsageFile,
  SOURCE_OF_KIND,
  type UsageFile,
  type UsageFileKind,
} from "../adapters/usage-file.ts";
import type { ParsedEvent } from "../rules.ts";
import { createImportBatches, type ImportProblem, type ImportRecording } from "./import-batches.ts";

export interface ImportFile {
  /** As people call it; told with what is wrong. */
  readonly name: string;
  /** Its bytes, decompressed. */
  readonly chunks: AsyncIterable<Buffer>;
}

export interface ImportOptions extends ImportRecording {
  readonly now: Instant;
  /** Under which source the events are kept; undefined: that of the file's kind. */
  readonly source: string | undefined;
  /** Who used what does not say whose it is. */
  readonly userEmail: string | undefined;
}

export interface ImportTotals {
  readonly files: number;
  /** Files that could not be read or hold no known usage. */
  readonly refusedFiles: number;
  readonly accepted: number;
  readonly duplicates: number;
  /** Elements that are wrong, and conflicts with what is recorded. */
  readonly rejected: number;
  /** Elements from before the time that is kept; no fault of anybody. */
  readonly tooOld: number;
  /** Answers that a running session has not finished yet. */
  readonly unfinished: number;
  /** Events found, by the kind of their file. */
  readonly found: Readonly<Record<UsageFileKind, number>>;
}

export const NOTHING_IMPORTED: ImportTotals = {
  files: 0,
  refusedFiles: 0,
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  tooOld: 0,
  unfinished: 0,
  found: { "claude-code": 0, "batch-results": 0, litellm: 0, native: 0 },
};

export interface UsageImport {
  /** Reads a file. What is wrong with it is told; throws only where recording failed. */
  readonly add: (file: ImportFile) => Promise<void>;
  /** Records what is left. Everything counted by then is durable. */
  readonly finish: () => Promise<ImportTotals>;
}

/** Kinds are told from so much; the first line of a transcript can be a whole source file. */
const HEAD_BYTES_MAX = 16 * 1024 * 1024;

export function createUsageImport(options: ImportOptions): UsageImport {
  const { onProblem } = options;
  const counts = { files: 0, refusedFiles: 0, rejected: 0, tooOld: 0, unfinished: 0 };
  const found = { ...NOTHING_IMPORTED.found };
  const batches = createImportBatches(options);

  const refuse = (file: string, problem: Pick<ImportProblem, "code" | "message">): void => {
    counts.refusedFiles += 1;
    onProblem({ file, line: undefined, ...problem });
  };
  const settle = (
    parsed: ParsedEvent,
    place: { file: string; line: number },
    source: string,
  ): void => {
    if (parsed.kind === "event") {
      batches.take(parsed.event, { ...place, source });
      return;
    }
    const { code, message } = parsed.rejection;
    counts[code === "too_old" ? "tooOld" : "rejected"] += 1;
    if (code !== "too_old") onProblem({ ...place, code, message });
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
    const context: AdapterContext = { source, now: options.now };
    const elements = readElements(format, { context, userEmail: options.userEmail });
    const take = (parsed: ParsedEvent, line: number): void => {
      found[kind] += parsed.kind === "event" ? 1 : 0;
      settle(parsed, { file: file.name, line }, source);
    };
    for await (const chunk of after(head, chunks)) {
      await elements.take(chunk, take);
      await batches.makeRoom();
    }
    counts.unfinished += await elements.finish(take);
  };

  return {
    add: async (file) => {
      counts.files += 1;
      try {
        await read(file);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        refuse(file.name, { code: "unreadable", message: error.message });
      }
    },
    finish: async () => {
      const recorded = await batches.finish();
      return {
        ...counts,
        ...recorded,
        rejected: counts.rejected + recorded.conflicts,
        found,
      };
    },
  };
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
      head = head.length === 0 ? withoutMark(next.value) : Buffer.concat([head, next.value]);
    }
    const isWhole = next.done === true || head.length >= HEAD_BYTES_MAX;
    // Twice as much each time, so that a long head is not judged over and over.
    if (!isWhole && head.length < judged * 2) continue;
    judged = head.length;
    const format = recogniseUsageFile(head, isWhole);
    if (format !== undefined) return { head, format };
  }
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

export function addTotals(left: ImportTotals, right: ImportTotals): ImportTotals {
  return {
    files: left.files + right.files,
    refusedFiles: left.refusedFiles + right.refusedFiles,
    accepted: left.accepted + right.accepted,
    duplicates: left.duplicates + right.duplicates,
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
