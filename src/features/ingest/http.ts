/** Ingest, the routes: authenticate → decode → parse → record → answer. One route a format. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { decodeBody, parseJson } from "../../http/body.ts";
import { describeFailure } from "../../http/failure.ts";
import type { Metrics } from "../../http/metrics.ts";
import { type OtlpSignal, otlpAnswer, otlpError } from "../../http/otlp.ts";
import type { Source, SourceDirectory } from "../sources/index.ts";
import type { AdapterContext } from "./adapters/adapter.ts";
import { parseHeliconeDelivery } from "./adapters/helicone.ts";
import { parseLitellmDelivery } from "./adapters/litellm.ts";
import { parseNativeDelivery } from "./adapters/native.ts";
import { parseOtlpDelivery } from "./adapters/otlp/delivery.ts";
import { authenticateHelicone, authenticateSource } from "./authenticate.ts";
import type { RecordUsageDeps } from "./flow/record-usage.ts";
import { createUsageWriter, type UsageWriter } from "./flow/usage-writer.ts";
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

export function ingestRoutes(app: FastifyInstance, parts: Deps): void {
  const deps: WriteDeps = { ...parts, writer: createUsageWriter(parts) };
  const route = (
    path: string,
    parse: (delivery: Delivery) => readonly ParsedEvent[],
    authenticate: typeof authenticateSource = authenticateSource,
  ): void => {
    app.post(path, async (request, reply) => {
      const delivery = await receive(deps, request, authenticate);
      const batch = parse(delivery);
      const result = await write(deps, delivery, batch);
      const isAllRejected = batch.length > 0 && result.rejected.length === batch.length;
      void reply.status(isAllRejected ? 422 : 202);
      return answerOf(result);
    });
  };
  route("/v1/usage", ({ request, body, context }) => {
    const { headers, query } = request;
    return parseNativeDelivery(
      { contentType: contentTypeOf(request), headers, body, query },
      context,
    );
  });
  route("/v1/usage/litellm", ({ request, body, context }) =>
    parseLitellmDelivery({ contentType: contentTypeOf(request), body }, context),
  );
  route(
    "/v1/usage/helicone",
    ({ body, context }) => parseHeliconeDelivery(parseJson(body), context),
    authenticateHelicone,
  );
  for (const signal of OTLP_SIGNALS) otlpRoute(app, deps, signal);
}

const OTLP_SIGNALS: readonly OtlpSignal[] = ["logs", "metrics", "traces"];

/** OTLP has its own answers: partial success, and errors in the encoding of the request. */
function otlpRoute(app: FastifyInstance, deps: WriteDeps, signal: OtlpSignal): void {
  app.route({
    // OpenRouter, which sends traces only, lets its users choose.
    method: signal === "traces" ? ["POST", "PUT"] : ["POST"],
    url: `/otlp/v1/${signal}`,
    errorHandler: (error, request, reply) => {
      const failure = describeFailure(error, request, { reply, log: deps.log });
      const answer = otlpError({ contentType: contentTypeOf(request), ...failure });
      void reply.status(answer.status).type(answer.contentType).send(answer.body);
    },
    handler: async (request, reply) => {
      const delivery = await receive(deps, request, authenticateSource);
      const contentType = contentTypeOf(request);
      // OpenRouter tries an address with an empty request.
      const isTest = request.headers["x-test-connection"] === "true" && delivery.body.length === 0;
      const { events, message } = isTest
        ? { events: [], message: undefined }
        : parseOtlpDelivery({ signal, contentType, body: delivery.body }, delivery.context);
      const result = await write(deps, delivery, events);
      const answer = otlpAnswer({
        signal,
        contentType,
        rejected: result.rejected.length,
        message: result.rejected[0]?.message ?? message,
      });
      return await reply.status(answer.status).type(answer.contentType).send(answer.body);
    },
  });
}

function contentTypeOf(request: FastifyRequest): string | undefined {
  return request.headers["content-type"];
}

const query = z.looseObject({ source: z.string().max(64).optional() });

async function receive(
  deps: Deps,
  request: FastifyRequest,
  authenticate: typeof authenticateSource,
): Promise<Delivery> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const source = await authenticate(deps, {
    headers: request.headers,
    body: raw,
    sourceName: query.safeParse(request.query).data?.source,
  });
  return {
    request,
    source,
    body: await decodeBody(request, raw),
    context: { source: source.name, now: deps.clock() },
  };
}

interface WriteDeps extends Deps {
  readonly writer: UsageWriter;
}

/** Records, counts and writes the summary line. */
async function write(
  deps: WriteDeps,
  { request, source }: Delivery,
  batch: readonly ParsedEvent[],
): Promise<RecordUsageResult> {
  const startedAt = performance.now();
  const result = await deps.writer.record({ source, batch });
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
  for (const [reason, count] of result.notCounted ?? []) {
    metrics.usageEventsNotCounted.inc({ source, reason }, count);
  }
  for (const { code } of result.rejected) metrics.usageEvents.inc({ source, outcome: code });
}
