/** What Slack's refusal of a publish means for it. */
import { sortSlackError } from "../../../slack/web-errors.ts";
import type { PublishFailure } from "../rules/publishing.ts";

/** The person or the app left, or Slack shows them no Home of ours. */
const GONE_REASONS: ReadonlySet<string> = new Set([
  "user_not_found",
  "user_disabled",
  "not_enabled",
  "account_inactive",
  "token_revoked",
  "not_installed",
]);

/** Undefined: it was not Slack that failed, or trying again would not help. */
export function failureOf(error: unknown): PublishFailure | undefined {
  const verdict = sortSlackError(error);
  switch (verdict.kind) {
    case "permanent":
      if (verdict.reason === "hash_conflict") return { kind: "superseded" };
      return GONE_REASONS.has(verdict.reason) ? { kind: "gone" } : undefined;
    case "retry":
      return { kind: "retry", afterMs: verdict.afterMs };
    case "unknown-outcome":
      return { kind: "retry", afterMs: undefined };
  }
}
