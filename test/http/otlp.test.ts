/** OTLP's answers, read back by an independent description of its messages. */
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { type OtlpSignal, otlpAnswer, otlpEncoding, otlpError } from "../../src/http/otlp.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message LogsPartial { int64 rejected_log_records = 1; string error_message = 2; }
  message Logs { LogsPartial partial_success = 1; }
  message Status { int32 code = 1; string message = 2; }
`);
function read(type: string, body: Buffer | string): unknown {
  const message = root.lookupType(type);
  return message.toObject(message.decode(Buffer.from(body)), { longs: String });
}

describe("OTLP's answers", () => {
  it("are empty for full success, in the request's content type", () => {
    const json = { signal: "logs", contentType: "application/json", rejected: 0 } as const;
    const binary = { ...json, contentType: "application/x-protobuf" };

    expect(otlpAnswer(json)).toEqual({ status: 200, contentType: "application/json", body: "{}" });
    expect(otlpAnswer(binary)).toEqual({
      status: 200,
      contentType: "application/x-protobuf",
      body: Buffer.alloc(0),
    });
  });

  it.each<[OtlpSignal, string]>([
    ["logs", "rejectedLogRecords"],
    ["metrics", "rejectedDataPoints"],
    ["traces", "rejectedSpans"],
  ])("count what was refused of %s as %s, still with 200", (signal, field) => {
    const contentType = "application/json; charset=utf-8";
    const answer = otlpAnswer({ signal, contentType, rejected: 3, message: "no model" });

    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toEqual({
      partialSuccess: { [field]: "3", errorMessage: "no model" },
    });
  });

  it("say the same in protobuf", () => {
    const contentType = "application/x-protobuf";
    const refused = otlpAnswer({ signal: "logs", contentType, rejected: 300, message: "no é" });
    const warned = otlpAnswer({ signal: "logs", contentType, rejected: 0, message: "careful" });

    expect(read("Logs", refused.body)).toEqual({
      partialSuccess: { rejectedLogRecords: "300", errorMessage: "no é" },
    });
    expect(read("Logs", warned.body)).toEqual({ partialSuccess: { errorMessage: "careful" } });
  });

  it("tell errors as a google.rpc.Status in the same encoding", () => {
    const failure = { status: 503, message: "Try again soon." };
    const json = otlpError({ ...failure, contentType: undefined });
    const binary = otlpError({ ...failure, contentType: "application/x-protobuf" });

    expect(json).toMatchObject({ status: 503, contentType: "application/json" });
    expect(JSON.parse(String(json.body))).toEqual({ message: "Try again soon." });
    expect(binary).toMatchObject({ status: 503, contentType: "application/x-protobuf" });
    expect(read("Status", binary.body)).toEqual({ message: "Try again soon." });
  });

  it("stay small whatever they quote", () => {
    const answer = otlpAnswer({
      signal: "traces",
      contentType: "application/json",
      rejected: 1,
      message: "x".repeat(1_000_000),
    });

    expect(answer.body.length).toBeLessThan(5_000);
  });
});

describe("a content type", () => {
  it.each([
    ["application/json", "json"],
    ["Application/JSON; charset=utf-8", "json"],
    ["application/x-protobuf", "protobuf"],
    ["application/protobuf", "protobuf"],
    ["text/plain", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s is %s", (contentType, encoding) => {
    expect(otlpEncoding(contentType)).toBe(encoding);
  });
});
