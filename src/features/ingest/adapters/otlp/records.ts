/**
 * An OTLP request in either encoding → its records, one after the other, each with its resource and
 * scope. Lists and objects must be where OTLP has them; fields that nobody asks for are ignored.
 */
import { AppError } from "../../../../domain/errors.ts";
import { parseJson } from "../../../../http/body.ts";
import type { OtlpEncoding, OtlpSignal } from "../../../../http/otlp.ts";
import { decodeOtlpProtobuf } from "./protobuf.ts";

type JsonObject = Readonly<Record<string, unknown>>;
/** Integers are numbers or decimal text, as their sender encoded them. */
type AttributeValue = string | number | boolean;
/** Plain values by name; arrays, maps, bytes and empty texts are left out. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface OtlpRecord {
  /** Position among all records of the request. */
  readonly index: number;
  readonly resource: Attributes;
  readonly scopeName: string;
  /** The log record, span or metric itself. */
  readonly fields: JsonObject;
  readonly attributes: Attributes;
}

const LIST_NAMES = {
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  traces: ["resourceSpans", "scopeSpans", "spans"],
} as const;

/** The tree of a request; an empty body is an empty request, which some senders test with. */
export function decodeOtlpBody(
  signal: OtlpSignal,
  { encoding, body }: { readonly encoding: OtlpEncoding; readonly body: Buffer },
): unknown {
  if (encoding === "protobuf") return decodeOtlpProtobuf(signal, body);
  return body.length === 0 ? {} : parseJson(body);
}

export function* recordsOf(signal: OtlpSignal, request: unknown): Generator<OtlpRecord> {
  if (!isObject(request)) {
    throw new AppError({ code: "invalid", message: "The body is not an OTLP request in JSON." });
  }
  const [ofResource, ofScope, ofRecord] = LIST_NAMES[signal];
  let index = 0;
  for (const resourceGroup of objectsOf(request, ofResource)) {
    const resource = attributesOf(objectOf(resourceGroup, "resource"));
    for (const scopeGroup of objectsOf(resourceGroup, ofScope)) {
      const name = objectOf(scopeGroup, "scope")["name"];
      const scopeName = typeof name === "string" ? name : "";
      for (const fields of objectsOf(scopeGroup, ofRecord)) {
        yield { index, resource, scopeName, fields, attributes: attributesOf(fields) };
        index += 1;
      }
    }
  }
}

/** The objects of a list, none when it is absent. */
export function objectsOf(parent: JsonObject, name: string): readonly JsonObject[] {
  const list = parent[name] ?? [];
  if (!Array.isArray(list)) throw wrongShape(name, "a list");
  return list.map((element: unknown) => {
    if (!isObject(element)) throw wrongShape(name, "a list of objects");
    return element;
  });
}

export function objectOf(parent: JsonObject, name: string): JsonObject {
  const value = parent[name] ?? {};
  if (!isObject(value)) throw wrongShape(name, "an object");
  return value;
}

/** The plain value of an AnyValue; undefined for any other. */
export function plainValue(anyValue: JsonObject): AttributeValue | undefined {
  for (const name of ["stringValue", "intValue", "doubleValue", "boolValue"]) {
    const value = anyValue[name];
    if (typeof value === "string") return value === "" ? undefined : value;
    if (typeof value === "number" || typeof value === "boolean") return value;
  }
  return undefined;
}

function attributesOf(parent: JsonObject): Attributes {
  const entries: [string, AttributeValue][] = [];
  for (const attribute of objectsOf(parent, "attributes")) {
    const key = attribute["key"];
    const value = plainValue(objectOf(attribute, "value"));
    if (typeof key === "string" && value !== undefined) entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongShape(name: string, expected: string): AppError {
  return new AppError({ code: "invalid", message: `${name}: expected ${expected}, as in OTLP.` });
}
