/** Native usage events as senders write them; a test names only the fields that it is about. */
import { createHash, randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

let counter = 0;

/** A valid event whose id no other has. */
export function aNativeEvent(
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  counter += 1;
  return {
    event_id: `event-${String(counter)}`,
    occurred_at: "2026-11-23T10:00:00Z",
    provider: "anthropic",
    model: "claude-opus-5-5",
    usage: {
      input_tokens: 1000,
      cache_creation_input_tokens: 2000,
      cache_read_input_tokens: 50000,
      cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 0 },
      output_tokens: 800,
      server_tool_use: { web_search_requests: 0 },
      service_tier: "standard",
      inference_geo: "global",
      speed: "standard",
    },
    ...overrides,
  };
}

export function aWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** Headers of a Standard Webhooks request over `body`. */
export function signedHeaders(
  secret: string,
  body: string,
  { at = new Date() }: { readonly at?: Date } = {},
): Record<string, string> {
  const id = `msg_${createHash("sha256").update(body).digest("hex").slice(0, 24)}`;
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
}
