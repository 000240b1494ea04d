/**
 * Spans of OpenTelemetry's GenAI conventions → usage events: the Anthropic SDK's own spans, those
 * of the Claude API, of gateways (OpenRouter, Cloudflare, Bifrost) and of instrumented
 * applications. Which spans are usage is decided here; their figures are read in gen-ai-usage.ts.
 */
import type { UsageEvent } from "../../../../domain/usage.ts";
import { timedByReceipt } from "../../call-event.ts";
import { requiredId } from "../../event-fields.ts";
import { invalidElement } from "../../field-limits.ts";
import { checkOccurredAt, type ParsedEvent } from "../../rules.ts";
import type { AdapterContext } from "../adapter.ts";
import { firstId, ownerOf, shortName, tagsOf, timeFromNanos } from "./attribution.ts";
import { genAiUsage } from "./gen-ai-usage.ts";
import type { Attributes, OtlpRecord } from "./records.ts";

const SDK_SCOPE = "com.anthropic.sdk.";
const CLAUDE_API_SERVICE = "claude-platform";
const CLAUDE_API_SCOPE = "com.anthropic.claude-platform";
const KIND_SERVER: readonly unknown[] = [2, "SPAN_KIND_SERVER"];
const STATUS_ERROR: readonly unknown[] = [2, "STATUS_CODE_ERROR"];
/** Around calls of a model, with the sum of their usage, or without a model at all. */
const NOT_CALLS: readonly unknown[] = [
  "create_agent",
  "embeddings",
  "execute_tool",
  "invoke_agent",
  "invoke_workflow",
  "retrieval",
];

const PROVIDER_NAMES = ["gen_ai.provider.name", "gen_ai.system", "gen_ai.model.provider"];
const USER_NAMES = ["user.email", "user.id", "enduser.id", "user"];
const SESSION_NAMES = ["session.id", "gen_ai.conversation.id"];
/** Gateways pass the metadata of their callers on under the callers' own names. */
const TAG_NAMES = [
  "anthropic.organization.id",
  "user.id",
  "gen_ai.agent.name",
  "trace.metadata.openrouter.api_key_name",
  "department",
  "cost_center",
  "customer",
  "feature",
  "env",
  "environment",
];

/** The event of a span; undefined for a span that is no call of a Claude model or used nothing. */
export function parseGenAiSpan(
  record: OtlpRecord,
  { source, now }: AdapterContext,
): ParsedEvent | undefined {
  const { index, attributes, resource, fields } = record;
  const model = modelOf(attributes);
  if (!isCallOfClaude(record, model)) return undefined;
  const ids = idsOf(record);
  const figures = genAiUsage(attributes);
  if (figures === undefined) return undefined;
  if (figures.kind === "invalid") return invalidElement(index, ids.eventId, figures.message);
  if (isFailedForNothing(record, figures.usage.outputTokens)) return undefined;
  if (model === undefined) {
    return invalidElement(index, ids.eventId, "gen_ai.request.model: expected a model");
  }
  if (ids.eventId === undefined) {
    return invalidElement(index, undefined, "spanId: expected traceId and spanId");
  }
  const endedAt = timeFromNanos(fields["endTimeUnixNano"]);
  if (endedAt === "invalid") {
    return invalidElement(index, ids.eventId, "endTimeUnixNano: expected nanoseconds since 1970");
  }
  const event: UsageEvent = {
    source,
    eventId: ids.eventId,
    occurredAt: endedAt ?? now,
    provider: shortName(attributes, PROVIDER_NAMES) ?? "anthropic",
    model,
    usage: figures.usage,
    requestId: ids.requestId,
    messageId: ids.messageId,
    ...ownerOf([attributes, resource], USER_NAMES),
    workspaceId: firstId([attributes], ["anthropic.workspace.id"]),
    apiKeyId: undefined,
    sessionId: firstId([attributes], SESSION_NAMES),
    operationId: undefined,
    tags: tagsOf(record, TAG_NAMES),
    promptHash: undefined,
    reportedCost: figures.reportedCost,
    costBasis: figures.costBasis,
    isIncomplete: figures.isIncomplete,
  };
  const rejection = checkOccurredAt(event, index, now);
  return rejection === undefined
    ? { kind: "event", index, event: endedAt === undefined ? timedByReceipt(event) : event }
    : { kind: "rejected", rejection };
}

