/** Ingest, the routes: authenticate → decode → parse → record → answer. One route a format. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { decodeBody, parseJson } from "../../http/body.ts";
import { USAGE_EVENTS_MAX } from "../../http/limits.ts";
import type { Metrics } from "../../http/metrics.ts";
import type { Source, SourceDirectory } from "../sources/index.ts";
import type { AdapterContext } from "./adapters/adapter.ts";
import { authenticateSource } from "./authenticate.ts";
import type { RecordUsageDeps } from "./flow/record-usage.ts";
import { createUsageWriter, type UsageWriter } from "./flow/usage-writer.ts";
import { parseNativeEvent } from "./native-event.ts";
import type { ParsedEvent, RecordUsageResult } from "./rules.ts";

interface Deps extends RecordUsageDeps {
  readonly metrics: Metrics;
  readonly sources: SourceDirectory;
  /** Secret of the built-in source; undefined: nobody may send to it. */
  readonly ingestSecret: string | undefined;
  /** Called when something new was recorded; must not throw or wait. */
  readonly onRecorded: () => void;
}

/** A delivery whose sender is known and whose body is decompressed. */
interface Delivery {
  readonly request: FastifyRequest;
  readonly body: Buffer;
  readonly source: Source;
  readonly context: AdapterContext;
}

export function ingestRoutes(app: FastifyInstance, deps: Deps): void {
  const writer = createUsageWriter(deps);
  app.post("/v1/usage", async (request, reply) => {
    const delivery = await receive(deps, request);
    return await record({ deps, writer, reply }, delivery, parseNative(delivery));
  });
}

const query = z.looseObject({ source: z.string().max(64).optional() });

async function receive(deps: Deps, request: FastifyRequest): Promise<Delivery> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const source = await authenticateSource(deps, {
    headers: request.headers,
    body: raw,
    sourceName: query.safeParse(request.query).data?.source,
  });
  return {
    request,
    source,
    body: await decodeBody(request.headers, raw),
    context: { source: source.name, now: deps.clock() },
  };
}

function parseNative({ body, context }: Delivery): readonly ParsedEvent[] {
  const parsed = parseJson(body);
  const elements: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (elements.length > USAGE_EVENTS_MAX) {
    throw new AppError({
      code: "too-large",
      message: `Send at most ${String(USAGE_EVENTS_MAX)} events at a time, not ${String(elements.length)}.`,
    });
  }
  if (!Array.isArray(parsed) && (typeof parsed !== "object" || parsed === null)) {
    throw new AppError({
      code: "invalid",
      message: "Send one usage event as a JSON object, or an array of them.",
    });
  }
  return elements.map((raw, index) => parseNativeEvent(raw, { index, ...context }));
}

async function record(
  {
    deps,
    writer,
    reply,
  }: { readonly deps: Deps; readonly writer: UsageWriter; readonly reply: FastifyReply },
  { request, source }: Delivery,
  batch: readonly ParsedEvent[],
): Promise<FastifyReply> {
  const result = await write(deps, writer, { request, source, batch });
  const isAllRejected = batch.length > 0 && result.rejected.length === batch.length;
  return await reply.status(isAllRejected ? 422 : 202).send(answerOf(result));
}

/** Records, counts and writes the summary line. */
async function write(
  deps: Deps,
  writer: UsageWriter,
  delivery: {
    readonly request: FastifyRequest;
    readonly source: Source;
    readonly batch: readonly ParsedEvent[];
  },
): Promise<RecordUsageResult> {
  const { request, source, batch } = delivery;
  const startedAt = performance.now();
  const result = await writer.record({ source, batch });
  const durationMs = performance.now() - startedAt;
  if (result.accepted > 0) deps.onRecorded();
  deps.metrics.usageBatchSeconds.observe(durationMs / 1_000);
  countEvents(deps.metrics, source.name, result);
  deps.log.info(
    {
      work: "ingest",
      outcome: result.rejected.length === 0 ? "ok" : "rejected-some",
      request_id: request.id,
      source: source.name,
      accepted: result.accepted,
      duplicates: result.duplicates,
      rejected: result.rejected.length,
      duration_ms: Math.round(durationMs),
    },
    "usage recorded",
  );
  return result;
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
