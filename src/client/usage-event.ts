/**
 * A message of the Messages API → the native usage event, as JSON. Only the fields that are named
 * here are copied: whatever else a message holds, its text above all, can't get out.
 */
import { randomUUID } from "node:crypto";
import { isRecord, nameOf, type UnknownRecord } from "./unknown-record.ts";

/** Who and what a call was for. Claude Spend books its cost accordingly. */
export interface UsageAttribution {
  /** Keys of governance.yml. */
  readonly team?: string | undefined;
  readonly project?: string | undefined;
  readonly userEmail?: string | undefined;
  /** Without it: what the response says (`anthropic-workspace-id`). */
  readonly workspaceId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Same for all attempts of one operation of yours. */
  readonly operationId?: string | undefined;
  /** Recognises repeated prompts without knowing them. */
  readonly promptHash?: string | undefined;
  /** Without it: `anthropic`. */
  readonly provider?: string | undefined;
  /** Tags of several places are joined; the more special place wins. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** As much of a message as is read; a `Message` of the SDK is one. */
export interface ReportableMessage {
  readonly id?: string | null | undefined;
  readonly model: string;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  /** The SDK's own, hidden field. */
  readonly _request_id?: string | null | undefined;
}

export interface UsageReport extends UsageAttribution {
  readonly message: ReportableMessage;
  /** Header `request-id`. Without it: what the SDK noted in the message. */
  readonly requestId?: string | null | undefined;
  /** When the call was made; without it: now. Give it when you may report a message twice. */
  readonly occurredAt?: Date | string | null | undefined;
  /** The stream was cut off: the output is a floor. */
  readonly isIncomplete?: boolean | undefined;
}

/** Whether there is something to report in what claims to be a message. */
export function isReportable(message: unknown): message is ReportableMessage {
  if (!isRecord(message) || nameOf(message["model"]) === undefined) return false;
  const { usage } = message;
  return isRecord(usage) && isCount(usage["input_tokens"]) && isCount(usage["output_tokens"]);
}

/** The event as JSON; undefined when the message has no model or no usage to read. */
export function usageEventJson(
  report: UsageReport,
  defaults: UsageAttribution,
  now: Date,
): string | undefined {
  const { message } = report;
  if (!isReportable(message)) return undefined;
  const { id, _request_id: notedRequestId } = message;
  const messageId = nameOf(id);
  const requestId = nameOf(report.requestId) ?? nameOf(notedRequestId);
  const attribution = mergeAttribution(defaults, report);
  const occurredAt = new Date(report.occurredAt ?? now);
  return JSON.stringify({
    // The message's own id: a message that is reported by hand, too, is recognised.
    event_id: messageId ?? requestId ?? randomUUID(),
    occurred_at: (Number.isNaN(occurredAt.getTime()) ? now : occurredAt).toISOString(),
    provider: attribution.provider,
    model: message.model,
    usage: usageOf(message.usage),
    request_id: requestId ?? messageId,
    message_id: messageId,
    user_email: attribution.userEmail,
    team: attribution.team,
    project: attribution.project,
    workspace_id: attribution.workspaceId,
    api_key_id: attribution.apiKeyId,
    session_id: attribution.sessionId,
    operation_id: attribution.operationId,
    prompt_hash: attribution.promptHash,
    tags: attribution.tags,
    ...(report.isIncomplete === true ? { is_incomplete: true } : {}),
  });
}

/** Joined attribution; what `special` leaves open, `general` says. */
export function mergeAttribution(
  general: UsageAttribution,
  special: UsageAttribution,
): UsageAttribution {
  const tags = { ...general.tags, ...special.tags };
  return {
    team: special.team ?? general.team,
    project: special.project ?? general.project,
    userEmail: special.userEmail ?? general.userEmail,
    workspaceId: special.workspaceId ?? general.workspaceId,
    apiKeyId: special.apiKeyId ?? general.apiKeyId,
    sessionId: special.sessionId ?? general.sessionId,
    operationId: special.operationId ?? general.operationId,
    promptHash: special.promptHash ?? general.promptHash,
    provider: special.provider ?? general.provider,
    tags: Object.keys(tags).length === 0 ? undefined : tags,
  };
}

/** Anthropic's usage object with nothing but the fields that cost something. */
function usageOf(usage: UnknownRecord): UnknownRecord {
  const serverToolUse = isRecord(usage["server_tool_use"]) ? usage["server_tool_use"] : {};
  const iterations: readonly unknown[] = Array.isArray(usage["iterations"])
    ? usage["iterations"]
    : [];
  return {
    ...quantitiesOf(usage),
    server_tool_use: { web_search_requests: countOf(serverToolUse["web_search_requests"]) },
    service_tier: nameOf(usage["service_tier"]),
    inference_geo: nameOf(usage["inference_geo"]),
    speed: nameOf(usage["speed"]),
    iterations: iterations.filter(isRecord).map((iteration) => ({
      type: nameOf(iteration["type"]),
      model: nameOf(iteration["model"]),
      ...quantitiesOf(iteration),
    })),
  };
}

function quantitiesOf(usage: UnknownRecord): UnknownRecord {
  const split = usage["cache_creation"];
  return {
    input_tokens: countOf(usage["input_tokens"]),
    output_tokens: countOf(usage["output_tokens"]),
    cache_creation_input_tokens: countOf(usage["cache_creation_input_tokens"]),
    cache_read_input_tokens: countOf(usage["cache_read_input_tokens"]),
    cache_creation: isRecord(split)
      ? {
          ephemeral_5m_input_tokens: countOf(split["ephemeral_5m_input_tokens"]),
          ephemeral_1h_input_tokens: countOf(split["ephemeral_1h_input_tokens"]),
        }
      : undefined,
  };
}

function countOf(value: unknown): number | undefined {
  return isCount(value) ? value : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
