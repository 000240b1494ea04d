/**
 * What Slack hands to a bot for a short time: trigger ids that open one modal within three seconds,
 * and response URLs that take five messages within thirty minutes.
 */
import { newSecret, type ResponseUrl, type Slack } from "./state.ts";

const TRIGGER_LIFE_MS = 3000;
const RESPONSE_URL_LIFE_MS = 30 * 60_000;
const RESPONSE_URL_USES = 5;
export const RESPONSE_PATH = "/sandbox/slack/response/";

export function issueTrigger(slack: Slack, userId: string, viewId: string | null): string {
  const triggerId = `${String(slack.now())}.${String(slack.state.triggers.size + 1)}.${newSecret()}`;
  slack.state.triggers.set(triggerId, {
    userId,
    viewId,
    expiresAt: slack.now() + TRIGGER_LIFE_MS,
    isExchanged: false,
  });
  return triggerId;
}

export type Redeemed =
  | { readonly ok: true; readonly userId: string; readonly viewId: string | null }
  | {
      readonly ok: false;
      readonly error: "invalid_trigger_id" | "exchanged_trigger_id" | "expired_trigger_id";
    };

/** Uses up a trigger. */
export function redeemTrigger(slack: Slack, triggerId: string): Redeemed {
  const trigger = slack.state.triggers.get(triggerId);
  if (trigger === undefined) return { ok: false, error: "invalid_trigger_id" };
  if (trigger.isExchanged) return { ok: false, error: "exchanged_trigger_id" };
  if (slack.now() > trigger.expiresAt) return { ok: false, error: "expired_trigger_id" };
  trigger.isExchanged = true;
  return { ok: true, userId: trigger.userId, viewId: trigger.viewId };
}

export function issueResponseUrl(
  slack: Slack,
  target: Pick<ResponseUrl, "userId" | "channel" | "messageTs">,
): string {
  const token = newSecret();
  slack.state.responseUrls.set(token, {
    ...target,
    expiresAt: slack.now() + RESPONSE_URL_LIFE_MS,
    usesLeft: RESPONSE_URL_USES,
  });
  return `${slack.baseUrl()}${RESPONSE_PATH}${token}`;
}

export type UsedResponseUrl =
  | { readonly ok: true; readonly target: ResponseUrl }
  | { readonly ok: false; readonly error: "invalid_url" | "expired_url" | "used_url" };

/** Takes one of the five uses. */
export function useResponseUrl(slack: Slack, token: string): UsedResponseUrl {
  const target = slack.state.responseUrls.get(token);
  if (target === undefined) return { ok: false, error: "invalid_url" };
  if (slack.now() > target.expiresAt) return { ok: false, error: "expired_url" };
  if (target.usesLeft === 0) return { ok: false, error: "used_url" };
  target.usesLeft -= 1;
  return { ok: true, target };
}
