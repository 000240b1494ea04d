/** What a person reads when something failed: one table from error codes to sentences. Pure. */
import { AppError, type ErrorCode } from "../domain/errors.ts";
import { isConnectionLoss, isGivenUp } from "../store/database.ts";
import { escapeText, message, type SlackMessage, section } from "./blocks.ts";

/** Errors of these codes carry a sentence for people; the others only one for us. */
const SENTENCES: Readonly<Record<ErrorCode, (said: string, problemId: string) => string>> = {
  invalid: (said) => said,
  forbidden: (said) => said,
  "not-found": (said) => said,
  conflict: (said) => said,
  "too-large": (said) => said,
  unavailable: (said) => `${said} Try again in a minute.`,
  unauthorized: (_, problemId) =>
    `Slack doesn't let this bot do that (id ${problemId}). Please tell whoever runs it.`,
  internal: (_, problemId) =>
    `Something went wrong on our side (id ${problemId}). Nothing was changed.`,
};

/** The sentence for a failed command, click or form. `problemId` is in our log, too. */
export function problemSentence(error: unknown, problemId: string): string {
  if (error instanceof AppError) return SENTENCES[error.code](error.message, problemId);
  if (isConnectionLoss(error)) {
    return SENTENCES.unavailable("The database can't be reached right now.", problemId);
  }
  return isGivenUp(error)
    ? SENTENCES.unavailable("The database is busy right now, and nothing was changed.", problemId)
    : SENTENCES.internal("", problemId);
}

export function problemMessage(sentence: string): SlackMessage {
  const text = escapeText(sentence);
  return message(text, [section(`:warning: ${text}`)]);
}

/** Whether we have something to fix, as opposed to an answer that the person can act on. */
export function isOurs(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "internal" || error.code === "unauthorized";
  return !isConnectionLoss(error) && !isGivenUp(error);
}
