import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { slackFailure, sortSlackError } from "../../src/slack/web-errors.ts";

const platform = (error: string): Error => new WebAPIPlatformError({ ok: false, error });
const http = (status: number): Error => new WebAPIHTTPError(status, "", {}, "");
/** As undici throws it: the code is on the cause of "fetch failed". */
const network = (code: string): Error =>
  new WebAPIRequestError(
    new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) }),
  );
const timeout = new WebAPIRequestError(new DOMException("timed out", "TimeoutError"));

describe("sortSlackError", () => {
  it.each([
    "channel_not_found",
    "is_archived",
    "not_in_channel",
    "invalid_blocks",
    "msg_too_long",
    "msg_blocks_too_long",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "missing_scope",
    "an_error_that_slack_adds_next_year",
  ])("takes %s as Slack's last word", (error) => {
    expect(sortSlackError(platform(error))).toEqual({ kind: "permanent", reason: error });
  });

  it.each([
    ["Retry-After", new WebAPIRateLimitedError(7), { reason: "ratelimited", afterMs: 7_000 }],
    ["ratelimited", platform("ratelimited"), { reason: "ratelimited" }],
    ["service_unavailable", platform("service_unavailable"), { reason: "service_unavailable" }],
    ["a refused connection", network("ECONNREFUSED"), { reason: "ECONNREFUSED" }],
    ["an unknown host", network("ENOTFOUND"), { reason: "ENOTFOUND" }],
    ["a wrong certificate", network("CERT_HAS_EXPIRED"), { reason: "CERT_HAS_EXPIRED" }],
    ["an answer with status 403", http(403), { reason: "http_403" }],
    [
      "a 429 without Retry-After",
      new Error("Retry header did not contain a valid timeout (url: x, retry-after header: null)"),
      { reason: "ratelimited" },
    ],
  ])("knows that nothing happened after %s", (_, error, verdict) => {
    expect(sortSlackError(error)).toEqual({ kind: "retry", ...verdict });
  });

  it.each([
    ["status 500", http(500), "http_500"],
    ["status 504", http(504), "http_504"],
    ["a time-out", timeout, "timeout"],
    ["a dropped socket", network("UND_ERR_SOCKET"), "UND_ERR_SOCKET"],
    ["a reset connection", network("ECONNRESET"), "ECONNRESET"],
    ["internal_error", platform("internal_error"), "internal_error"],
    ["fatal_error", platform("fatal_error"), "fatal_error"],
    ["a proxy's page instead of JSON", platform("<html>502</html>"), "not-json"],
    ["a body that broke off", new TypeError("terminated"), "TypeError"],
    ["something that is no error", "oops", "unknown"],
  ])("does not pretend to know the outcome after %s", (_, error, reason) => {
    expect(sortSlackError(error)).toEqual({ kind: "unknown-outcome", reason });
  });

  it("knows that a failure of ours before the call did nothing", () => {
    const late = new AppError({ code: "unavailable", message: "Too late.", retryable: true });
    expect(sortSlackError(late)).toEqual({ kind: "retry", reason: "unavailable" });

    const odd = new AppError({ code: "internal", message: "Slack answered without ts" });
    expect(sortSlackError(odd)).toMatchObject({ kind: "unknown-outcome" });
  });

  it("looks through our own error at what Slack said", () => {
    const failure = slackFailure("chat.postMessage", platform("is_archived"));
    expect(sortSlackError(failure)).toEqual({ kind: "permanent", reason: "is_archived" });
  });
});

describe("slackFailure", () => {
  it.each([
    ["unavailable", timeout],
    ["unavailable", platform("expired_trigger_id")],
    ["unauthorized", platform("token_revoked")],
    ["internal", platform("invalid_blocks")],
  ] as const)("is %s for people", (code, error) => {
    const failure = slackFailure("views.open", error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe(code);
    expect(failure.cause).toBe(error);
  });

  it("names the field of a block that Slack refused", () => {
    const refused = new WebAPIPlatformError({
      ok: false,
      error: "invalid_blocks",
      response_metadata: {
        messages: ["[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text]"],
      },
    });
    expect(slackFailure("chat.postMessage", refused).message).toContain("/blocks/0/text");
  });
});
