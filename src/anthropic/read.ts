/**
 * One question to the Admin API, with patience: within the shared budget of requests, tried again
 * after what passes, and not after what a person must mend. For reports, where nobody waits.
 */
import { APIError } from "@anthropic-ai/sdk";
import { AppError } from "../domain/errors.ts";
import { type AdminAccess, adminClient } from "./access.ts";
import { appErrorFrom } from "./admin-errors.ts";

/**
 * "60 requests per minute per organization", all keys together
 * (platform.claude.com/docs/en/manage-claude/analytics-api). Ten are left to the organization's own
 * scripts, and to packets that overtake each other.
 */
export const REQUESTS_PER_MINUTE = 60 - 10;
/** A report over many rows takes its time; longer than this it does not come. */
const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 5;
const BACK_OFF_FIRST_MS = 1_000;
/** Who is told to wait for longer comes back with the next pull. */
const RETRY_AFTER_MS_MAX = 120_000;

export interface AdminReader {
  readonly access: AdminAccess;
  /** Resolves when one more request may be made, by all replicas together. */
  readonly takeTurn: () => Promise<void>;
  /** Rejects when answers of this organization must not be kept. */
  readonly requireOrganization: (organizationId: string) => Promise<void>;
  /** Anthropic asks everybody to be silent for that long. */
  readonly holdBack: (ms: number) => Promise<void>;
  /** Rejects when the program stops. */
  readonly wait: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface AdminQuestion {
  readonly path: string;
  readonly query: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly version: "2023-06-01" | "2026-10-21";
  readonly beta?: string;
}

/** The body of the answer, unchecked. Throws an `AppError` that says what to do. */
export async function readAdmin(reader: AdminReader, question: AdminQuestion): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
    const outcome = await ask(reader, question);
    if (outcome.kind === "answer") {
      // A gateway in between may not pass it on.
      // oxlint-disable-next-line no-await-in-loop -- the last attempt
      if (outcome.organizationId !== null) await reader.requireOrganization(outcome.organizationId);
      return outcome.body;
    }
    const backOffMs = BACK_OFF_FIRST_MS * 2 ** (attempt - 1);
    const pauseMs = Math.max(outcome.retryAfterMs ?? 0, backOffMs);
    if (outcome.retryAfterMs !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- see above
      await reader.holdBack(outcome.retryAfterMs);
    }
    const isWorthIt = outcome.error.retryable && attempt < ATTEMPTS_MAX;
    if (!isWorthIt || pauseMs > RETRY_AFTER_MS_MAX) throw outcome.error;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await reader.wait(pauseMs);
  }
}

type Attempt =
  | { readonly kind: "answer"; readonly body: unknown; readonly organizationId: string | null }
  | {
      readonly kind: "failure";
      readonly error: AppError;
      readonly retryAfterMs: number | undefined;
    };

async function ask(reader: AdminReader, question: AdminQuestion): Promise<Attempt> {
  await reader.takeTurn();
  const client = adminClient(reader.access, { timeoutMs: TIMEOUT_MS, retriesMax: 0 });
  try {
    const { data, response } = await client
      .get(question.path, {
        query: question.query,
        signal: reader.signal,
        headers: {
          "anthropic-version": question.version,
          ...(question.beta === undefined ? {} : { "anthropic-beta": question.beta }),
        },
      })
      .withResponse();
    const organizationId = response.headers.get("anthropic-organization-id");
    return { kind: "answer", body: data, organizationId };
  } catch (cause) {
    reader.signal.throwIfAborted();
    const error = appErrorFrom(reader.access, cause, TIMEOUT_MS);
    if (!(error instanceof AppError)) throw error;
    return { kind: "failure", error, retryAfterMs: retryAfterMsOf(cause) };
  }
}

/** In seconds, as Anthropic says it; undefined: nothing was said. */
function retryAfterMsOf(error: unknown): number | undefined {
  if (!(error instanceof APIError)) return undefined;
  const headers: unknown = error.headers;
  const text = headers instanceof Headers ? (headers.get("retry-after") ?? "") : "";
  return /^\d{1,6}(?:\.\d+)?$/.test(text) ? Math.ceil(Number(text) * 1000) : undefined;
}