/**
 * The model that answered, which may differ from the one asked for. Bedrock's own spelling of the
 * request says more than a plain answer: it has the region, which has its price.
 */
function modelOf(attributes: Attributes): string | undefined {
  const requested = firstId([attributes], ["gen_ai.request.model"]);
  if (requested !== undefined && /(?:^|[./])anthropic\./.test(requested)) return requested;
  return firstId([attributes], ["gen_ai.response.model"]) ?? requested;
}

function isCallOfClaude(record: OtlpRecord, model: string | undefined): boolean {
  const { attributes, fields, scopeName } = record;
  if (NOT_CALLS.includes(attributes["gen_ai.operation.name"])) return false;
  // Claude Code's own traces repeat its events.
  if (String(fields["name"]).startsWith("claude_code.")) return false;
  if (isClaudeApiSpan(record) && !isOutermostOfClaudeApi(record)) return false;
  return (
    scopeName.startsWith(SDK_SCOPE) ||
    /claude/i.test(model ?? "") ||
    firstId([attributes], PROVIDER_NAMES)?.toLowerCase() === "anthropic"
  );
}

function isClaudeApiSpan({ resource, scopeName }: OtlpRecord): boolean {
  return resource["service.name"] === CLAUDE_API_SERVICE || scopeName === CLAUDE_API_SCOPE;
}

/** Children of the API's span tell of the same tokens once more. */
function isOutermostOfClaudeApi({ fields }: OtlpRecord): boolean {
  return fields["name"] === "anthropic.messages.create" && KIND_SERVER.includes(fields["kind"]);
}

/** A failed call costs nothing, unless Anthropic itself had already counted its input. */
function isFailedForNothing(record: OtlpRecord, outputTokens: number): boolean {
  const isAnthropics = record.scopeName.startsWith(SDK_SCOPE) || isClaudeApiSpan(record);
  return STATUS_ERROR.includes(statusOf(record.fields).code) && outputTokens === 0 && !isAnthropics;
}

function statusOf(fields: OtlpRecord["fields"]): { readonly code: unknown } {
  const status = fields["status"];
  const code =
    typeof status === "object" && status !== null && "code" in status ? status.code : undefined;
  return { code };
}

/**
 * The ids of a call. Spans of one call by an application and its instrumentation share the id of
 * the answer, so they are one event; the Claude API's span of it is another one, which its request
 * id makes a duplicate.
 */
function idsOf(record: OtlpRecord): {
  readonly eventId: string | undefined;
  readonly requestId: string | undefined;
  readonly messageId: string | undefined;
} {
  const { attributes, fields } = record;
  const responseId = firstId([attributes], ["gen_ai.response.id"]);
  const requestId =
    firstId([attributes], ["anthropic.request.id"]) ??
    (responseId?.startsWith("req_") === true ? responseId : undefined);
  return {
    eventId:
      requestId !== undefined && isClaudeApiSpan(record)
        ? `api_span:${requestId}`
        : eventIdFrom(responseId ?? requestId, fields),
    requestId,
    messageId: responseId?.startsWith("msg_") === true ? responseId : undefined,
  };
}

function eventIdFrom(callId: string | undefined, fields: OtlpRecord["fields"]): string | undefined {
  if (callId !== undefined) return `span:${callId}`;
  const [trace, span] = [fields["traceId"], fields["spanId"]].map((id) => requiredId.safeParse(id));
  return trace?.success === true && span?.success === true
    ? `span:${trace.data}/${span.data}`.toLowerCase()
    : undefined;
}
