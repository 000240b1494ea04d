/** Routes for those who run the program: liveness, readiness, metrics, the description of the API. */
import type { FastifyInstance } from "fastify";
import { AppError } from "../domain/errors.ts";
import type { Metrics } from "./metrics.ts";

export function operationsRoutes(
  app: FastifyInstance,
  options: {
    readonly metrics: Metrics;
    /** Throws when the program can't do its work right now. */
    readonly checkReady: () => Promise<void>;
    /** Reads what only the database knows into the metrics, just before they are shown. */
    readonly refreshMetrics: () => Promise<void>;
    readonly openApi: object;
  },
): void {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", async () => {
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
    // Metrics must also be there when the database is not: that is when they are read.
    await options.refreshMetrics().catch(() => {});
    const { registry } = options.metrics;
    return await reply.type(registry.contentType).send(await registry.metrics());
  });

  app.get("/openapi.json", () => options.openApi);
}
