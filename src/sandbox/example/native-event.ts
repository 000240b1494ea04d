/**
 * A usage event as a well-behaved app sends it to `POST /v1/usage`, written down from the published
 * format and not taken from the program: the example is one of its outside users.
 */

export interface NativeUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
  readonly output_tokens: number;
  readonly server_tool_use: { readonly web_search_requests: number };
  readonly service_tier: string;
  readonly inference_geo: string;
  readonly speed: string;
}

export interface NativeEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly provider: string;
  readonly model: string;
  readonly usage: NativeUsage;
  readonly request_id: string;
  readonly user_email?: string;
  readonly project?: string;
  readonly workspace_id?: string;
  readonly api_key_id?: string;
  readonly session_id?: string;
  /** What several requests are made for. */
  readonly operation_id?: string;
  readonly prompt_hash?: string;
  /** The answer was cut off. */
  readonly is_incomplete?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Takes an event back that never happened. */
export interface VoidEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly voids: string;
}

/** The parts of a usage object that differ from "nothing, standard, anywhere". */
export interface UsageParts {
  readonly input: number;
  readonly write5m?: number;
  readonly write1h?: number;
  readonly cacheRead?: number;
  readonly output: number;
  readonly webSearches?: number;
  readonly serviceTier?: string;
  readonly inferenceGeo?: string;
}

/** Anthropic's usage object of these parts, with the sums that it repeats. */
export function nativeUsage(parts: UsageParts): NativeUsage {
  const { write5m = 0, write1h = 0 } = parts;
  return {
    input_tokens: parts.input,
    cache_creation_input_tokens: write5m + write1h,
    cache_read_input_tokens: parts.cacheRead ?? 0,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
    output_tokens: parts.output,
    server_tool_use: { web_search_requests: parts.webSearches ?? 0 },
    service_tier: parts.serviceTier ?? "standard",
    inference_geo: parts.inferenceGeo ?? "global",
    speed: "standard",
  };
}
