/**
 * Bounds what bodies take in memory, all of them together: each is limited by itself, but any number
 * of them may be received at once. What comes on top is told to come again.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { USAGE_BODY_BYTES_MAX } from "./limits.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Counts what a body takes beyond what was received, until the answer; throws `unavailable`. */
    holdBytes: (bytes: number) => void;
  }
}

/** A request, as far as what reads its body needs it. */
export type BodyHolder = Pick<FastifyRequest, "headers" | "holdBytes">;

/**
 * From a request's first byte to its answer, its body counts towards `bytesMax`: by its declared
 * length, or, where none is declared, by what has come of it. Beyond that the answer is
 * `unavailable`, if possible before the body is read. What comes out of a compressed body counts, too.
 */
export function boundBodies(app: FastifyInstance, bytesMax: number): void {
  let bytesHeld = 0;
  const hold = (bytes: number): boolean => {
    if (bytesHeld + bytes > bytesMax) return false;
    bytesHeld += bytes;
    return true;
  };
  app.decorateRequest("holdBytes", () => {});
  app.addHook("preParsing", (request, reply, payload, done) => {
    // A longer body is refused for its own length.
    let own = Math.min(Number(request.headers["content-length"] ?? 0), USAGE_BODY_BYTES_MAX);
    if (!hold(own)) {
      done(tooMuch(), payload);
      return;
    }
    reply.raw.once("close", () => {
      bytesHeld -= own;
    });
    request.holdBytes = (bytes) => {
      if (!hold(bytes)) throw tooMuch();
      own += bytes;
    };
    if (request.headers["transfer-encoding"] !== undefined) {
      payload.on("data", (chunk: Buffer) => {
        if (hold(chunk.length)) own += chunk.length;
        // Whoever collects the body lets go of it; the connection lives on for the answer.
        else payload.emit("error", tooMuch());
      });
    }
    done(null, payload);
  });
}

function tooMuch(): AppError {
  return new AppError({
    code: "unavailable",
    message: "Too much is being received at once. Nothing was kept; send it again soon.",
    retryable: true,
  });
}
