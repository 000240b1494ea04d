/**
 * LiteLLM's generic API callback → usage events, in its three formats: an array of
 * StandardLoggingPayloads, one alone, or one a line (docs.litellm.ai, observability/generic_api).
 * Calls of other vendors' models, failed calls and answers out of LiteLLM's cache give none.
 */
import { parseEmail } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { ZERO_USD } from "../../../domain/money.ts";
import type { UsageEvent } from "../../../domain/usage.ts";
import { USAGE_EVENTS_MAX } from "../../../http/limits.ts";
import { describeIssues, requiredId } from "../event-fields.ts";
import { invalidElement, isRecord, parseReportedCost } from "../field-limits.ts";
import { checkOccurredAt, type ParsedEvent } from "../rules.ts";
import type { Adapter, AdapterContext } from "./adapter.ts";
import {
  type ClaudeCall,
  claudeCallOf,
  type LitellmPayload,
  litellmPayload,
} from "./litellm-payload.ts";
import { measureUsage, NOTHING_COUNTED } from "./litellm-usage.ts";

export interface LitellmDelivery {
  /** LiteLLM says `application/json` of lines, too, so this only settles the doubtful cases. */
  readonly contentType: string | undefined;
  /** Already decompressed. */
  readonly body: Buffer;
}

/**
 * One event for each call of Claude that reached the model and succeeded. Throws `AppError`
 * "invalid" for what is not JSON in one of the formats, "too-large" for too many calls.
 */
export const parseLitellmDelivery: Adapter<LitellmDelivery> = (delivery, context) =>
  elementsOf(delivery).flatMap((raw, index) => {
    const parsed = parseLitellmCall(raw, index, context);
    return parsed === undefined ? [] : [parsed];
  });

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A line that is not JSON is undefined. */
function elementsOf({ contentType, body }: LitellmDelivery): readonly unknown[] {
  const content = textOf(body);
  const whole = /ndjson|jsonl/i.test(contentType ?? "") ? undefined : jsonOf(content);
  if (isRecord(whole)) return [whole];
  if (Array.isArray(whole)) {
    if (whole.length > USAGE_EVENTS_MAX) throw tooMany();
    return whole;
  }
  const elements = linesOf(content).map(jsonOf);
  // The first line of a broken whole is no object of its own.
  if (!isRecord(elements[0])) {
    throw notOfLitellm("The body is neither LiteLLM's log as JSON nor one JSON object a line.");
  }
  return elements;
}

/** The lines that are not blank. */
function linesOf(content: string): readonly string[] {
  const lines: string[] = [];
  for (const [line] of content.matchAll(/\S[^\n]*/g)) {
    if (lines.push(line) > USAGE_EVENTS_MAX) throw tooMany();
  }
  return lines;
}

function textOf(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch (error) {
    throw notOfLitellm("The body is not text in UTF-8.", error);
  }
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined; // The caller knows what was expected there.
  }
}

function notOfLitellm(message: string, cause?: unknown): AppError {
  return new AppError({ code: "invalid", message, cause });
}

function tooMany(): AppError {
  return new AppError({
    code: "too-large",
    message: `Send at most ${String(USAGE_EVENTS_MAX)} calls at a time: lower LiteLLM's batch_size.`,
  });
}

/** One logged call; undefined for one that did not reach a Claude model or used nothing. */
export function parseLitellmCall(
  raw: unknown,
  index: number,
  context: AdapterContext,
): ParsedEvent | undefined {
  if (!isRecord(raw)) {
    return invalidElement(index, undefined, "event: expected LiteLLM's log of one call, an object");
  }
  if (!hasReachedModel(raw)) return undefined;
  const call = claudeCallOf(raw);
  if (call === "of-another-vendor") return undefined;
  const eventId = raw["litellm_call_id"] ?? raw["id"];
  if (call === "unnamed") {
    return invalidElement(index, eventId, "model: expected the name of a model");
  }
  const payload = litellmPayload.safeParse(raw);
  if (!payload.success) return invalidElement(index, eventId, describeIssues(payload.error));

  const event = eventFrom(payload.data, call, context);
  if (event === undefined) return undefined;
  if (typeof event === "string") return invalidElement(index, eventId, event);
  const rejection = checkOccurredAt(event, index, context.now);
  return rejection === undefined
    ? { kind: "event", index, event }
    : { kind: "rejected", rejection };
}

/** A failed call costs nothing, and an answer out of LiteLLM's own cache asked no model. */
function hasReachedModel({
  status,
  cache_hit: cacheHit,
}: Readonly<Record<string, unknown>>): boolean {
  const isOutOfCache =
    cacheHit === true || (typeof cacheHit === "string" && cacheHit.toLowerCase() === "true");
  return !isOutOfCache && (status === undefined || status === null || status === "success");
}

