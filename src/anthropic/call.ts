/**
 * One request to the Admin API, sent once. For what changes something: a second attempt is the
 * caller's decision, after a look at what the first one did.
 */
import { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import { AppError } from "../domain/errors.ts";
import type { CallOutcome } from "../domain/limit.ts";
import { adminClient } from "./access.ts";
import { appErrorFrom } from "./admin-errors.ts";
import type { AdminReader } from "./read.ts";

const TIMEOUT_MS = 20_000;
/** What is said without a `retry-after`. */
const BUSY_MS = 60_000;

export interface AdminCall {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: object;
  readonly beta?: string;
}

/**
 * The unchecked body of the answer. Never throws for what Anthropic or the network do. What another
 * organization tells is refused: each change follows from a look, so that none is made there.
 */
export async function callAdmin(
  reader: AdminReader,
  call: AdminCall,
): Promise<CallOutcome<unknown>> {
  await reader.takeTurn();
  const client = adminClient(reader.access, { timeoutMs: TIMEOUT_MS, retriesMax: 0 });
  const options = {
    query: call.query,
    signal: reader.signal,
    headers: call.beta === undefined ? {} : { "anthropic-beta": call.beta },
    ...(call.body === undefined ? {} : { body: call.body }),
  };
  try {
    const { data, response } = await client[call.method](call.path, options).withResponse();
    const organizationId = response.headers.get("anthropic-organization-id");
    const refusal =
      call.method === "get" && organizationId !== null
        ? await refusalOf(reader, organizationId)
        : undefined;
    return refusal ?? { kind: "answer", answer: data };
  } catch (error) {
    reader.signal.throwIfAborted();
    return await outcomeOf(reader, error);
  }
}

/** A change that was made is not undone by saying so: only what is looked at is refused. */
async function refusalOf(
  reader: AdminReader,
  organizationId: string,
): Promise<CallOutcome<never> | undefined> {
  try {
    await reader.requireOrganization(organizationId);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    return { kind: "refused", isMissing: false, message: error.message };
  }
}

async function outcomeOf(reader: AdminReader, error: unknown): Promise<CallOutcome<never>> {
  const known = appErrorFrom(reader.access, error, TIMEOUT_MS);
  if (!(known instanceof AppError)) throw error;
  const { message } = known;
  if (!(error instanceof APIError) || error instanceof APIConnectionError) {
    return { kind: "doubt", message };
  }
  const status: unknown = error.status;
  if (status === 429) {
    const retryAfterMs = retryAfterMsOf(error.headers);
    await reader.holdBack(retryAfterMs);
    return { kind: "busy", retryAfterMs, message };
  }
  const isRefusal = typeof status === "number" && status >= 400 && status < 500;
  return isRefusal
    ? { kind: "refused", isMissing: status === 404, message }
    : { kind: "doubt", message };
}

function retryAfterMsOf(headers: unknown): number {
  const text = headers instanceof Headers ? (headers.get("retry-after") ?? "") : "";
  return /^\d{1,6}(?:\.\d+)?$/.test(text) ? Math.ceil(Number(text) * 1000) : BUSY_MS;
}
