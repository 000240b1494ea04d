/**
 * The shape of an answer in a transcript of Claude Code, and what is wrong with one that has another.
 * Where answers stand, and those that are as they should be, `transcript-answers.ts` knows. Pure.
 */
import { z } from "zod";
import { anthropicUsage } from "../anthropic-usage.ts";
import { type ElementContext, eventFromCall } from "../call-event.ts";
import { describeIssues, id, isoTime, requiredId } from "../event-fields.ts";
import { invalidElement } from "../field-limits.ts";
import type { ParsedEvent } from "../rules.ts";
import { callOf, type TranscriptAnswer } from "./transcript-answers.ts";

const answer = z.object({
  requestId: id,
  timestamp: isoTime,
  sessionId: id.catch(undefined),
  message: z.object({
    id: requiredId,
    model: requiredId,
    usage: anthropicUsage,
    stop_reason: z.unknown().optional(),
  }),
});

/** The event of an answer; `userEmail` is whose session it was. */
export function transcriptEvent(
  { raw }: TranscriptAnswer,
  userEmail: string | undefined,
  context: ElementContext,
): ParsedEvent {
  const result = answer.safeParse(raw);
  if (!result.success) {
    return invalidElement(context.index, raw["requestId"], describeIssues(result.error));
  }
  const { message, requestId, timestamp, sessionId } = result.data;
  const { id: messageId, model, usage } = message;
  return eventFromCall(
    callOf({ requestId, messageId, timestamp, sessionId, model, usage }, userEmail),
    context,
  );
}
