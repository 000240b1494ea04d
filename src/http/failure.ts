/**
 * Errors become statuses here, in one table. Apart from the server, so that who knows a route does not
 * load the whole of it: commands use the same features.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { AppError, type ErrorCode } from "../domain/errors.ts";
import { isConnectionLoss, isGivenUp } from "../store/database.ts";
import { RETRY_AFTER_SECONDS, USAGE_BODY_BYTES_MAX } from "./limits.ts";

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "too-large": 413,
  unavailable: 503,
  internal: 500,
};

/**
 * What a thrown value means to a client, in whatever form the route answers. Logs what is our own
 * fault, and says on the reply when to come again.
 */
export function describeFailure(
  error: unknown,
  request: FastifyRequest,
  { reply, log }: { readonly reply: FastifyReply; readonly log: Logger },
): { readonly status: number; readonly code: ErrorCode; readonly message: string } {
  const { code, message } = toAppError(error);
  if (code === "internal") {
    log.error(
      { err: error, request_id: request.id, path: request.routeOptions.url },
      "request failed",
    );
  }
  if (code === "unavailable") reply.header("retry-after", String(RETRY_AFTER_SECONDS));
  return { status: STATUS[code], code, message };
}

/** What any thrown value means to a client. Our own bugs tell nothing but an id. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isConnectionLoss(error) || isGivenUp(error)) {
    return new AppError({
      code: "unavailable",
      // Whether a change was kept may be in doubt; all of ours may be sent twice.
      message: "The database can't answer right now. Try again soon: nothing counts twice.",
      retryable: true,
      cause: error,
    });
  }
  if (error instanceof Error && "statusCode" in error) {
    if (error.statusCode === 413) {
      return new AppError({
        code: "too-large",
        message: `The body is larger than ${String(USAGE_BODY_BYTES_MAX)} bytes. Send fewer events at a time.`,
        cause: error,
      });
    }
    if (typeof error.statusCode === "number" && error.statusCode >= 400 && error.statusCode < 500) {
      return new AppError({ code: "invalid", message: error.message, cause: error });
    }
  }
  return new AppError({
    code: "internal",
    message:
      "Something went wrong on our side. The request id says which line of our log explains it.",
    cause: error,
  });
}
