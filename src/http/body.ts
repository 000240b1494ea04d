/** Bodies: decompressed within a limit, then JSON. What is wrong is said before anything is kept. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError } from "../domain/errors.ts";
import type { BodyHolder } from "./bodies-in-flight.ts";
import { USAGE_BODY_BYTES_MAX } from "./limits.ts";

const gunzipAsync = promisify(gunzip);

/** The body without its content encoding. A bomb is stopped at the limit, not after it. */
export async function decodeBody(request: BodyHolder, body: Buffer): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding === "identity" || encoding === "") return body;
  if (encoding !== "gzip") {
    throw new AppError({
      code: "invalid",
      message: `Content-Encoding ${encoding} is not supported. Send gzip or none.`,
    });
  }
  const decoded = await decompress(body);
  request.holdBytes(decoded.length);
  return decoded;
}

async function decompress(body: Buffer): Promise<Buffer> {
  try {
    return await gunzipAsync(body, { maxOutputLength: USAGE_BODY_BYTES_MAX });
  } catch (error) {
    const isTooLarge =
      error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw new AppError({
      code: isTooLarge ? "too-large" : "invalid",
      message: isTooLarge
        ? `The decompressed body is larger than ${String(USAGE_BODY_BYTES_MAX)} bytes. Send fewer events at a time.`
        : "The body is not valid gzip.",
      cause: error,
    });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch (error) {
    throw new AppError({
      code: "invalid",
      message: "The body is not JSON in UTF-8.",
      cause: error,
    });
  }
}
