/** Ingest, the route: verify → parse → record → status. */
import type { FastifyInstance } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { verifyWebhook } from "../../http/authorization.ts";
import { decodeBody, parseJson } from "../../http/body.ts";
import { USAGE_EVENTS_MAX } from "../../http/limits.ts";
import type { Metrics } from "../../http/metrics.ts";
import type { UsageSource } from "./flow/price-deliveries.ts";
import type { RecordUsageDeps } from "./flow/record-usage.ts";
import { createUsageWriter } from "./flow/usage-writer.ts";
import { parseNativeEvent } from "./native-event.ts";
import type { RecordUsageResult } from "./rules.ts";

type Deps = RecordUsageDeps & {
  readonly metrics: Metrics;
  /** Secret of the built-in source; undefined: nobody may send to it. */
  readonly ingestSecret: string | undefined;
  /** Called when something new was recorded; must not throw or wait. */
  readonly onRecorded: () => void;
};

/** The operator's own source: whoever has its secret is believed what its events say. */
const DEFAULT_SOURCE: UsageSource = { name: "default", isTrusted: true };

export function ingestRoutes(app: FastifyInstance, deps: Deps): void {
  const writer = createUsageWriter(deps);
  app.post("/v1/usage", async (request, reply) => {
    const stopTimer = deps.metrics.usageBatchSeconds.startTimer();
    const startedAt = performance.now();
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (deps.ingestSecret === undefined) {
      throw new AppError({
        code: "unauthorized",
        message:
          "This server has no INGEST_SECRET, so it takes no usage events. Set one and restart.",
      });
    }
    verifyWebhook({ secret: deps.ingestSecret, headers: request.headers, body });
    const elements = elementsOf(parseJson(await decodeBody(request.headers, body)));
    const now = deps.clock();
    const batch = elements.map((raw, index) =>
      parseNativeEvent(raw, { index, source: DEFAULT_SOURCE.name, now }),
    );
    const result = await writer.record({ source: DEFAULT_SOURCE, batch });

    if (result.accepted > 0) deps.onRecorded();
    stopTimer();
    countEvents(deps.metrics, DEFAULT_SOURCE.name, result);
    deps.log.info(
      {
        work: "ingest",
        outcome: result.rejected.length === 0 ? "ok" : "rejected-some",
        request_id: request.id,
        source: DEFAULT_SOURCE.name,
        accepted: result.accepted,
        duplicates: result.duplicates,
        rejected: result.rejected.length,
        duration_ms: Math.round(performance.now() - startedAt),
      },
      "usage recorded",
    );
    const isAllRejected = elements.length > 0 && result.rejected.length === elements.length;
    return await reply.status(isAllRejected ? 422 : 202).send(answerOf(result));
  });
}

function elementsOf(body: unknown): readonly unknown[] {
  const elements: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (elements.length > USAGE_EVENTS_MAX) {
    throw new AppError({
      code: "too-large",
      message: `Send at most ${String(USAGE_EVENTS_MAX)} events at a time, not ${String(elements.length)}.`,
    });
  }
  if (!Array.isArray(body) && (typeof body !== "object" || body === null)) {
    throw new AppError({
      code: "invalid",
      message: "Send one usage event as a JSON object, or an array of them.",
    });
  }
  return elements;
}

function answerOf(result: RecordUsageResult): object {
  return {
    accepted: result.accepted,
    duplicates: result.duplicates,
    rejected: result.rejected.map(({ index, eventId, code, message }) => ({
      index,
      event_id: eventId ?? null,
      code,
      message,
    })),
  };
}

function countEvents(metrics: Metrics, source: string, result: RecordUsageResult): void {
  metrics.usageEvents.inc({ source, outcome: "accepted" }, result.accepted);
  metrics.usageEvents.inc({ source, outcome: "duplicate" }, result.duplicates);
  for (const { code } of result.rejected) metrics.usageEvents.inc({ source, outcome: code });
}
