/**
 * What an answer of Anthropic's Admin API that is no success means, and what the operator can do
 * about it: one `AppError` for each. The key itself is never part of it.
 */
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  AuthenticationError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { AppError } from "../domain/errors.ts";
import { type AdminAccess, rootOf } from "./access.ts";

/** An `AppError` with what to do in one sentence; anything that is not Anthropic's stays as it is. */
export function appErrorFrom(access: AdminAccess, error: unknown, timeoutMs: number): unknown {
  const root = rootOf(access);
  if (error instanceof APIConnectionError) {
    const isLate = error instanceof APIConnectionTimeoutError;
    return new AppError({
      code: "unavailable",
      retryable: true,
      message: isLate
        ? `${root} did not answer within ${String(timeoutMs / 1000)} s. Try again; if it stays so, check the network and ANTHROPIC_BASE_URL.`
        : `${root} can't be reached. Check the network, a proxy in between, and ANTHROPIC_BASE_URL.`,
      cause: error,
    });
  }
  if (!(error instanceof APIError)) return notJson(root, error) ?? error;
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
      message: `This key may not use the Admin API${said}. A Console organization needs an Admin key of an admin; a Claude Enterprise key needs the scope read:analytics, and ANTHROPIC_ORG_KIND=enterprise.`,
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
  if (status === 402) {
    return new AppError({
      code: "forbidden",
      message: `Anthropic refuses for reasons of billing${said}. Look at Console > Settings > Billing.`,
      cause: error,
    });
  }
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

/** The SDK lets through what JSON.parse or an answer that broke off in the middle throw. */
function notJson(root: string, error: unknown): AppError | undefined {
  if (!(error instanceof SyntaxError || error instanceof TypeError)) return undefined;
  return new AppError({
    code: "unavailable",
    retryable: true,
    message: `${root} gave an answer that is broken off or no JSON. Try again; if it stays so, check ANTHROPIC_BASE_URL and proxies in between.`,
    cause: error,
  });
}
