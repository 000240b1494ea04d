/**
 * Helicone's webhook → a usage event (docs.helicone.ai/features/webhooks): who may send it, and what
 * one delivery says. The bodies of request and answer that it carries are never kept; of the answer
 * only id, model and usage are read.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { parseEmail } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { ZERO_USD } from "../../../domain/money.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import { type RequestHeaders, unauthorized } from "../../../http/authorization.ts";
import { anthropicUsage } from "../anthropic-usage.ts";
import { timedByReceipt } from "../call-event.ts";
import { describeIssues, id, looseCount, reportedCost, requiredId } from "../event-fields.ts";
import { invalidElement, isRecord, parseReportedCost } from "../field-limits.ts";
import type { ParsedEvent } from "../rules.ts";
import { usageFromAnthropic } from "../usage-from-anthropic.ts";
import type { Adapter, AdapterContext } from "./adapter.ts";

/**
 * Accepts a request whose `Helicone-Signature` is the HMAC of `secret` over the bytes of `body` as
 * they came; anything else is `unauthorized`. Helicone signs no time: only the request's id tells a
 * repeated delivery.
 */
export function verifyHeliconeSignature({
  secret,
  headers,
  body,
}: {
  readonly secret: string;
  readonly headers: RequestHeaders;
  readonly body: Buffer;
}): void {
  const signature = headers["helicone-signature"];
  if (typeof signature !== "string" || !/^[0-9a-f]{64}$/.test(signature)) {
    throw unauthorized(
      "Send Helicone's signature of the body as Helicone-Signature: 64 hexadecimal digits.",
    );
  }
  const expected = createHmac("sha256", secret).update(body).digest();
  if (!timingSafeEqual(Buffer.from(signature, "hex"), expected)) {
    throw unauthorized("The signature is not the one of this source's HMAC key over this body.");
  }
}

/** Attribution that cannot be kept is left out: what was used counts, whoever's it was. */
const name = id.catch(undefined);

const delivery = z.object({
  request_id: requiredId,
  user_id: name,
  model: name,
  provider: name,
  // A text in most versions, cut by a notice in its place when it is longer than 10 KB.
  response_body: z.preprocess(
    objectOf,
    z
      .object({
        id: name,
        model: name,
        type: name,
        usage: z.preprocess(anthropicOnly, anthropicUsage.optional()),
      })
      .optional(),
  ),
  metadata: z.preprocess(
    objectOf,
    z
      .object({
        cost: reportedCost,
        promptTokens: looseCount.nullish(),
        completionTokens: looseCount.nullish(),
      })
      .optional(),
  ),
});
type Delivery = z.infer<typeof delivery>;

function objectOf(value: unknown): unknown {
  const parsed = typeof value === "string" ? jsonOf(value) : value;
  return isRecord(parsed) ? parsed : undefined;
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined; // The notice, or the text of a stream.
  }
}

/** Through Helicone's gateway an answer may count the OpenAI way; its metadata then knows more. */
function anthropicOnly(value: unknown): unknown {
  return isRecord(value) && "input_tokens" in value ? value : undefined;
}

/** The event of a call of Claude; none for other vendors' models and for calls that failed. */
export const parseHeliconeDelivery: Adapter = (body, context) => {
  if (!isRecord(body)) {
    throw new AppError({
      code: "invalid",
      message: "The body is not a delivery of Helicone's webhook: expected a JSON object.",
    });
  }
  const parsed = parseDelivery(body, context);
  return parsed === undefined ? [] : [parsed];
};

function parseDelivery(
  body: Readonly<Record<string, unknown>>,
  context: AdapterContext,
): ParsedEvent | undefined {
  const parsed = delivery.safeParse(body);
  const invalid = (message: string): ParsedEvent => invalidElement(0, body["request_id"], message);
  if (!parsed.success) return invalid(describeIssues(parsed.error));
  const call = parsed.data;
  // A refused call, an overload and the like.
  if (call.response_body?.type === "error") return undefined;

  const model = call.model ?? call.response_body?.model;
  const provider = providerOf(call.provider);
  if (!isKeptModel(model, provider)) return undefined;
  if (typeof model !== "string") {
    return invalid(`model: expected the model of the call. ${INCLUDE_DATA}`);
  }
  const cost = parseReportedCost(call.metadata?.cost, "metadata.cost");
  if (typeof cost === "string") return invalid(cost);
  const event = eventFrom(call, { model, provider, cost }, context);
  if (typeof event === "string") return invalid(event);
  return event === undefined
    ? undefined
    : { kind: "event", index: 0, event: timedByReceipt(event) };
}

const INCLUDE_DATA = "Turn on “Include Data” for this webhook in Helicone.";

/** Helicone's name for where the model ran, in the words that prices know. */
function providerOf(given: string | null | undefined): string | undefined {
  const provider = given?.toLowerCase();
  return provider === "aws" ? "bedrock" : provider;
}

/** Only another vendor's model is left out; a call that names neither must be heard of. */
function isKeptModel(model: string | null | undefined, provider: string | undefined): boolean {
  if (provider === "anthropic") return true;
  return typeof model === "string" ? /claude/i.test(model) : provider === undefined;
}

/** Undefined: nothing was used. A text says what is wrong. */
function eventFrom(
  { request_id: requestId, response_body: response, metadata, ...call }: Delivery,
  of: {
    readonly model: string;
    readonly provider: string | undefined;
    readonly cost: UsageEvent["reportedCost"];
  },
  { source, now }: AdapterContext,
): UsageEvent | string | undefined {
  const hasCost = of.cost !== undefined && of.cost > ZERO_USD;
  const { promptTokens, completionTokens } = metadata ?? {};
  const isCounted = typeof promptTokens === "number" || typeof completionTokens === "number";
  if (response?.usage === undefined && !isCounted && !hasCost) {
    return `metadata: expected token counts or a cost. ${INCLUDE_DATA}`;
  }
  // Without Anthropic's usage nobody tells cached tokens from others, but Helicone's cost does.
  const usage = usageFromAnthropic(
    response?.usage ?? { input_tokens: promptTokens ?? 0, output_tokens: completionTokens ?? 0 },
  );
  const counts = Object.values(usage).filter((value) => typeof value === "number");
  const isNothing = usage.iterations.length === 0 && counts.every((value) => value === 0);
  if (isNothing && !hasCost) return undefined;

  const messageId = isMessageId(response?.id) ? response.id : undefined;
  const userEmail = parseEmail(call.user_id ?? "");
  return {
    source,
    eventId: requestId,
    occurredAt: now,
    provider: of.provider ?? "anthropic",
    model: of.model,
    usage,
    // An answer out of Helicone's cache repeats the message that was paid for once.
    requestId: messageId ?? requestId,
    messageId,
    userEmail,
    claimedTeam: undefined,
    claimedProject: undefined,
    workspaceId: undefined,
    apiKeyId: undefined,
    sessionId: undefined,
    operationId: undefined,
    tags: userEmail === undefined && isGiven(call.user_id) ? { user_id: call.user_id } : {},
    promptHash: undefined,
    reportedCost: of.cost,
    costBasis: hasCost && (response?.usage === undefined || isNothing) ? "reported" : "computed",
    isIncomplete: false,
  };
}

function isGiven(text: string | null | undefined): text is string {
  return text !== undefined && text !== null;
}

function isMessageId(value: string | null | undefined): value is string {
  return isGiven(value) && /^msg_[\w-]+$/.test(value);
}
