/**
 * The elements of a file of a known kind → usage events, one after the other as its bytes come. A
 * line that is broken or wrong is a rejection and does not spoil the others. Transcripts, of which
 * most is no usage, have a reader of their own.
 */
import { AppError } from "../../../domain/errors.ts";
import { parseJson } from "../../../http/body.ts";
import { invalidElement } from "../field-limits.ts";
import { type Splitter, splitJsonValues, splitLines } from "../framing.ts";
import type { ParsedEvent } from "../rules.ts";
import { readRows } from "./csv-elements.ts";
import {
  brokenLine,
  type ElementReader,
  type ElementReading,
  type TakeElement,
} from "./element-reader.ts";
import { parseLitellmCall } from "./litellm.ts";
import { isSpendLog, parseSpendLog } from "./litellm-spend-log.ts";
import { nativeElement } from "./native-element.ts";
import type { Framing, UsageFileKind } from "./usage-file.ts";

export function readElements(
  file: { readonly kind: Exclude<UsageFileKind, "claude-code">; readonly framing: Framing },
  reading: ElementReading,
): ElementReader {
  const parse = file.kind === "litellm" ? litellmParser(reading) : nativeParser(reading);
  return file.framing === "csv" ? csvReader(parse) : jsonReader(file.framing, parse);
}

type Parse = (raw: unknown) => ParsedEvent | undefined;

function nativeParser({ context, userEmail }: ElementReading): Parse {
  const defaults = userEmail === undefined ? {} : { defaults: { user_email: userEmail } };
  return (raw) => nativeElement(raw, { ...context, index: 0, ...defaults });
}

function litellmParser({ context }: ElementReading): Parse {
  return (raw) =>
    isSpendLog(raw) ? parseSpendLog(raw, 0, context) : parseLitellmCall(raw, 0, context);
}

function jsonReader(framing: Exclude<Framing, "csv">, parse: Parse): ElementReader {
  const splitter: Splitter =
    framing === "lines" ? splitLines() : splitJsonValues({ isList: framing === "list" });
  const emitTo =
    (take: TakeElement) =>
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
    (take: TakeElement) =>
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
