/** Whether Slack refused a message for its blocks, and what it said against them. */
import { RespondError } from "@slack/bolt";
import { WebAPIPlatformError } from "@slack/web-api";
import { AppError } from "../../domain/errors.ts";

/** Of a call of the Web API; undefined when it failed for something else. */
export function refusalOfBlocks(error: unknown): readonly string[] | undefined {
  if (error instanceof AppError && error.cause !== undefined) return refusalOfBlocks(error.cause);
  if (!(error instanceof WebAPIPlatformError) || error.data.error !== "invalid_blocks") {
    return undefined;
  }
  return error.data.response_metadata?.messages ?? [];
}

/**
 * Of an answer to a response_url, about which Bolt tells only the status: Slack refuses blocks with
 * the one that also means that the URL is used up, so this is no more than a guess. The next attempt
 * shows which it was.
 */
export function refusalOfAnswer(error: unknown): readonly string[] | undefined {
  const isRefused = error instanceof RespondError && [400, 404].includes(error.statusCode);
  return isRefused ? [] : undefined;
}
