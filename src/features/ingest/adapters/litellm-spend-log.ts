/**
 * A row of LiteLLM's table LiteLLM_SpendLogs, as /spend/logs answers it or an export writes it, in
 * the shape of LiteLLM's callback, whose adapter knows the rest (github.com/BerriAI/litellm,
 * schema.prisma and spend_tracking_utils.py). The row's messages and response are not named here.
 */

import { isRecord } from "../field-limits.ts";
import type { ParsedEvent } from "../rules.ts";
import type { AdapterContext } from "./adapter.ts";
import { parseLitellmCall } from "./litellm.ts";

type Row = Readonly<Record<string, unknown>>;

/** Whether it is such a row, and not a payload of the callback. */
export function isSpendLog(raw: unknown): raw is Row {
  return isRecord(raw) && raw["request_id"] !== undefined && raw["spend"] !== undefined;
}

/** As `parseLitellmCall`. The row's id is that of the answer, which the callback names too. */
export function parseSpendLog(
  row: Row,
  index: number,
  context: AdapterContext,
): ParsedEvent | undefined {
  const metadata = objectOf(row["metadata"]);
  const status = given(row["status"]) ?? given(metadata["status"]);
  return parseLitellmCall(
    {
      id: row["request_id"],
      status,
      cache_hit: row["cache_hit"],
      custom_llm_provider: given(row["custom_llm_provider"]),
      model: given(row["model"]),
      model_map_information: metadata["model_map_information"],
      startTime: given(row["startTime"]),
      endTime: given(row["endTime"]),
      prompt_tokens: given(row["prompt_tokens"]),
      completion_tokens: given(row["completion_tokens"]),
      response_cost: given(row["spend"]),
      api_base: given(row["api_base"]),
      trace_id: given(row["session_id"]),
      request_tags: listOf(row["request_tags"]),
      metadata: {
        user_api_key_hash: given(row["api_key"]),
        user_api_key_alias: metadata["user_api_key_alias"],
        user_api_key_team_id: given(row["team_id"]) ?? metadata["user_api_key_team_id"],
        user_api_key_team_alias: metadata["user_api_key_team_alias"],
        user_api_key_project_alias: metadata["user_api_key_project_alias"],
        user_api_key_user_id: given(row["user"]) ?? metadata["user_api_key_user_id"],
        user_api_key_user_email: metadata["user_api_key_user_email"],
        spend_logs_metadata: metadata["spend_logs_metadata"],
        usage_object: usageOf(row, metadata),
      },
    },
    index,
    context,
  );
}

/**
 * Newer versions keep the whole usage; older ones what it has beside the three totals; the oldest
 * nothing, and then caching cannot be seen.
 */
function usageOf(row: Row, metadata: Row): unknown {
  if (isRecord(metadata["usage_object"])) return metadata["usage_object"];
  const more = metadata["additional_usage_values"];
  if (!isRecord(more) || Object.keys(more).length === 0) return undefined;
  return {
    ...more,
    prompt_tokens: given(row["prompt_tokens"]),
    completion_tokens: given(row["completion_tokens"]),
  };
}

/** LiteLLM and CSV write an empty text for what is not there. */
function given(value: unknown): unknown {
  return value === "" ? undefined : value;
}

/** JSON columns are text in CSV, and in answers of some versions. */
function objectOf(value: unknown): Row {
  const parsed = fromText(value);
  return isRecord(parsed) ? parsed : {};
}

function listOf(value: unknown): unknown {
  const parsed = fromText(value);
  return Array.isArray(parsed) ? parsed : [];
}

function fromText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined; // Attribution that cannot be read is left out; what was used counts.
  }
}
