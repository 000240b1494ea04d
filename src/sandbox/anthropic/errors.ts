/** Anthropic's error envelope, with the status that belongs to each type. */

const STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type AdminErrorType = keyof typeof STATUS;

export interface AdminError {
  readonly type: AdminErrorType;
  readonly message: string;
  /** The machine-readable reason, where Anthropic gives one. */
  readonly errorCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer before it has a request id: what to say, and with which status. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

export function errorAnswer(error: AdminError, requestId: string): AdminAnswer {
  return {
    status: STATUS[error.type],
    body: {
      type: "error",
      error: {
        type: error.type,
        message: error.message,
        ...(error.errorCode === undefined ? {} : { details: { error_code: error.errorCode } }),
      },
      request_id: requestId,
    },
    headers: error.headers ?? {},
  };
}

export function invalid(message: string): AdminError {
  return { type: "invalid_request_error", message };
}
