/** Anthropic's error envelope, with the status that belongs to each type. */

const STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  not_found_error: 404,
  rate_limit_error: 429,
} as const;

export interface AdminError {
  readonly type: keyof typeof STATUS;
  readonly message: string;
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
      error: { type: error.type, message: error.message },
      request_id: requestId,
    },
    headers: error.headers ?? {},
  };
}

export function invalid(message: string): AdminError {
  return { type: "invalid_request_error", message };
}