/** Undefined: nothing was used. A text says what is wrong. */
function eventFrom(
  payload: LitellmPayload,
  { provider, model }: ClaudeCall,
  { source }: AdapterContext,
): UsageEvent | string | undefined {
  const eventId = payload.litellm_call_id ?? payload.id;
  if (typeof eventId !== "string") return "litellm_call_id: expected the id of the call";
  const occurredAt = payload.endTime ?? payload.startTime;
  if (occurredAt === undefined || occurredAt === null) return "endTime: expected when it ended";
  const reportedCost = parseReportedCost(payload.response_cost, "response_cost");
  if (typeof reportedCost === "string") return reportedCost;
  // 0 is also what LiteLLM reports for a model that its price map does not have.
  const hasCost = reportedCost !== undefined && reportedCost > ZERO_USD;

  const { metadata, response } = payload;
  const measured = measureUsage([metadata?.usage_object, response?.usage], payload);
  if (!hasCost) {
    if (measured === undefined) return "prompt_tokens: expected the tokens of the call";
    if (measured.kind === "nothing") return undefined;
  }
  const usage = measured?.usage ?? NOTHING_COUNTED;
  // The id of the answer: all that LiteLLM's spend log, its traces and the caller know of a call.
  const messageId = [response?.id, payload.id].find(isMessageId) ?? payload.id ?? undefined;
  return {
    source,
    eventId,
    occurredAt,
    provider,
    model,
    usage:
      provider === "vertex_ai"
        ? { ...usage, inferenceGeo: usage.inferenceGeo ?? vertexLocation(payload) }
        : usage,
    // By these the same call is known when it also comes from elsewhere.
    requestId: anthropicRequestId(payload) ?? messageId ?? eventId,
    messageId,
    ...ownerFrom(payload),
    workspaceId: undefined,
    sessionId: undefined,
    operationId: payload.trace_id ?? undefined,
    promptHash: undefined,
    reportedCost,
    costBasis: hasCost && measured?.kind !== "split" ? "reported" : "computed",
    isIncomplete: false,
  };
}

function isMessageId(value: string | null | undefined): value is string {
  return typeof value === "string" && /^msg_[\w-]+$/.test(value);
}

/** Anthropic's `request-id`, which LiteLLM passes on under a name of its own. */
function anthropicRequestId({ hidden_params: hidden }: LitellmPayload): string | undefined {
  const headers = hidden?.additional_headers ?? {};
  return [headers["llm_provider-request-id"], headers["llm_provider_request_id"]]
    .map((value) => requiredId.safeParse(value).data)
    .find((value) => value !== undefined && /^req_[\w-]+$/.test(value));
}

/** On Vertex the place, which may cost extra, stands in the address alone. */
function vertexLocation({ api_base: address }: LitellmPayload): string | undefined {
  return /\/locations\/([a-z0-9-]+)(?:\/|$)/.exec(address ?? "")?.[1];
}

/** LiteLLM's own name for whoever uses the master key. */
const NOBODYS_ID = "default_user_id";

/**
 * Whose the call was. The key's team is LiteLLM's word and goes before the caller's tag; the
 * project is the caller's to say, since one key serves many.
 */
function ownerFrom({
  metadata: key,
  request_tags: requestTags,
}: LitellmPayload): Pick<
  UsageEvent,
  "userEmail" | "claimedTeam" | "claimedProject" | "apiKeyId" | "tags"
> {
  const userId = key?.user_api_key_user_id;
  const userEmail = parseEmail(key?.user_api_key_user_email ?? "") ?? parseEmail(userId ?? "");
  const { team, project, ...tags } = tagsFrom([
    ...requestTags.map((tag) => splitTag(tag ?? "")),
    ...Object.entries(key?.spend_logs_metadata ?? {}),
    ["api_key_alias", key?.user_api_key_alias],
    // Without an address the id is what tells who it was, once somebody links it.
    ...(userEmail === undefined && userId !== NOBODYS_ID ? [["user_id", userId] as const] : []),
  ]);
  return {
    userEmail,
    claimedTeam: key?.user_api_key_team_alias ?? team ?? key?.user_api_key_team_id ?? undefined,
    claimedProject: project ?? key?.user_api_key_project_alias ?? undefined,
    apiKeyId: key?.user_api_key_hash ?? key?.user_api_key_alias ?? undefined,
    tags,
  };
}

/** "env:prod" is a name and its value; a tag without a value is a flag. */
function splitTag(tag: string): readonly [string, string] {
  const colon = tag.indexOf(":");
  return colon < 0
    ? [tag.trim(), "true"]
    : [tag.slice(0, colon).trim(), tag.slice(colon + 1).trim()];
}

/** So many an event may have, as docs/usage-events.md says. */
const TAGS_MAX = 32;

/** The first of a name counts. A tag that cannot be kept, or one too many, is left out. */
function tagsFrom(
  entries: readonly (readonly [string, unknown])[],
): Readonly<Record<string, string>> {
  const tags = new Map<string, string>();
  for (const [name, value] of entries) {
    const isKept = requiredId.safeParse(name).success && !tags.has(name) && tags.size < TAGS_MAX;
    const text = requiredId.safeParse(value).data;
    if (isKept && text !== undefined) tags.set(name, text);
  }
  return Object.fromEntries(tags);
}
