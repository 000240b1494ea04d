/**
 * The native usage event: JSON as in docs/usage-events.md → UsageEvent. `usage` is Anthropic's own
 * object unchanged (facts: platform.claude.com/docs/en/api/messages). Fields that we do not know
 * are dropped here, so that text of a prompt or an answer never gets any further.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { parseEmail } from "../../domain/email.ts";
import { parseUsd, usdToDecimal } from "../../domain/money.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { Usage, UsageEvent, UsageIteration, UsageQuantities } from "../../domain/usage.ts";
import { checkOccurredAt, type ParsedEvent } from "./rules.ts";

const ID_CHARS_MAX = 256;
const TAGS_MAX = 32;
const TAG_CHARS_MAX = 256;
const ITERATIONS_MAX = 1_000;
/** Far above any real request, far below where sums of a batch would lose their meaning. */
const TOKENS_MAX = 1_000_000_000_000;

/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
const text = (charsMax: number): z.ZodString =>
  z
    .string()
    .max(charsMax)
    .refine(
      (value) => !/[\0\p{Surrogate}]/u.test(value),
      "expected text without NUL or broken characters",
    );
const id = text(ID_CHARS_MAX).min(1).nullish();
const count = z.number().int().min(0).max(TOKENS_MAX);
const optionalCount = count.nullish();

const quantities = {
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: optionalCount,
  cache_read_input_tokens: optionalCount,
  cache_creation: z
    .object({
      ephemeral_5m_input_tokens: optionalCount,
      ephemeral_1h_input_tokens: optionalCount,
    })
    .nullish(),
};

const nativeEvent = z.object({
  event_id: text(ID_CHARS_MAX).min(1),
  occurred_at: z.iso.datetime({ offset: true }),
  provider: text(64).min(1).nullish(),
  model: text(ID_CHARS_MAX).min(1),
  usage: z.object({
    ...quantities,
    server_tool_use: z.object({ web_search_requests: optionalCount }).nullish(),
    service_tier: text(64).nullish(),
    inference_geo: text(64).nullish(),
    speed: text(64).nullish(),
    iterations: z
      .array(
        z.object({ ...quantities, type: text(64), model: text(ID_CHARS_MAX).min(1).nullish() }),
      )
      .max(ITERATIONS_MAX)
      .nullish(),
  }),
  request_id: id,
  message_id: id,
  user_email: text(ID_CHARS_MAX).nullish(),
  team: id,
  project: id,
  workspace_id: id,
  api_key_id: id,
  session_id: id,
  operation_id: id,
  tags: z
    .record(text(TAG_CHARS_MAX).min(1), text(TAG_CHARS_MAX))
    .refine(
      (tags) => Object.keys(tags).length <= TAGS_MAX,
      `expected at most ${String(TAGS_MAX)} tags`,
    )
    .nullish(),
  prompt_hash: id,
  reported_cost_usd: z.union([z.string(), z.number()]).nullish(),
});
type NativeEvent = z.infer<typeof nativeEvent>;

/** Parses one element of a batch. Every problem of the event is named in one message. */
export function parseNativeEvent(
  raw: unknown,
  {
    index,
    source,
    now,
  }: { readonly index: number; readonly source: string; readonly now: Instant },
): ParsedEvent {
  const parsed = nativeEvent.safeParse(raw);
  if (!parsed.success) {
    const message = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join(".") || "event"}: ${lowerFirst(issue.message)}`)
      .join("; ");
    return invalid(raw, index, message);
  }
  const native = parsed.data;
  const userEmail =
    native.user_email === undefined || native.user_email === null
      ? undefined
      : parseEmail(native.user_email);
  if (typeof native.user_email === "string" && userEmail === undefined) {
    return invalid(raw, index, "user_email: expected an e-mail address");
  }
  const reportedCost = parseReportedCost(native.reported_cost_usd);
  if (typeof reportedCost === "string") return invalid(raw, index, reportedCost);

  const event: UsageEvent = {
    source,
    eventId: native.event_id,
    occurredAt: instant(native.occurred_at),
    provider: native.provider ?? "anthropic",
    model: native.model,
    usage: usageFromNative(native.usage),
    requestId: native.request_id ?? undefined,
    messageId: native.message_id ?? undefined,
    userEmail,
    claimedTeam: native.team ?? undefined,
    claimedProject: native.project ?? undefined,
    workspaceId: native.workspace_id ?? undefined,
    apiKeyId: native.api_key_id ?? undefined,
    sessionId: native.session_id ?? undefined,
    operationId: native.operation_id ?? undefined,
    tags: native.tags ?? {},
    promptHash: native.prompt_hash ?? undefined,
    reportedCost,
    costBasis: "computed",
    isIncomplete: false,
  };
  const rejection = checkOccurredAt(event, index, now);
  return rejection === undefined
    ? { kind: "event", index, event }
    : { kind: "rejected", rejection };
}

function invalid(raw: unknown, index: number, message: string): ParsedEvent {
  const eventId = z.object({ event_id: text(ID_CHARS_MAX) }).safeParse(raw).data?.event_id;
  return { kind: "rejected", rejection: { index, eventId, code: "invalid", message } };
}

function usageFromNative(usage: NativeEvent["usage"]): Usage {
  return {
    ...quantitiesFromNative(usage),
    webSearchRequests: usage.server_tool_use?.web_search_requests ?? 0,
    serviceTier: usage.service_tier ?? undefined,
    inferenceGeo: usage.inference_geo ?? undefined,
    speed: usage.speed ?? undefined,
    iterations: (usage.iterations ?? []).map(
      (iteration): UsageIteration => ({
        ...quantitiesFromNative(iteration),
        type: iteration.type,
        model: iteration.model ?? undefined,
      }),
    ),
  };
}

type NativeQuantities = z.infer<z.ZodObject<typeof quantities>>;

/**
 * Cache writes that nobody split by lifetime are five-minute writes, Anthropic's default; so is a
 * rest that the split leaves over.
 */
function quantitiesFromNative(native: NativeQuantities): UsageQuantities {
  const split5m = native.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const split1h = native.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const total = Math.max(native.cache_creation_input_tokens ?? 0, split5m + split1h);
  return {
    uncachedInputTokens: native.input_tokens,
    cacheCreation5mInputTokens: total - split1h,
    cacheCreation1hInputTokens: split1h,
    cacheReadInputTokens: native.cache_read_input_tokens ?? 0,
    outputTokens: native.output_tokens,
  };
}

function parseReportedCost(
  value: string | number | null | undefined,
): UsageEvent["reportedCost"] | string {
  if (value === undefined || value === null) return undefined;
  const decimal =
    typeof value === "number" && Number.isFinite(value) ? value.toFixed(12) : String(value);
  const amount = parseUsd(decimal);
  return amount === undefined || amount < 0n
    ? "reported_cost_usd: expected dollars as a decimal of at least 0 with at most 12 places"
    : amount;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** SHA-256 over what we keep of an event, whatever order or spelling its JSON had. */
export function contentSha256(event: UsageEvent): string {
  const canonical = {
    ...event,
    occurredAt: event.occurredAt.toISOString(),
    reportedCost: event.reportedCost === undefined ? null : usdToDecimal(event.reportedCost),
    tags: Object.entries(event.tags).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  };
  return createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
}

/** The native event as JSON Schema, for the description of the API. */
export function nativeEventJsonSchema(): object {
  return z.toJSONSchema(nativeEvent, { io: "input", unrepresentable: "any" });
}
