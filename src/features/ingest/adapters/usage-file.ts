/**
 * Which kind of usage a file holds, told from its content: Claude Code transcripts, results of
 * Message Batches, LiteLLM's spend logs, native events. What fits none is refused by name, never
 * guessed. How the elements are framed comes with the kind. Pure.
 */
import { parse as parseCsv } from "csv-parse/sync";
import { isRecord } from "../field-limits.ts";
import { splitJsonValues } from "../framing.ts";
import { isTranscriptLine } from "./transcript-answers.ts";

export type UsageFileKind = "claude-code" | "batch-results" | "litellm" | "native";

/** `lines`: one JSON value a line. `values`: JSON of any layout, or a list of it. */
export type Framing = "lines" | "values" | "list" | "csv";

export type UsageFile =
  | { readonly kind: UsageFileKind; readonly framing: Framing }
  | { readonly kind: "empty" }
  | { readonly kind: "unknown"; readonly message: string };

/** Under which source the events of a kind are kept when nobody says another. */
export const SOURCE_OF_KIND: Readonly<Record<UsageFileKind, string>> = {
  "claude-code": "claude-code",
  "batch-results": "batch-results",
  litellm: "litellm",
  native: "import",
};

/** A transcript may begin with lines of other versions of Claude Code. */
const UNKNOWN_LINES_MAX = 50;

const KNOWN =
  "Known are Claude Code transcripts, results of Message Batches, LiteLLM's spend logs (/spend/logs as JSON, the table LiteLLM_SpendLogs as CSV or JSON) and native usage events (JSON or one a line).";
const SUMMARY =
  "This is LiteLLM's daily summary, which has no requests. Ask for /spend/logs with summarize=false.";

/**
 * Judges the beginning of a file, decompressed and without a byte order mark; undefined: more of it
 * is needed to tell. With `isWhole` there is always a verdict.
 */
export function recogniseUsageFile(head: Buffer, isWhole: boolean): UsageFile | undefined {
  const text = head.toString("utf8").trimStart();
  if (text === "") return isWhole ? { kind: "empty" } : undefined;
  if (/^(?:\[|\{\s*"data"\s*:\s*\[)/.test(text)) return recogniseValues(head, isWhole, "list");
  if (text.startsWith("{")) {
    return recogniseLines(text, isWhole) ?? recogniseValues(head, isWhole, "values");
  }
  return recogniseCsv(text, isWhole);
}

/** Undefined also where the lines are no JSON by themselves: the text may be laid out over several. */
function recogniseLines(text: string, isWhole: boolean): UsageFile | undefined {
  const first: { record: unknown; records: number } = { record: undefined, records: 0 };
  let start = 0;
  for (let lines = 1; lines <= UNKNOWN_LINES_MAX; lines += 1) {
    const newline = text.indexOf("\n", start);
    if (newline === -1 && !isWhole) return undefined;
    const record = parsed(text.slice(start, newline === -1 ? undefined : newline));
    const kind = kindOf(record);
    if (kind !== undefined) return { kind, framing: "lines" };
    if (isRecord(record)) {
      first.records += 1;
      first.record ??= record;
    }
    if (newline === -1) return undefined;
    start = newline + 1;
  }
  return first.records > UNKNOWN_LINES_MAX / 2 ? unknownOf(first.record) : undefined;
}

function recogniseValues(
  head: Buffer,
  isWhole: boolean,
  framing: "list" | "values",
): UsageFile | undefined {
  const values: unknown[] = [];
  const splitter = splitJsonValues({ isList: framing === "list" });
  const take = (bytes: Buffer): void => {
    if (values.length === 0) values.push(parsed(bytes.toString("utf8")));
  };
  splitter.take(head, take);
  const isOver = splitter.isOver();
  if (values.length === 0) {
    if (isOver) return { kind: "empty" };
    return isWhole ? { kind: "unknown", message: `It is broken JSON. ${KNOWN}` } : undefined;
  }
  const kind = kindOf(values[0]);
  return kind === undefined ? unknownOf(values[0]) : { kind, framing };
}

function recogniseCsv(text: string, isWhole: boolean): UsageFile | undefined {
  const end = text.search(/[\r\n]/);
  if (end === -1 && !isWhole) return undefined;
  const columns = headerOf(end === -1 ? text : text.slice(0, end));
  return ["request_id", "spend", "model", "startTime"].every((name) => columns.includes(name))
    ? { kind: "litellm", framing: "csv" }
    : { kind: "unknown", message: `It is nothing that can be imported. ${KNOWN}` };
}

function headerOf(line: string): readonly string[] {
  try {
    return parseCsv(line, { relax_column_count: true })[0] ?? [];
  } catch {
    return []; // Quotes that open and never close: no header of a table.
  }
}

function unknownOf(value: unknown): UsageFile {
  const isSummary = isRecord(value) && has(value, "spend", "startTime", "models");
  return { kind: "unknown", message: isSummary ? SUMMARY : `It holds no known usage. ${KNOWN}` };
}

/** What one element is about; undefined: nothing that is known. */
function kindOf(raw: unknown): UsageFileKind | undefined {
  if (!isRecord(raw)) return undefined;
  if (has(raw, "event_id", "usage")) return "native";
  if (has(raw, "custom_id", "result")) return "batch-results";
  if (has(raw, "request_id", "spend", "startTime")) return "litellm";
  if (has(raw, "call_type", "startTime", "response_cost")) return "litellm";
  if (isTranscriptLine(raw)) return "claude-code";
  const isResponse = raw["type"] === "message" && isRecord(raw["usage"]);
  const hasMessage = isRecord(raw["message"]) && isRecord(raw["message"]["usage"]);
  return isResponse || hasMessage || Array.isArray(raw["stream_events"]) ? "native" : undefined;
}

function has(raw: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every((name) => raw[name] !== undefined);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Half a line, or a line of something laid out over several.
  }
}
