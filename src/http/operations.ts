/** Routes for those who run the program: liveness, readiness, metrics, the description of the API. */
import type { FastifyInstance } from "fastify";
import { AppError } from "../domain/errors.ts";

export function operationsRoutes(
  app: FastifyInstance,
  options: {
    /** Whether everything that serves beside this server does so, too. */
    readonly isStarted: () => boolean;
    /** Throws when the program can't do its work right now. */
    readonly checkReady: () => Promise<void>;
    /** Prometheus' text, as fresh as can be had. */
    readonly readMetrics: () => Promise<string>;
    readonly metricsContentType: string;
    readonly openApi: object;
  },
): void {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", async () => {
    if (!options.isStarted()) {
      throw new AppError({
        code: "unavailable",
        message: "Not ready: further processes are still starting.",
        retryable: true,
      });
    }
    try {
      await options.checkReady();
    } catch (error) {
      throw new AppError({
        code: "unavailable",
        message: "Not ready: the database can't be reached.",
        retryable: true,
        cause: error,
      });
    }
    return { status: "ready" };
  });

  app.get("/metrics", async (_request, reply) => {
    return await reply.type(options.metricsContentType).send(await options.readMetrics());
  });

  app.get("/openapi.json", () => options.openApi);
}
