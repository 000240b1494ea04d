/** An OTLP encoder of the tests' own, from the words of opentelemetry-proto; the adapter has no part in it. */
import protobuf from "protobufjs";
import type { OtlpSignal } from "../../src/http/otlp.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }

  message LogRecord {
    fixed64 time_unix_nano = 1; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; fixed64 observed_time_unix_nano = 11; string event_name = 12;
  }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message Logs { repeated ResourceLogs resource_logs = 1; }

  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
    string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
  }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }

  message NumberDataPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4;
    repeated KeyValue attributes = 7;
  }
  message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Metric { string name = 1; string description = 2; string unit = 3; Sum sum = 7; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`);

const REQUEST_OF = { logs: "Logs", metrics: "Metrics", traces: "Traces" } as const;

/** A request in OTLP's JSON encoding, encoded as protobuf. */
export function encodeOtlp(signal: OtlpSignal, request: object): Buffer {
  const type = root.lookupType(REQUEST_OF[signal]);
  const withBytes: unknown = JSON.parse(JSON.stringify(request), (name, value: unknown) =>
    // Ids are hex in OTLP's JSON, and base64 in that of protobuf.
    /^(?:traceId|spanId|parentSpanId)$/.test(name) && typeof value === "string"
      ? Buffer.from(value, "hex").toString("base64")
      : value,
  );
  return Buffer.from(type.encode(type.fromObject(withBytes as object)).finish());
}

/** A request with one `claude_code.api_request` record that has these attributes. */
export function encodeLogs(attributes: readonly object[]): Buffer {
  const logRecord = {
    timeUnixNano: "1795440187988000000",
    body: { stringValue: "claude_code.api_request" },
    attributes,
  };
  return encodeOtlp("logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [logRecord] }] }] });
}
