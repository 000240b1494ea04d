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
import { CHARACTERS_PER_TOKEN } from "./anthropic-message.ts";
import { callOf, isBrokenOff, type TranscriptAnswer } from "./transcript-answers.ts";

const answer = z.object({
  requestId: id,
  timestamp: isoTime,
  sessionId: id.catch(undefined),
  message: z.object({
    id: requiredId,
    model: requiredId,
    usage: anthropicUsage,
  }),
});

/**
 * The event of an answer; `userEmail` is whose session it was. One that was broken off counts with
 * what it had said, or one token for four characters, whichever is more, and is marked.
 */
export function transcriptEvent(
  from: TranscriptAnswer,
  userEmail: string | undefined,
  context: ElementContext,
): ParsedEvent {
  const { raw } = from;
  const result = answer.safeParse(raw);
  if (!result.success) {
    return invalidElement(context.index, raw["requestId"], describeIssues(result.error));
  }
  const { message, requestId, timestamp, sessionId } = result.data;
  const { id: messageId, model, usage } = message;
  const call = callOf({ requestId, messageId, timestamp, sessionId, model, usage }, userEmail);
  if (!isBrokenOff(from)) return eventFromCall(call, context);
  const floor = Math.floor(from.characters / CHARACTERS_PER_TOKEN);
  const output_tokens = Math.max(usage.output_tokens, floor);
  return eventFromCall(
    { ...call, usage: { ...usage, output_tokens }, is_incomplete: true },
    context,
  );
}
