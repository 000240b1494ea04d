/** How to reach Anthropic's Admin API: the key, the root, the versions that we can read. */
import Anthropic from "@anthropic-ai/sdk";

const ANTHROPIC_API_URL = "https://api.anthropic.com";
/** Pinned, so that an update of the SDK never changes what answers look like. */
const ANTHROPIC_VERSION = "2026-10-21";

export interface AdminAccess {
  readonly key: string;
  /** Another API root; undefined: Anthropic's own. */
  readonly baseUrl?: string | undefined;
}

export function rootOf({ baseUrl }: AdminAccess): string {
  return baseUrl ?? ANTHROPIC_API_URL;
}

/**
 * The SDK sends `Authorization: Bearer` by default; Anthropic documents `x-api-key` for admin keys.
 * Passing the key as `apiKey` as well keeps the SDK from looking for another one in the
 * environment or in profiles; with `Authorization` unset, the one header is all that is sent.
 */
export function adminClient(
  access: AdminAccess,
  limits: { readonly timeoutMs: number; readonly retriesMax: number },
): Anthropic {
  return new Anthropic({
    apiKey: access.key,
    baseURL: rootOf(access),
    maxRetries: limits.retriesMax,
    timeout: limits.timeoutMs,
    logLevel: "off",
    openTelemetry: false,
    defaultHeaders: {
      "X-Api-Key": access.key,
      Authorization: null,
      "anthropic-version": ANTHROPIC_VERSION,
      "User-Agent": "claude-spend/0.1.0",
    },
  });
}
