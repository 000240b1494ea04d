/**
 * Anthropic's Admin API, as far as the bot needs it. Today: whose admin key is this, and does it
 * work? Reports, limits and keys come here as well, each as one function with a checked answer.
 */
import Anthropic, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  AuthenticationError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";

const ANTHROPIC_API_URL = "https://api.anthropic.com";
/** Pinned, so that an update of the SDK never changes what answers look like. */
const ANTHROPIC_VERSION = "2026-10-21";
/** Somebody waits for the answer at a prompt or at the start; longer than this is "away". */
const TIMEOUT_MS = 10_000;
const RETRIES_MAX = 1;

export interface AdminAccess {
  readonly key: string;
  /** Another API root; undefined: Anthropic's own. */
  readonly baseUrl?: string | undefined;
}

const ORGANIZATION = z.object({
  id: z.string().min(1),
  name: z.string(),
  type: z.literal("organization"),
});

/** Names the organization that an admin key belongs to; throws an `AppError` that says what to do. */
export async function checkAdminKey(
  access: AdminAccess,
): Promise<{ readonly organizationId: string; readonly name: string }> {
  const answer = await orAppError(access, () => adminClient(access).organization.retrieve());
  const organization = ORGANIZATION.safeParse(answer);
  if (!organization.success) {
    throw new AppError({
      code: "unavailable",
      message: `${rootOf(access)} did not answer like Anthropic's Admin API: expected an organization. Check ANTHROPIC_BASE_URL.`,
      cause: organization.error,
    });
  }
  return { organizationId: organization.data.id, name: organization.data.name };
}

/**
 * The SDK sends `Authorization: Bearer` by default; Anthropic documents `x-api-key` for admin keys.
 * Passing the key as `apiKey` as well keeps the SDK from looking for another one in the
 * environment or in profiles; with `Authorization` unset, the one header is all that is sent.
 */
function adminClient(access: AdminAccess): Anthropic {
  return new Anthropic({
    apiKey: access.key,
    baseURL: rootOf(access),
    maxRetries: RETRIES_MAX,
    timeout: TIMEOUT_MS,
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

function rootOf({ baseUrl }: AdminAccess): string {
  return baseUrl ?? ANTHROPIC_API_URL;
}

async function orAppError<Answer>(
  access: AdminAccess,
  call: () => PromiseLike<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw appErrorFrom(access, error);
  }
}

/** What to do about it, in one sentence. The key itself is never part of it. */
function appErrorFrom(access: AdminAccess, error: unknown): unknown {
  const root = rootOf(access);
  if (error instanceof APIConnectionError) {
    const isLate = error instanceof APIConnectionTimeoutError;
    return new AppError({
      code: "unavailable",
      retryable: true,
      message: isLate
        ? `${root} did not answer within ${String(TIMEOUT_MS / 1000)} s. Try again; if it stays so, check the network and ANTHROPIC_BASE_URL.`
        : `${root} can't be reached. Check the network, a proxy in between, and ANTHROPIC_BASE_URL.`,
      cause: error,
    });
  }
  if (!(error instanceof APIError)) return error;
  const said = saidBy(error);
  if (error instanceof AuthenticationError) {
    return new AppError({
      code: "unauthorized",
      message: `Anthropic does not accept this admin key${said}. ${keyAdvice(access.key)}`,
      cause: error,
    });
  }
  if (error instanceof PermissionDeniedError) {
    return new AppError({
      code: "forbidden",
      message: `This key may not use the Admin API${said}. A Console organization needs an Admin key of an admin; a Claude Enterprise key needs the scope read:analytics.`,
      cause: error,
    });
  }
  if (error instanceof NotFoundError) {
    return new AppError({
      code: "not-found",
      message: `${root} has no Admin API${said}. Check ANTHROPIC_BASE_URL.`,
      cause: error,
    });
  }
  const status: unknown = error.status;
  const isTransient =
    error instanceof RateLimitError || (typeof status === "number" && status >= 500);
  return new AppError({
    code: isTransient ? "unavailable" : "invalid",
    retryable: isTransient,
    message: isTransient
      ? `Anthropic can't answer right now${said}. Try again in a minute.`
      : `Anthropic refused the request${said}.`,
    cause: error,
  });
}

/** Which of Anthropic's many keys this one is, by its prefix. */
function keyAdvice(key: string): string {
  if (key.startsWith("sk-ant-admin")) {
    return "It has the form of an Admin key: it may have been deleted, or belong to another API root. Make a new one in Console > Settings > Admin keys.";
  }
  if (key.startsWith("sk-ant-api")) {
    return "It is an API key, made for calling models, or a Claude Enterprise key of another organization. Make an Admin key (sk-ant-admin01-…) in Console > Settings > Admin keys.";
  }
  return "It does not look like one: Admin keys start with sk-ant-admin01-. Make one in Console > Settings > Admin keys.";
}

/** " (authentication_error: invalid x-api-key; request req_…)" */
function saidBy(error: {
  readonly status: unknown;
  readonly type: string | null;
  readonly apiMessage: string | null;
  readonly requestID: string | null | undefined;
}): string {
  const parts = [
    [error.type ?? `status ${String(error.status)}`, error.apiMessage]
      .filter((part) => part !== null)
      .join(": "),
    typeof error.requestID === "string" ? `request ${error.requestID}` : "",
  ];
  return ` (${parts.filter((part) => part !== "").join("; ")})`;
}
