/** What the quick reading of transcripts finds, against reading every line as it says. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "../../../../src/domain/time.ts";
import { transcriptEvent } from "../../../../src/features/ingest/adapters/transcript.ts";
import {
  plainAnswerEvent,
  type TranscriptAnswer,
} from "../../../../src/features/ingest/adapters/transcript-answers.ts";
import { readTranscriptElements } from "../../../../src/features/ingest/adapters/transcript-elements.ts";
import type { ParsedEvent } from "../../../../src/features/ingest/rules.ts";

const NOW = instant("2026-11-23T12:00:00Z");
const context = { index: 0, source: "claude-code", now: NOW };

interface Found {
  readonly parsed: ParsedEvent;
  readonly line: number;
}

/** Reads the text in pieces that all come in the same memory, as files do. */
async function readInPieces(text: Buffer, pieceBytes: number): Promise<readonly Found[]> {
  const reader = readTranscriptElements({ context, userEmail: undefined });
  const found: Found[] = [];
  const take = (parsed: ParsedEvent, line: number): void => void found.push({ parsed, line });
  const memory = Buffer.alloc(pieceBytes);
  for (let at = 0; at < text.length; at += pieceBytes) {
    const bytes = text.copy(memory, 0, at, at + pieceBytes);
    // oxlint-disable-next-line no-await-in-loop -- piece by piece
    await reader.take(memory.subarray(0, bytes), take);
    memory.fill(0x22);
  }
  await reader.finish(take);
  return found;
}

/** The same without any short cut: every line is parsed, and every answer by its shape. */
function readEveryLine(text: string): readonly Found[] {
  const found: Found[] = [];
  const answers = new Map<string, TranscriptAnswer>();
  for (const [index, content] of text.split("\n").entries()) {
    const line = index + 1;
    if (/^[ \t\r]*$/.test(content)) continue;
    const raw = jsonOf(content);
    // Every line of a transcript is an object.
    const isBroken = raw === undefined || (!isObject(raw) && !content.includes('"usage"'));
    if (isBroken) {
      const message = "expected JSON in UTF-8";
      const rejection = { index: 0, eventId: undefined, code: "invalid", message } as const;
      found.push({ parsed: { kind: "rejected", rejection }, line });
    }
    const { type, message, requestId, timestamp, sessionId } = { ...raw };
    if (type !== "assistant" || typeof message?.usage !== "object") continue;
    const { id, model, usage, stop_reason } = message;
    const key = `${id} ${String(requestId)}`;
    const known = answers.get(key);
    answers.delete(key);
    const isFuller = known === undefined || known.outputTokens < (usage.output_tokens ?? 0);
    const fields = { requestId, timestamp, sessionId, message: { id, model, usage, stop_reason } };
    answers.set(
      key,
      isFuller
        ? { line, raw: fields, outputTokens: usage.output_tokens ?? 0, characters: 0 }
        : known,
    );
  }
  for (const one of answers.values()) {
    found.push({ parsed: transcriptEvent(one, undefined, context), line: one.line });
  }
  return found;
}

interface Line {
  readonly type?: unknown;
  readonly message?: {
    readonly id: string;
    readonly model: string;
    readonly usage: { readonly output_tokens?: number };
    readonly stop_reason?: unknown;
  };
  readonly requestId?: string;
  readonly timestamp?: string;
  readonly sessionId?: string;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonOf(content: string): Line | undefined {
  try {
    return JSON.parse(content) as Line;
  } catch {
    return undefined;
  }
}

/** The first, and now and then one of the others. */
function mostly(usual: unknown, ...others: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const said = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '"usage"',
    '{"usage":{"input_tokens":1}}',
    "\\",
    '\\"usage\\":',
    "a\nb",
    "\u{1f600}é",
  ),
);
const usage = fc.record(
  {
    input_tokens: mostly(1, 0, -1, 1.5, "1", null),
    output_tokens: fc.nat(50),
    cache_read_input_tokens: fc.nat(50),
    cache_creation: mostly({ ephemeral_5m_input_tokens: 3 }, null, {}),
    iterations: mostly([], null, [{ type: "message", input_tokens: 1 }]),
    service_tier: mostly("standard", null, 5),
  },
  { requiredKeys: ["input_tokens", "output_tokens"] },
);
const answer = fc
  .record(
    {
      type: mostly("assistant", "user"),
      timestamp: mostly("2026-11-20T09:00:03.000Z", "2026-11-20", 7),
      requestId: fc.constantFrom<unknown>("req_1", "req_2", "req_3", "req_4", 5, null),
      sessionId: mostly("s", "", null),
      content: said,
      toolUseResult: fc.record({ usage, text: said }),
      usage,
      number: fc.nat(3),
    },
    { requiredKeys: ["type", "timestamp", "content", "usage", "number"] },
  )
  .map(({ content, usage: used, number, ...rest }) => ({
    ...rest,
    message: {
      id: `msg_${String(number)}`,
      model: "claude-opus-5-5",
      content: [{ type: "text", text: content }],
      stop_reason: "end_turn",
      usage: used,
    },
  }));
