/**
 * Whether an element is a native usage event just as it stands. Says the same as the shape in
 * `native-event.ts`, which also knows what is wrong with all others, in a tenth of its time. Whatever
 * looks unusual is "no": then the shape decides.
 */
import type { AnthropicUsage } from "./anthropic-usage.ts";
import {
  ITERATIONS_MAX,
  isCount,
  isId,
  isIsoTime,
  isText,
  TAG_CHARS_MAX,
  TAGS_MAX,
} from "./field-limits.ts";

type Fields = Readonly<Record<string, unknown>>;

const WORD_CHARS_MAX = 64;

type OptionalText = string | null | undefined;

/** What such an element has; beside it, fields of the sender's own. */
interface PlainCall extends Readonly<Partial<Record<(typeof OPTIONAL_IDS)[number], OptionalText>>> {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly model: string;
  readonly usage: AnthropicUsage;
  readonly provider?: OptionalText;
  readonly user_email?: OptionalText;
  readonly tags?: Record<string, string> | null | undefined;
  readonly reported_cost_usd?: string | number | null | undefined;
  readonly is_incomplete?: boolean | null | undefined;
}

export function isPlainCall(raw: unknown): raw is PlainCall {
  if (!isFields(raw)) return false;
  return (
    isId(raw["event_id"]) &&
    isIsoTime(raw["occurred_at"]) &&
    isId(raw["model"]) &&
    isPlainUsage(raw["usage"]) &&
    isAbsentOr(raw["provider"], isWord) &&
    OPTIONAL_IDS.every((name) => isAbsentOr(raw[name], isId)) &&
    isAbsentOr(raw["user_email"], isId) &&
    isAbsentOr(raw["tags"], areTags) &&
    isAbsentOr(raw["reported_cost_usd"], isTextOrNumber) &&
    isAbsentOr(raw["is_incomplete"], isBoolean) &&
    isAbsent(raw["voids"])
  );
}

const OPTIONAL_IDS = [
  "request_id",
  "message_id",
  "team",
  "project",
  "workspace_id",
  "api_key_id",
  "session_id",
  "operation_id",
  "prompt_hash",
  "corrects",
] as const;

function isPlainUsage(usage: unknown): boolean {
  if (!isFields(usage)) return false;
  return (
    arePlainQuantities(usage) &&
    isAbsentOr(usage["server_tool_use"], isPlainToolUse) &&
    isAbsentOr(usage["service_tier"], isOptionalWord) &&
    isAbsentOr(usage["inference_geo"], isOptionalWord) &&
    isAbsentOr(usage["speed"], isOptionalWord) &&
    isAbsentOr(usage["iterations"], arePlainIterations)
  );
}

function arePlainQuantities(fields: Fields): boolean {
  return (
    isCount(fields["input_tokens"]) &&
    isCount(fields["output_tokens"]) &&
    isAbsentOr(fields["cache_creation_input_tokens"], isCount) &&
    isAbsentOr(fields["cache_read_input_tokens"], isCount) &&
    isAbsentOr(fields["cache_creation"], isPlainSplit)
  );
}

/** As Claude Code writes them: one, or as many as there were attempts and advisers. */
function arePlainIterations(iterations: unknown): boolean {
  return (
    Array.isArray(iterations) &&
    iterations.length <= ITERATIONS_MAX &&
    iterations.every(
      (iteration) =>
        isFields(iteration) &&
        arePlainQuantities(iteration) &&
        isOptionalWord(iteration["type"]) &&
        isAbsentOr(iteration["model"], isId),
    )
  );
}

function isPlainSplit(split: unknown): boolean {
  return (
    isFields(split) &&
    isAbsentOr(split["ephemeral_5m_input_tokens"], isCount) &&
    isAbsentOr(split["ephemeral_1h_input_tokens"], isCount)
  );
}

function isPlainToolUse(use: unknown): boolean {
  return isFields(use) && isAbsentOr(use["web_search_requests"], isCount);
}

/** What `JSON.parse` makes of an object; anything else may have fields of another kind. */
function isFields(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, "__proto__")
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isAbsentOr(value: unknown, is: (present: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}

function isWord(value: unknown): boolean {
  return isText(value, WORD_CHARS_MAX) && value !== "";
}

function isOptionalWord(value: unknown): boolean {
  return isText(value, WORD_CHARS_MAX);
}

function areTags(tags: unknown): boolean {
  if (!isFields(tags)) return false;
  const names = Object.keys(tags);
  return (
    names.length <= TAGS_MAX &&
    names.every((name) => isText(name, TAG_CHARS_MAX) && name !== "" && isTagText(tags[name]))
  );
}

function isTagText(value: unknown): boolean {
  return isText(value, TAG_CHARS_MAX);
}

function isTextOrNumber(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}
