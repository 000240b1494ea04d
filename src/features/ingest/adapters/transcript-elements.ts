/** The answers of a transcript → usage events, in the order in which they were over. */
import { splitLines } from "../framing.ts";
import type { ParsedEvent } from "../rules.ts";
import {
  brokenLine,
  type ElementReader,
  type ElementReading,
  type TakeElement,
} from "./element-reader.ts";
import {
  isBeingWritten,
  plainAnswerEvent,
  readTranscript,
  type TranscriptAnswer,
} from "./transcript-answers.ts";

export function readTranscriptElements(reading: ElementReading): ElementReader {
  const splitter = splitLines();
  const reader = readTranscript();
  const found: (TranscriptAnswer | number)[] = [];
  const collect = (bytes: Buffer, line: number): void => {
    const answer = reader.take(bytes, line);
    if (answer === "broken") found.push(line);
    else if (answer !== undefined) found.push(answer);
  };
  const handOn = async (take: TakeElement): Promise<void> => {
    for (const answer of found) {
      if (typeof answer === "number") take(brokenLine(), answer);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they stand in the file
      else take(plainEvent(answer, reading) ?? (await eventByShape(answer, reading)), answer.line);
    }
    found.length = 0;
  };
  return {
    take: async (chunk, take) => {
      splitter.take(chunk, collect);
      await handOn(take);
    },
    finish: async (take) => {
      splitter.finish(collect);
      await handOn(take);
      const rest = reader.rest();
      let unfinished = 0;
      for (const [position, answer] of rest.entries()) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, as they stand in the file
        const parsed = plainEvent(answer, reading) ?? (await eventByShape(answer, reading));
        const isLast = position === rest.length - 1;
        if (isLast && isBeingWritten(parsed, answer, reading.context.now)) unfinished += 1;
        else take(parsed, answer.line);
      }
      return unfinished;
    },
  };
}

function plainEvent(
  answer: TranscriptAnswer,
  { userEmail, context }: ElementReading,
): ParsedEvent | undefined {
  return plainAnswerEvent(answer, userEmail, { ...context, index: 0 });
}

/** Loaded with the first answer that needs it: see `transcript-answers.ts`. */
async function eventByShape(
  answer: TranscriptAnswer,
  { userEmail, context }: ElementReading,
): Promise<ParsedEvent> {
  const { transcriptEvent } = await import("./transcript.ts");
  return transcriptEvent(answer, userEmail, { ...context, index: 0 });
}
