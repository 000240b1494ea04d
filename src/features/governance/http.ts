/** GET and PUT /v1/governance: the governance document as JSON or YAML. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { findGovernanceDocument } from "./flow/history.ts";
import { applyGovernance, type GovernanceDeps } from "./flow.ts";

interface Deps extends GovernanceDeps {
  /** Refuses callers without the API token. */
  readonly requireApiToken: preHandlerAsyncHookHandler;
}

/** Who applied a document that came this way, in the audit trail. */
const APPLIED_BY = "api";

/** Adds the routes. Bodies are expected as raw bytes, as the server delivers them. */
export function governanceRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/v1/governance", { preHandler: deps.requireApiToken }, async (request, reply) => {
    const document = await findGovernanceDocument(deps);
    if (document === undefined) {
      throw new AppError({
        code: "not-found",
        message:
          "No governance document was applied yet. PUT one, or run `claude-spend apply FILE`.",
      });
    }
    reply.header("etag", `"${String(document.version)}"`).header("vary", "accept");
    return prefersYaml(request.headers.accept)
      ? await reply.type("application/yaml; charset=utf-8").send(document.text)
      : await reply.type("application/json; charset=utf-8").send(JSON.stringify(document.json));
  });

  app.put("/v1/governance", { preHandler: deps.requireApiToken }, async (request, reply) => {
    const outcome = await applyGovernance(deps, {
      text: textOf(request.body),
      appliedBy: APPLIED_BY,
      onlyAfter: versionIn(request.headers["if-match"]),
    });
    switch (outcome.kind) {
      case "applied":
        return await reply.send({
          result: "applied",
          version: outcome.version,
          changes: outcome.changes,
          warnings: outcome.warnings,
        });
      case "unchanged":
        return await reply.send({
          result: "unchanged",
          version: outcome.version,
          changes: [],
        });
      case "overtaken":
        throw new AppError({
          code: "conflict",
          message: `Version ${String(outcome.version)} is in force now, another one than If-Match names; nothing was applied. GET it, make the change again, and PUT that.`,
        });
      case "refused":
        return await reply.status(422).send({
          error: {
            code: "invalid",
            message: "The governance document has problems; nothing was applied.",
            request_id: request.id,
          },
          problems: outcome.problems,
        });
    }
  });
}

/** The version of an ETag that GET gave; undefined where none is asked for. */
function versionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  const [, version] = /^\s*(?:W\/)?"(\d{1,9})"\s*$/.exec(ifMatch) ?? [];
  if (version !== undefined) return Number(version);
  throw new AppError({
    code: "invalid",
    message: 'If-Match: expected the ETag that GET /v1/governance answered with, for example "3".',
  });
}

/** JSON unless the client names YAML and does not rank JSON higher. */
function prefersYaml(accept: string | undefined): boolean {
  const weightOf = (pattern: RegExp): number =>
    Math.max(
      0,
      ...(accept ?? "").split(",").map((range) => {
        const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
        if (!pattern.test(type)) return 0;
        const quality = parameters.find((parameter) => parameter.startsWith("q="));
        return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
      }),
    );
  const yaml = weightOf(/^(?:application|text)\/(?:x-)?yaml$/i);
  return yaml > 0 && yaml >= weightOf(/^application\/json$/i);
}

function textOf(body: unknown): string {
  if (body === undefined || body === null) return "";
  if (!Buffer.isBuffer(body)) {
    throw new AppError({ code: "internal", message: "The server did not hand over the raw body." });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError({ code: "invalid", message: "The document must be UTF-8 text.", cause });
  }
}
