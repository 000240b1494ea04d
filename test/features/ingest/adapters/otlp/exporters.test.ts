/**
 * What OpenTelemetry's own exporters send, and what Anthropic's SDK records, must be understood:
 * real clients against a local receiver, in both encodings and with gzip.
 */
import { createServer, type Server } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import { OTLPLogExporter as JsonLogs } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogs } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as JsonTraces } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufTraces } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseUsd } from "../../../../../src/domain/money.ts";
import { instant } from "../../../../../src/domain/time.ts";
import { parseOtlpDelivery } from "../../../../../src/features/ingest/adapters/otlp/delivery.ts";
import { onlyEvent, storedText } from "../../../../support/otlp-builders.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../../../../support/otlp-receiver.ts";

const LOGGED_AT = new Date(Date.now() - 60_000);

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  await receiver.close();
});

/** All events received so far; the clock of the test is the clients' clock. */
const delivered = () =>
  receiver.received.flatMap((request) => [
    ...parseOtlpDelivery(request, { source: "otel", now: instant(new Date()) }).events,
  ]);

const gzip = { compression: "gzip" } as { compression: never };
const resource = resourceFromAttributes({ "service.name": "claude-code", "team.id": "platform" });

async function logWith(exporter: JsonLogs | ProtobufLogs): Promise<void> {
  const provider = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter })],
  });
  provider.getLogger("com.anthropic.claude_code.events", "2.1.230").emit({
    timestamp: LOGGED_AT,
    body: "claude_code.api_request",
    attributes: {
      "event.name": "api_request",
      "event.sequence": 7,
      "session.id": "5f0c",
      "user.email": "dev@example.com",
      model: "claude-opus-5-5[1m]",
      cost_usd: 0.012345,
      cost_usd_micros: 12345,
      input_tokens: "12",
      output_tokens: 340,
      cache_read_tokens: 18000,
      cache_creation_tokens: 900,
      request_id: "req_011CX",
      tool_names: ["a", "b"],
      nested: { deeper: { prompt: "Tell me a secret" } },
    },
  });
  await provider.forceFlush();
  await provider.shutdown();
}

describe("OpenTelemetry's log exporters", () => {
  it("say the same in protobuf and in JSON", async () => {
    const url = `${receiver.url}/logs`;
    await logWith(new ProtobufLogs({ url }));
    await logWith(new ProtobufLogs({ url, ...gzip }));
    await logWith(new JsonLogs({ url }));

    expect(receiver.received.map(({ contentType }) => contentType)).toEqual([
      "application/x-protobuf",
      "application/x-protobuf",
      "application/json",
    ]);
    const [first, ...others] = delivered();
    expect(first).toMatchObject({
      kind: "event",
      event: {
        eventId: "claude_code:req_011CX",
        occurredAt: instant(LOGGED_AT),
        model: "claude-opus-5-5[1m]",
        reportedCost: parseUsd("0.012345"),
        claimedTeam: "platform",
        usage: { uncachedInputTokens: 12, outputTokens: 340, cacheReadInputTokens: 18000 },
      },
    });
    expect(others).toEqual([first, first]);
  });
});

describe("OpenTelemetry's metric exporter", () => {
  it("is answered, and counted as data points only", async () => {
    const exporter = new OTLPMetricExporter({ url: `${receiver.url}/metrics` });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
    const provider = new MeterProvider({ resource, readers: [reader] });
    const counter = provider
      .getMeter("com.anthropic.claude_code")
      .createCounter("claude_code.cost.usage", { unit: "USD" });
    counter.add(0.5, { model: "claude-opus-5-5" });
    counter.add(0.25, { model: "claude-haiku-5-5" });
    await provider.forceFlush();
    await provider.shutdown();

    const context = { source: "otel", now: instant(new Date()) };
    const deliveries = receiver.received.map((request) => parseOtlpDelivery(request, context));
    expect(deliveries.length).toBeGreaterThan(0);
    expect(deliveries[0]).toMatchObject({ events: [], records: 2 });
    expect(deliveries[0]?.message).toContain("Metrics are not counted");
  });
});

const USAGE = {
  input_tokens: 1000,
  cache_creation_input_tokens: 2000,
  cache_read_input_tokens: 50_000,
  cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1500 },
  output_tokens: 800,
  service_tier: "standard",
};

/** An Anthropic API that answers every message alike; a stream breaks off before its end. */
async function startMessagesApi(): Promise<{ readonly server: Server; readonly url: string }> {
  const message = {
    id: "msg_01",
    type: "message",
    role: "assistant",
    model: "claude-opus-5-5",
    content: [{ type: "text", text: "The secret is 42" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: USAGE,
  };
  const start = { type: "message_start", message: { ...message, content: [], stop_reason: null } };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const isStream = body.includes('"stream":true');
      response.writeHead(200, {
        "content-type": isStream ? "text/event-stream" : "application/json",
        "request-id": "req_011CX",
        "anthropic-organization-id": "org-1",
        "anthropic-workspace-id": "wrkspc_01",
      });
      response.end(
        isStream
          ? `event: message_start\ndata: ${JSON.stringify(start)}\n\n`
          : JSON.stringify(message),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return { server, url: `http://127.0.0.1:${String(address.port)}` };
}

describe("the spans of Anthropic's SDK", () => {
  async function ask(exporter: JsonTraces | ProtobufTraces, isStream: boolean): Promise<void> {
    const { server, url } = await startMessagesApi();
    const tracerProvider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": "checkout", "team.id": "search" }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const client = new Anthropic({
      apiKey: "test",
      baseURL: url,
      maxRetries: 0,
      openTelemetry: { tracerProvider, traces: { contentMode: "content" } },
    });
    const request = {
      model: "claude-opus-5-5",
      max_tokens: 1000,
      messages: [{ role: "user" as const, content: "Tell me a secret" }],
    };
    if (isStream) {
      const stream = await client.messages.create({ ...request, stream: true });
      for await (const event of stream) void event;
    } else {
      await client.messages.create(request);
    }
    await tracerProvider.forceFlush();
    await tracerProvider.shutdown();
    server.closeAllConnections();
    server.close();
  }

  it.each([
    ["protobuf", (url: string) => new ProtobufTraces({ url, ...gzip })],
    ["JSON", (url: string) => new JsonTraces({ url })],
  ])("become events with the whole split of tokens: %s", async (_encoding, exporter) => {
    await ask(exporter(`${receiver.url}/traces`), false);

    const event = onlyEvent(delivered());
    expect(event).toMatchObject({
      eventId: "span:msg_01",
      requestId: "req_011CX",
      messageId: "msg_01",
      model: "claude-opus-5-5",
      workspaceId: "wrkspc_01",
      claimedTeam: "search",
      costBasis: "computed",
      isIncomplete: false,
      usage: {
        uncachedInputTokens: 1000,
        cacheCreation5mInputTokens: 500,
        cacheCreation1hInputTokens: 1500,
        cacheReadInputTokens: 50_000,
        outputTokens: 800,
        serviceTier: "standard",
      },
    });
    expect(receiver.received.some(({ body }) => body.includes("secret"))).toBe(true);
    expect(storedText(event)).not.toContain("secret");
  });

  it("count the input of a stream that broke off, marked as incomplete", async () => {
    await ask(new ProtobufTraces({ url: `${receiver.url}/traces` }), true);

    expect(onlyEvent(delivered())).toMatchObject({
      isIncomplete: true,
      usage: { uncachedInputTokens: 1000, cacheReadInputTokens: 50_000, outputTokens: 0 },
    });
  });
});
