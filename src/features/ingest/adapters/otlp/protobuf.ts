/**
 * OTLP's protobuf encoding → the tree that its JSON encoding has: lowerCamelCase names, 64-bit
 * integers as text, ids as hex. Described here are only the fields that are read; protobufjs skips
 * all others, arrays and maps in attributes among them, so that neither nesting nor text in them
 * costs anything. Numbers are those of opentelemetry-proto 1.x.
 */
import protobuf from "protobufjs/minimal.js";
import { AppError } from "../../../../domain/errors.ts";
import type { OtlpSignal } from "../../../../http/otlp.ts";

type Scalar = keyof typeof WIRE_TYPES;
interface Field {
  readonly name: string;
  readonly type: Scalar | Message;
  readonly isRepeated?: true;
}
type Message = ReadonlyMap<number, Field>;
type Tree = Record<string, unknown>;

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const WIRE_TYPES = {
  string: LENGTH_DELIMITED,
  hex: LENGTH_DELIMITED,
  bool: VARINT,
  enum: VARINT,
  int64: VARINT,
  fixed64: FIXED_64,
  double: FIXED_64,
} as const;

/** A full body of real records has half as many; two bytes can stand for an empty one. */
const MESSAGES_MAX = 1_000_000;

/** Decodes a request. Throws `AppError` "invalid" for bytes that are not of this encoding. */
export function decodeOtlpProtobuf(signal: OtlpSignal, body: Buffer): unknown {
  try {
    return decode(body, REQUESTS[signal], { messagesLeft: MESSAGES_MAX });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError({
      code: "invalid",
      message: `The body is not an OTLP ${signal} request in protobuf.`,
      cause: error,
    });
  }
}

/** Nesting is that of the descriptions below, which no body can deepen. */
function decode(bytes: Uint8Array, fields: Message, budget: { messagesLeft: number }): Tree {
  const left = budget.messagesLeft - 1;
  if (left < 0) {
    throw new AppError({
      code: "too-large",
      message: `The body has more than ${String(MESSAGES_MAX)} protobuf messages. Send fewer records at a time.`,
    });
  }
  Object.assign(budget, { messagesLeft: left });
  const reader = protobuf.Reader.create(bytes);
  const tree: Tree = {};
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const wireType = tag % 8;
    const field = fields.get(Math.floor(tag / 8));
    if (field === undefined || wireType !== wireTypeOf(field)) {
      reader.skipType(wireType, 0, Math.floor(tag / 8));
      continue;
    }
    const value =
      typeof field.type === "string"
        ? readScalar(reader, field.type)
        : decode(reader.bytes(), field.type, budget);
    const earlier = tree[field.name];
    if (field.isRepeated !== true) tree[field.name] = value;
    else if (Array.isArray(earlier)) earlier.push(value);
    else tree[field.name] = [value];
  }
  return tree;
}

function wireTypeOf(field: Field): number {
  return typeof field.type === "string" ? WIRE_TYPES[field.type] : LENGTH_DELIMITED;
}

function readScalar(reader: protobuf.Reader, type: Scalar): unknown {
  switch (type) {
    case "string":
      return reader.string();
    case "hex":
      return Buffer.from(reader.bytes()).toString("hex");
    case "bool":
      return reader.bool();
    case "enum":
      return reader.int32();
    case "int64":
      return BigInt.asIntN(64, bitsOf(reader.int64())).toString();
    case "fixed64":
      return bitsOf(reader.fixed64()).toString();
    case "double":
      return reader.double();
  }
}

function bitsOf({ low, high }: { readonly low: number; readonly high: number }): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function message(fields: Readonly<Record<number, Field>>): Message {
  return new Map(Object.entries(fields).map(([number, field]) => [Number(number), field]));
}

function one(name: string, type: Scalar | Message): Field {
  return { name, type };
}

function many(name: string, type: Message): Field {
  return { name, type, isRepeated: true };
}

const anyValue = message({
  1: one("stringValue", "string"),
  2: one("boolValue", "bool"),
  3: one("intValue", "int64"),
  4: one("doubleValue", "double"),
});
const keyValue = message({ 1: one("key", "string"), 2: one("value", anyValue) });
const resource = one("resource", message({ 1: many("attributes", keyValue) }));
const scope = one("scope", message({ 1: one("name", "string") }));

const logRecord = message({
  1: one("timeUnixNano", "fixed64"),
  5: one("body", anyValue),
  6: many("attributes", keyValue),
  11: one("observedTimeUnixNano", "fixed64"),
  12: one("eventName", "string"),
});

const span = message({
  1: one("traceId", "hex"),
  2: one("spanId", "hex"),
  5: one("name", "string"),
  6: one("kind", "enum"),
  8: one("endTimeUnixNano", "fixed64"),
  9: many("attributes", keyValue),
  15: one("status", message({ 3: one("code", "enum") })),
});

const points = message({ 1: many("dataPoints", message({})) });
const metric = message({
  1: one("name", "string"),
  5: one("gauge", points),
  7: one("sum", points),
  9: one("histogram", points),
  10: one("exponentialHistogram", points),
  11: one("summary", points),
});

function request(names: readonly [string, string, string], record: Message): Message {
  const [ofResource, ofScope, records] = names;
  const scoped = message({ 1: scope, 2: many(records, record) });
  return message({ 1: many(ofResource, message({ 1: resource, 2: many(ofScope, scoped) })) });
}

const REQUESTS: Readonly<Record<OtlpSignal, Message>> = {
  logs: request(["resourceLogs", "scopeLogs", "logRecords"], logRecord),
  metrics: request(["resourceMetrics", "scopeMetrics", "metrics"], metric),
  traces: request(["resourceSpans", "scopeSpans", "spans"], span),
};
