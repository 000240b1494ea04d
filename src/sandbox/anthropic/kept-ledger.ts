/**
 * The demo's ledger: what the example sends to the bot, Anthropic has served. Kept in a file, one
 * request a line, so that after a restart Anthropic's books still agree with the bot's.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { addMs, DAY_MS, HOUR_MS, type Instant, instant } from "../../domain/time.ts";
import type { NativeEvent } from "../example/native-event.ts";
import { createLedger, type Ledger, type LedgerRequest } from "./ledger.ts";
import { PICO_PER_CENT, TOKEN_KINDS } from "./prices.ts";

export interface KeptLedger {
  readonly ledger: Ledger;
  /** Enters what was served; the same event again is the same request. */
  readonly record: (events: readonly NativeEvent[]) => void;
  /** Resolves when everything recorded is in the file. */
  readonly flush: () => Promise<void>;
}

/** Reports are a little behind, as Anthropic's are. */
const LAG_MS = 5 * 60_000;
const DEFAULT_WORKSPACE = "wrkspc_default";
const CODE_WORKSPACE = "wrkspc_claude_code";

const count = z.number().int().min(0);
const LINE = z.object({
  id: z.string(),
  occurredAt: z.string(),
  model: z.string(),
  workspaceId: z.string(),
  apiKeyId: z.string().nullable(),
  user: z.object({ id: z.string(), email: z.string() }).nullable(),
  product: z.string().nullable(),
  serviceTier: z.string(),
  inferenceGeo: z.string().nullable(),
  speed: z.string(),
  tokens: z.object({
    uncached_input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    "cache_creation.ephemeral_5m_input_tokens": count,
    "cache_creation.ephemeral_1h_input_tokens": count,
  }),
  webSearches: count,
});

/** Opens the books in `file`; `from` to `to` also have container time, which no app reports. */
export async function openKeptLedger(options: {
  readonly file: string;
  readonly from: Instant;
  readonly to: Instant;
}): Promise<KeptLedger> {
  const { file } = options;
  const ledger = createLedger({ lagMs: LAG_MS, discountOf });
  const known = new Set<string>();
  for (const request of await readRequests(file)) {
    known.add(request.id);
    ledger.add(request);
  }
  addContainerTime(ledger, options);
  await mkdir(dirname(file), { recursive: true });
  let written: Promise<void> = Promise.resolve();
  return {
    ledger,
    record: (events) => {
      const fresh = events.map(requestOf).filter(({ id }) => !known.has(id));
      if (fresh.length === 0) return;
      for (const { id } of fresh) known.add(id);
      ledger.add(...fresh);
      const lines = fresh.map((request) => `${JSON.stringify(request)}\n`).join("");
      // What can't be written is missing after the next start only; the demo goes on.
      written = written.then(async () => await appendFile(file, lines)).catch(() => {});
    },
    flush: async () => await written,
  };
}

/** What the example's governance.yml says was negotiated. */
const DISCOUNT_FROM = instant("2026-10-01T00:00:00+02:00");
const DISCOUNT_PER_MILLE = 125n;

function discountOf({ model, occurredAt }: LedgerRequest): bigint {
  return model.startsWith("claude-opus-") && occurredAt >= DISCOUNT_FROM ? DISCOUNT_PER_MILLE : 0n;
}

async function readRequests(file: string): Promise<readonly LedgerRequest[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return []; // The first start.
  }
  return text.split("\n").flatMap((line) => {
    // A line that a crash cut off is not a request.
    const parsed = LINE.safeParse(line === "" ? undefined : jsonOf(line));
    return parsed.success ? [{ ...parsed.data, occurredAt: instant(parsed.data.occurredAt) }] : [];
  });
}

function requestOf(event: NativeEvent): LedgerRequest {
  const { usage } = event;
  const email = event.user_email;
  const workspaceId = event.workspace_id ?? DEFAULT_WORKSPACE;
  return {
    id: event.request_id,
    occurredAt: instant(event.occurred_at),
    model: event.model,
    workspaceId,
    apiKeyId: event.api_key_id ?? null,
    user: email === undefined ? null : { id: userIdOf(email), email },
    product: workspaceId === CODE_WORKSPACE ? "claude_code" : "messages_api",
    serviceTier: usage.service_tier,
    inferenceGeo: usage.inference_geo,
    speed: usage.speed,
    tokens: tokensOf(usage),
    webSearches: usage.server_tool_use.web_search_requests,
  };
}

function tokensOf(usage: NativeEvent["usage"]): LedgerRequest["tokens"] {
  const [input, output, read, write5m, write1h] = TOKEN_KINDS;
  return {
    [input]: usage.input_tokens,
    [output]: usage.output_tokens,
    [read]: usage.cache_read_input_tokens,
    [write5m]: usage.cache_creation.ephemeral_5m_input_tokens,
    [write1h]: usage.cache_creation.ephemeral_1h_input_tokens,
  };
}

function userIdOf(email: string): string {
  return `user_${email.replaceAll(/[^a-z0-9]/g, "_")}`;
}

const CONTAINER_COST = 35n * PICO_PER_CENT;

/** Code execution is billed by container time, which is in no answer of the Messages API. */
function addContainerTime(
  ledger: Ledger,
  { from, to }: { readonly from: Instant; readonly to: Instant },
): void {
  const first = addMs(from, DAY_MS - (from.getTime() % DAY_MS) + 14 * HOUR_MS);
  for (let at = first; at < to; at = addMs(at, DAY_MS)) {
    ledger.addCost({
      occurredAt: at,
      costType: "code_execution",
      workspaceId: "wrkspc_search",
      apiKeyId: "apikey_search_eval",
      pico: CONTAINER_COST,
    });
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
