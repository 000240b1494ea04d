/**
 * The closed list of ways in which the world can fail us. An expected "no" is not here: it is a
 * refusal, a value in the result of the rule that said it. A broken promise of our own code is an
 * assertion. `status` in http/ and the sentence in slack/ are one table each.
 */
export type ErrorCode =
  | "invalid"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "too-large"
  | "unavailable"
  | "internal";

export class AppError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(options: {
    readonly code: ErrorCode;
    /** One sentence for people: what is wrong and what was expected. */
    readonly message: string;
    readonly retryable?: boolean;
    readonly cause?: unknown;
  }) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "AppError";
    this.code = options.code;
    this.retryable = options.retryable ?? false;
  }
}
