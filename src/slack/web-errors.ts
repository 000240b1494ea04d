/**
 * The one place that sorts what can go wrong when we call Slack: refused for good, worth another
 * try, or unclear whether Slack did it. Everything else in the project sees `AppError`s or this
 * verdict, never an error class of the SDK.
 */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { AppError } from "../domain/errors.ts";

export type SlackErrorVerdict =
  /** Slack said no, and would say so again. Nothing happened. */
  | {
      readonly kind: "permanent";
      readonly reason: string;
      /** It is one workspace of several that refuses the bot, for whatever it is asked. */
      readonly isOneWorkspace?: true;
    }
  /** Nothing happened; the same call may succeed, `afterMs` being Slack's own wish. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number }
  /** The call left us and no usable answer came: Slack may have done it. */
  | { readonly kind: "unknown-outcome"; readonly reason: string };

/** Slack's answers with `ok: false` that are not about what we asked for. */
const PASSING_ERRORS: Readonly<Record<string, "retry" | "unknown-outcome">> = {
  ratelimited: "retry",
  rate_limited: "retry",
  message_limit_exceeded: "retry",
  service_unavailable: "retry",
  request_timeout: "retry",
  team_added_to_org: "retry",
  // Both are documented with "some aspect of the operation may have succeeded".
  internal_error: "unknown-outcome",
  fatal_error: "unknown-outcome",
};

/** Nothing left this machine, so nothing can have happened at Slack. */
const NEVER_SENT_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What became of a call that threw. Never guesses "nothing happened" where that is not certain. */
export function sortSlackError(error: unknown): SlackErrorVerdict {
  if (error instanceof AppError && error.cause !== undefined) return sortSlackError(error.cause);
  // Ours, from before the call: with what Slack answered it would have a cause.
  if (error instanceof AppError && error.retryable) {
    return { kind: "retry", reason: error.code };
  }
  if (error instanceof Error && error.name === ONE_WORKSPACE) {
    return { kind: "permanent", reason: error.message, isOneWorkspace: true };
  }
  if (error instanceof WebAPIRateLimitedError) {
    return { kind: "retry", reason: "ratelimited", afterMs: error.retryAfter * 1_000 };
  }
  if (error instanceof WebAPIPlatformError) return sortPlatformError(error.data.error);
  if (error instanceof WebAPIHTTPError) return sortStatus(error.statusCode);
  if (error instanceof WebAPIRequestError) {
    const code = networkCode(error.original);
    return NEVER_SENT_CODES.has(code)
      ? { kind: "retry", reason: code }
      : { kind: "unknown-outcome", reason: code };
  }
  // The SDK throws a bare error for a 429 without a usable Retry-After.
  if (error instanceof Error && error.message.startsWith("Retry header did not contain")) {
    return { kind: "retry", reason: "ratelimited" };
  }
  return { kind: "unknown-outcome", reason: networkCode(error) };
}

function sortPlatformError(code: string): SlackErrorVerdict {
  // The SDK puts a body that is not JSON (a proxy's error page) where the code should be.
  if (!/^[a-z][a-z0-9_]*$/.test(code)) return { kind: "unknown-outcome", reason: "not-json" };
  return { kind: PASSING_ERRORS[code] ?? "permanent", reason: code };
}

function sortStatus(status: number): SlackErrorVerdict {
  const reason = `http_${String(status)}`;
  // 408 and 5xx may come from something in front of a Slack that did its work.
  const isAnswerOfSlack = status < 500 && status !== 408;
  return { kind: isAnswerOfSlack ? "retry" : "unknown-outcome", reason };
}

function networkCode(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
    if (cause.name === "TimeoutError") return "timeout";
  }
  return error instanceof Error ? error.name : "unknown";
}

const TOKEN_ERRORS: ReadonlySet<string> = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
]);

/** By which `sortSlackError` knows it again. */
const ONE_WORKSPACE = "OneWorkspaceRefuses";
/** Slack's reasons for refusing everything, whatever the bot asks for. */
const BOT_ERRORS: ReadonlySet<string> = new Set([...TOKEN_ERRORS, "missing_scope"]);

/** One of several workspaces has not installed the bot, or not any more. */
export function notInstalled(slackTeamId: string | undefined, reason = "not_installed"): AppError {
  const cause = new Error(reason);
  cause.name = ONE_WORKSPACE;
  const where = slackTeamId === undefined ? "any Slack workspace" : `workspace ${slackTeamId}`;
  return new AppError({
    code: "unauthorized",
    message: `The bot is not installed in ${where} (${reason}).`,
    cause,
  });
}

/** The same failure; that of a token as one of this workspace only. */
export function inOneWorkspace(slackTeamId: string, error: unknown): unknown {
  const verdict = sortSlackError(error);
  return verdict.kind === "permanent" && BOT_ERRORS.has(verdict.reason)
    ? notInstalled(slackTeamId, verdict.reason)
    : error;
}

/** The failure of one Web API call in the words of the project; the SDK's error is its cause. */
export function slackFailure(method: string, error: unknown): AppError {
  const verdict = sortSlackError(error);
  if (verdict.kind !== "permanent") {
    return new AppError({
      code: "unavailable",
      message: "Slack can't be reached right now.",
      retryable: true,
      cause: error,
    });
  }
  if (TOKEN_ERRORS.has(verdict.reason)) {
    return new AppError({
      code: "unauthorized",
      message: `Slack refuses the bot's token (${verdict.reason}).`,
      cause: error,
    });
  }
  if (
    /^(expired_trigger_id|trigger_expired|trigger_exchanged|exchanged_trigger_id)$/.test(
      verdict.reason,
    )
  ) {
    return new AppError({
      code: "unavailable",
      message: "Slack stopped waiting before the form could open.",
      cause: error,
    });
  }
  return new AppError({
    code: "internal",
    message: `Slack refused ${method}: ${verdict.reason}${detail(error)}`,
    cause: error,
  });
}

/** What Slack says about blocks that it refuses: names of fields, never their content. */
function detail(error: unknown): string {
  if (!(error instanceof WebAPIPlatformError)) return "";
  const messages = error.data.response_metadata?.messages ?? [];
  return messages.length === 0 ? "" : ` (${messages.join("; ")})`;
}
