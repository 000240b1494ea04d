/** An OTLP encoder of the tests' own, from the words of opentelemetry-proto; the adapter has no part in it. */
import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
  } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message LogRecord { fixed64 time_unix_nano = 1; AnyValue body = 5; repeated KeyValue attributes = 6; }
  message ScopeLogs { repeated LogRecord log_records = 2; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message Request { repeated ResourceLogs resource_logs = 1; }
`);

/** A request with one `claude_code.api_request` record that has these attributes. */
export function encodeLogs(attributes: readonly object[]): Buffer {
  const logRecord = {
    timeUnixNano: "1795440187988000000",
    body: { stringValue: "claude_code.api_request" },
    attributes,
  };
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [logRecord] }] }] };
  const type = root.lookupType("Request");
  return Buffer.from(type.encode(type.fromObject(request)).finish());
}