const line = fc.oneof(
  { weight: 4, arbitrary: answer.map((value) => JSON.stringify(value)) },
  answer.map((value) => JSON.stringify(value).replaceAll('"usage":', '"usage" : ')),
  answer.map((value) => `${JSON.stringify(value)} \r`),
  fc.record({ type: fc.constant("user"), text: said }).map((value) => JSON.stringify(value)),
  fc.tuple(answer, fc.nat(400)).map(([value, at]) => JSON.stringify(value).slice(0, at)),
  fc.constantFrom("", " \r", "{}", "[1]", "null", '"usage"', '{"usage":', "not JSON"),
);

describe("reading quickly", () => {
  test("finds what reading every line finds, however the file comes in pieces", async () => {
    let events = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.integer({ min: 1, max: 3_000 }),
        async (lines, pieceBytes) => {
          // A line that is whole by its braces is passed over unread where it names no usage.
          const text = lines.filter((one) => isReadable(one)).join("\n");
          const found = await readInPieces(Buffer.from(text), pieceBytes);
          expect(inOrder(found)).toEqual(inOrder(readEveryLine(text)));
          events += found.filter((one) => one.parsed.kind === "event").length;
        },
      ),
      { numRuns: 300 },
    );
    expect(events).toBeGreaterThan(200);
  });

  test("takes nearly every answer without its shape, and as the shape does", () => {
    let plain = 0;
    fc.assert(
      fc.property(answer, fc.constantFrom(undefined, "dev@acme.test", "nobody"), (raw, email) => {
        const one = { line: 1, raw, outputTokens: 0, characters: 0 };
        const quick = plainAnswerEvent(one, email, context);
        if (quick === undefined) return;
        plain += 1;
        expect(quick).toEqual(transcriptEvent(one, email, context));
      }),
      { numRuns: 500 },
    );
    expect(plain).toBeGreaterThan(80);
  });
});

describe("an answer that was interrupted", () => {
  const at = "2026-11-20T09:00:03.000Z";
  const blockOf = (stop_reason: string | null, output_tokens: number, content: object) =>
    JSON.stringify({
      type: "assistant",
      timestamp: at,
      requestId: "req_1",
      sessionId: "s",
      message: {
        id: "msg_1",
        model: "claude-opus-5-5",
        content: [content],
        stop_reason,
        usage: { input_tokens: 1_200, output_tokens },
      },
    });
  const text = (characters: number) => ({ type: "text", text: "x".repeat(characters) });
  const thinking = (characters: number) => ({ type: "thinking", thinking: "x".repeat(characters) });

  test.each([
    ["a token for four characters", [blockOf(null, 3, text(51))], 12, true],
    ["what it had said", [blockOf(null, 30, text(51))], 30, true],
    [
      "its longest block, and no copy of it",
      [blockOf(null, 3, thinking(90)), blockOf(null, 3, text(51)), blockOf(null, 3, thinking(90))],
      22,
      true,
    ],
    [
      "no text of a tool",
      [blockOf(null, 3, { type: "tool_use", input: { text: "long" } })],
      3,
      true,
    ],
    [
      "not at all where the end of it came later",
      [blockOf(null, 3, text(51)), blockOf("end_turn", 7, text(51))],
      7,
      false,
    ],
    [
      "not at all where the end came with the same count",
      [blockOf(null, 3, text(51)), blockOf("tool_use", 3, text(51))],
      3,
      false,
    ],
  ])("counts with %s", async (_how, lines, outputTokens, isIncomplete) => {
    const found = await readInPieces(Buffer.from(lines.join("\n")), 1_000);
    expect(found).toMatchObject([
      { parsed: { kind: "event", event: { isIncomplete, usage: { outputTokens } } } },
    ]);
    expect(JSON.stringify(found)).not.toContain("xxx");
  });
});

/** Not the few that only look whole, which nobody parses: nothing of them is usage. */
function isReadable(one: string): boolean {
  const isWhole = /^\{.*\}[ \r]*$/s.test(one);
  return one.includes('"usage"') || (isWhole && jsonOf(one) !== undefined) || !isWhole;
}

function inOrder(found: readonly Found[]): readonly Found[] {
  return found.toSorted((left, right) => left.line - right.line);
}
