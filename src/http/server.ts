/**
 * The one HTTP server: Fastify for our routes, and mounts for listeners that read raw requests
 * themselves (Slack's receiver, the sandbox).
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Logger } from "pino";
import { type AuditOrigin, withAuditOrigin } from "../store/audit-origin.ts";
import { bearerOf } from "./authorization.ts";
import { boundBodies } from "./bodies-in-flight.ts";
import { describeFailure } from "./failure.ts";
import {
  BODIES_BYTES_MAX,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  USAGE_BODY_BYTES_MAX,
} from "./limits.ts";

export interface Mount {
  /** Whether this listener answers the request, by its path without the query. */
  readonly matches: (path: string) => boolean;
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Builds the server without listening. Bodies of every content type arrive as raw bytes. */
export function createHttpServer(options: {
  readonly log: Logger;
  readonly mounts: readonly Mount[];
  /** Of all bodies at once. Default: `BODIES_BYTES_MAX`. */
  readonly bodiesBytesMax?: number;
}): FastifyInstance {
  const { log, mounts, bodiesBytesMax = BODIES_BYTES_MAX } = options;
  const answerFailure = (
    error: FastifyError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const failure = describeFailure(error, request, { reply, log });
    reply.status(failure.status).send({
      error: { code: failure.code, message: failure.message, request_id: request.id },
    });
  };
  const app: FastifyInstance = Fastify({
    logger: false, // One summary line per unit of work, written by the route that knows the unit.
    bodyLimit: USAGE_BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
    frameworkErrors: answerFailure, // What is wrong before there is a route, such as "/%zz".
    serverFactory: (handler) =>
      // Fastify sets its own time limits only on servers that it made itself.
      createServer(
        { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
        (request, response) => {
          const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
          const mount = mounts.find(({ matches }) => matches(path));
          if (mount === undefined) handler(request, response);
          else runMount(mount, request, response, log);
        },
      ),
  });
  boundBodies(app, bodiesBytesMax);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  // Around the handler itself: what reads the body runs outside of earlier hooks' context.
  app.addHook("preHandler", (request, _reply, done) => {
    if (CHANGING_METHODS.has(request.method)) withAuditOrigin(originOf(request), done);
    else done();
  });
  app.setErrorHandler(answerFailure);
  app.setNotFoundHandler(async (request, reply) => {
    return await reply.status(404).send({
      error: {
        code: "not-found",
        message: `There is no ${request.method} ${request.url.split("?", 1)[0] ?? ""}. GET /openapi.json lists what there is.`,
        request_id: request.id,
      },
    });
  });
  return app;
}

/** Of what the admin API changes. Usage arrives by POST, which changes nothing that is audited. */
const CHANGING_METHODS: ReadonlySet<string> = new Set(["PUT", "PATCH", "DELETE"]);
const FINGERPRINT_CHARS = 12;

function originOf(request: FastifyRequest): AuditOrigin {
  const token = bearerOf(request.headers);
  return {
    via: "api",
    route: `${request.method} ${request.routeOptions.url ?? ""}`,
    request_id: request.id,
    ...(token === undefined
      ? {}
      : { token: createHash("sha256").update(token).digest("hex").slice(0, FINGERPRINT_CHARS) }),
  };
}

function runMount(
  mount: Mount,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): void {
  try {
    mount.listener(request, response);
  } catch (error) {
    // Bolt's receiver throws for a path or method that it does not know.
    log.debug({ err: error }, "mounted listener refused the request");
    if (!response.headersSent) response.writeHead(404).end();
  }
}
