/**
 * A usage event as JSON and back: how one that could not be recorded is kept so that it can be tried
 * again. Holds what the event holds, nothing else; so no text of a prompt or an answer.
 */
import { z } from "zod";
import { type Email, parseEmail } from "../../domain/email.ts";
import { parseUsd, type Usd, usdToDecimal } from "../../domain/money.ts";
import { instant } from "../../domain/time.ts";
import type { UsageEvent } from "../../domain/usage.ts";
import { timedByReceipt } from "./native-event.ts";

/** Plain JSON; what is undefined is left out. */
export function storedEventFrom(event: UsageEvent): object {
  return {
    ...event,
    occurredAt: event.occurredAt.toISOString(),
    reportedCost: event.reportedCost === undefined ? undefined : usdToDecimal(event.reportedCost),
  };
}

const optionalText = z.string().optional();
const quantities = {
  uncachedInputTokens: z.number(),
  cacheCreation5mInputTokens: z.number(),
  cacheCreation1hInputTokens: z.number(),
  cacheReadInputTokens: z.number(),
  outputTokens: z.number(),
};

const storedEvent = z.object({
  source: z.string(),
  eventId: z.string(),
  occurredAt: z.iso.datetime().transform((text) => instant(text)),
  provider: z.string(),
  model: z.string(),
  usage: z.object({
    ...quantities,
    webSearchRequests: z.number(),
    serviceTier: optionalText,
    inferenceGeo: optionalText,
    speed: optionalText,
    iterations: z.array(z.object({ ...quantities, type: z.string(), model: optionalText })),
    isSummed: z.literal(true).optional(),
  }),
  requestId: optionalText,
  messageId: optionalText,
  userEmail: optionalText,
  claimedTeam: optionalText,
  claimedProject: optionalText,
  workspaceId: optionalText,
  apiKeyId: optionalText,
  sessionId: optionalText,
  operationId: optionalText,
  tags: z.record(z.string(), z.string()),
  promptHash: optionalText,
  reportedCost: optionalText,
  costBasis: z.enum(["computed", "reported"]),
  isIncomplete: z.boolean(),
  corrects: optionalText,
  voids: optionalText,
  isTimedByReceipt: z.boolean().optional(),
});

/** The event that was stored; undefined for what another version kept in another form. */
export function eventFromStored(stored: unknown): UsageEvent | undefined {
  const parsed = storedEvent.safeParse(stored);
  if (!parsed.success) return undefined;
  const { isTimedByReceipt, corrects, voids, usage: usageAndMark, ...rest } = parsed.data;
  const { isSummed, ...usage } = usageAndMark;
  // Every field is there, if only as undefined, and in the order of the first reading: see the hash.
  const event: UsageEvent = {
    source: rest.source,
    eventId: rest.eventId,
    occurredAt: rest.occurredAt,
    provider: rest.provider,
    model: rest.model,
    usage: {
      ...usage,
      serviceTier: usage.serviceTier,
      inferenceGeo: usage.inferenceGeo,
      speed: usage.speed,
      iterations: usage.iterations.map((iteration) => ({ ...iteration, model: iteration.model })),
      ...(isSummed === undefined ? {} : { isSummed }),
    },
    requestId: rest.requestId,
    messageId: rest.messageId,
    userEmail: emailOf(rest.userEmail),
    claimedTeam: rest.claimedTeam,
    claimedProject: rest.claimedProject,
    workspaceId: rest.workspaceId,
    apiKeyId: rest.apiKeyId,
    sessionId: rest.sessionId,
    operationId: rest.operationId,
    tags: rest.tags,
    promptHash: rest.promptHash,
    reportedCost: costOf(rest.reportedCost),
    costBasis: rest.costBasis,
    isIncomplete: rest.isIncomplete,
    ...(corrects === undefined ? {} : { corrects }),
    ...(voids === undefined ? {} : { voids }),
  };
  return isTimedByReceipt === true ? timedByReceipt(event) : event;
}

function emailOf(text: string | undefined): Email | undefined {
  return text === undefined ? undefined : parseEmail(text);
}

function costOf(text: string | undefined): Usd | undefined {
  return text === undefined ? undefined : parseUsd(text);
}
