/** Whether Slack refused a message for its blocks, and what it said against them. */
import { RespondError } from "@slack/bolt";
import { WebAPIPlatformError } from "@slack/web-api";
import { z } from "zod";
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
 * Of an answer to a response_url. Bolt tells only the status of a failed one: Slack refuses blocks
 * with the one that also means that the URL is used up, so this is no more than a guess. The next
 * attempt shows which it was.
 */
export function refusalOfAnswer(error: unknown): readonly string[] | undefined {
  if (error instanceof Error && error.name === NOT_TAKEN) {
    return error.message === "invalid_blocks" ? [] : undefined;
  }
  const isRefused = error instanceof RespondError && [400, 404].includes(error.statusCode);
  return isRefused ? [] : undefined;
}

/** By which `refusalOfAnswer` knows it again. */
const NOT_TAKEN = "AnswerNotTaken";

/** Slack may say no with status 200, which Bolt takes for a yes. Its yes is the word "ok". */
export async function assertTaken(response: unknown): Promise<void> {
  if (!(response instanceof Response)) return;
  const said = refusal.safeParse(parsed(await response.text()));
  if (!said.success) return;
  const error = new Error(said.data.error);
  error.name = NOT_TAKEN;
  throw error;
}

const refusal = z.object({ ok: z.literal(false), error: z.string() });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
