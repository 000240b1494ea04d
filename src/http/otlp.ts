/**
 * What an OTLP/HTTP receiver says (opentelemetry.io/docs/specs/otlp): the same content type as the
 * request, an empty message for full success, `partial_success` where records were refused, and
 * google.rpc.Status for every error. What is in the requests is the adapter's business.
 */
import protobuf from "protobufjs/minimal.js";

export type OtlpSignal = "logs" | "metrics" | "traces";
export type OtlpEncoding = "json" | "protobuf";

export interface OtlpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer | string;
}

const CONTENT_TYPE = {
  json: "application/json",
  protobuf: "application/x-protobuf",
} as const;

/** What a request refused, by the name that its signal's answer has for it. */
const REJECTED_FIELD = {
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
  traces: "rejectedSpans",
} as const;

/** The answer must stay small whatever it quotes. */
const MESSAGE_CHARS_MAX = 2_000;
const LENGTH_DELIMITED = 2;

/** How a request is encoded by its content type; undefined: not in a way that OTLP knows. */
export function otlpEncoding(contentType: string | undefined): OtlpEncoding | undefined {
  const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType === "application/json") return "json";
  return mediaType === "application/x-protobuf" || mediaType === "application/protobuf"
    ? "protobuf"
    : undefined;
}

/**
 * The answer to a request whose good records are all durable: 200, also when some were refused,
 * because a client would send a refused one again for nothing. A message alone is a warning.
 */
export function otlpAnswer(result: {
  readonly signal: OtlpSignal;
  readonly contentType: string | undefined;
  readonly rejected: number;
  readonly message?: string | undefined;
}): OtlpAnswer {
  const { signal, rejected } = result;
  const message = (result.message ?? "").slice(0, MESSAGE_CHARS_MAX);
  const encoding = otlpEncoding(result.contentType) ?? "json";
  const isFullSuccess = rejected === 0 && message === "";
  if (encoding === "json") {
    const partialSuccess = {
      // 64-bit integers are text in JSON; a zero is the default and left out.
      ...(rejected > 0 && { [REJECTED_FIELD[signal]]: String(rejected) }),
      ...(message !== "" && { errorMessage: message }),
    };
    const body = JSON.stringify(isFullSuccess ? {} : { partialSuccess });
    return { status: 200, contentType: CONTENT_TYPE.json, body };
  }
  // Export…ServiceResponse and its partial success have the same numbers for all three signals.
  const writer = protobuf.Writer.create();
  if (!isFullSuccess) {
    writer.uint32(tag(1, LENGTH_DELIMITED)).fork();
    if (rejected > 0) writer.uint32(tag(1, 0)).int64(rejected);
    if (message !== "") writer.uint32(tag(2, LENGTH_DELIMITED)).string(message);
    writer.ldelim();
  }
  return { status: 200, contentType: CONTENT_TYPE.protobuf, body: bytesOf(writer) };
}

/**
 * A google.rpc.Status. Clients send again after 429, 502, 503 and 504 only, so what may succeed
 * later must come with one of those, never with 500.
 */
export function otlpError(failure: {
  readonly contentType: string | undefined;
  readonly status: number;
  readonly message: string;
}): OtlpAnswer {
  const message = failure.message.slice(0, MESSAGE_CHARS_MAX);
  if (otlpEncoding(failure.contentType) === "protobuf") {
    const writer = protobuf.Writer.create().uint32(tag(2, LENGTH_DELIMITED)).string(message);
    return {
      status: failure.status,
      contentType: CONTENT_TYPE.protobuf,
      body: bytesOf(writer),
    };
  }
  return {
    status: failure.status,
    contentType: CONTENT_TYPE.json,
    body: JSON.stringify({ message }),
  };
}

function tag(fieldNumber: number, wireType: number): number {
  return fieldNumber * 8 + wireType;
}

function bytesOf(writer: protobuf.Writer): Buffer {
  return Buffer.from(writer.finish());
}
