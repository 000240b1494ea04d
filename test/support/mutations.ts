/**
 * Ways to spoil a delivery, by a seeded generator: bytes that flip, JSON that lies, compression that
 * breaks or explodes, headers that say something else. The same seed gives the same deliveries.
 */
import { deflateSync, gzipSync } from "node:zlib";
import type { RecordedDelivery } from "./ingest-endpoint.ts";
import type { SeededRandom } from "./seeded-random.ts";

type Delivery = Pick<RecordedDelivery, "headers" | "body">;
type Mutation = (delivery: Delivery, random: SeededRandom) => Delivery;

/** JSON texts, not values: some of them no serializer would write. */
const ODD_JSON: readonly string[] = [
  "1e308",
  "-1e308",
  "1e400",
  "-1",
  "-0",
  "1.5",
  "9007199254740993",
  "99999999999999999999999999",
  "1000000000001",
  "0.0000000000001",
  '"1e309"',
  '"-5"',
  '"NaN"',
  '""',
  "null",
  "true",
  "[]",
  "{}",
  "[[[[]]]]",
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00x\\ud800"',
  '"__proto__"',
  '"0000-00-00T00:00:00Z"',
  '"275760-09-13T00:00:01Z"',
  '"+123456-01-01T00:00:00Z"',
  '"2026-02-30T10:00:00Z"',
  '"2026-11-23T24:00:00+23:59"',
  '"2016-12-31T23:59:60Z"',
  '"1795440187988000000"',
  "-9223372036854775808",
  '"18446744073709551616"',
  `"${"x".repeat(70_000)}"`,
  `${"[".repeat(3_000)}${"]".repeat(3_000)}`,
  `${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}`,
];

/** Where a value of a JSON text begins and ends, chosen among those after a colon or in a list. */
function aValue(text: string, random: SeededRandom): readonly [number, number] | undefined {
  const values = [...text.matchAll(/[:[,]\s*("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null)/g)];
  if (values.length === 0) return undefined;
  const match = random.pick(values);
  const value = match[1] ?? "";
  const start = match.index + match[0].length - value.length;
  return [start, start + value.length];
}

const withText =
  (change: (text: string, random: SeededRandom) => string): Mutation =>
  (delivery, random) => ({
    ...delivery,
    body: Buffer.from(change(delivery.body.toString("utf8"), random)),
  });

/** A value in the place of another; elements around it stay as they are. */
export const oddValue = withText((text, random) => {
  const at = aValue(text, random);
  return at === undefined ? text : text.slice(0, at[0]) + random.pick(ODD_JSON) + text.slice(at[1]);
});

const duplicateKey = withText((text, random) => {
  const keys = [...text.matchAll(/"([\w.]+)"\s*:/g)];
  const braces = [...text.matchAll(/\{/g)];
  if (keys.length === 0 || braces.length === 0) return text;
  const key = random.pick([random.pick(keys)[1] ?? "", "__proto__", "constructor", "toString"]);
  const at = random.pick(braces).index + 1;
  const rest = text.slice(at);
  const comma = /^\s*\}/.test(rest) ? "" : ",";
  return `${text.slice(0, at)}${JSON.stringify(key)}:${random.pick(ODD_JSON)}${comma}${rest}`;
});

const bytes =
  (change: (body: Buffer, random: SeededRandom) => Buffer): Mutation =>
  (delivery, random) => ({ ...delivery, body: change(Buffer.from(delivery.body), random) });

const flipBits = bytes((body, random) => {
  for (let left = 1 + random.below(8); left > 0 && body.length > 0; left -= 1) {
    const at = random.below(body.length);
    body[at] = (body[at] ?? 0) ^ (1 << random.below(8));
  }
  return body;
});
const truncate = bytes((body, random) => body.subarray(0, random.below(body.length + 1)));
const insertGarbage = bytes((body, random) => {
  const garbage = Buffer.from(
    Array.from({ length: 1 + random.below(40) }, () => random.below(256)),
  );
  const at = random.below(body.length + 1);
  return Buffer.concat([body.subarray(0, at), garbage, body.subarray(at)]);
});
const repeatSlice = bytes((body, random) => {
  const from = random.below(body.length + 1);
  const slice = body.subarray(from, from + random.below(400));
  const at = random.below(body.length + 1);
  return Buffer.concat([body.subarray(0, at), slice, body.subarray(at)]);
});
const garbageOnly = bytes((_body, random) =>
  Buffer.from(Array.from({ length: random.below(600) }, () => random.below(256))),
);

const withHeaders = (delivery: Delivery, headers: Readonly<Record<string, string>>): Delivery => ({
  ...delivery,
  headers: { ...delivery.headers, ...headers },
});
const gzipped: Mutation = (delivery) =>
  withHeaders({ ...delivery, body: gzipSync(delivery.body) }, { "content-encoding": "gzip" });
const brokenGzip: Mutation = (delivery, random) => {
  const whole = gzipped(delivery, random);
  return random.pick([flipBits, truncate, insertGarbage, repeatSlice])(whole, random);
};
let bomb: Buffer | undefined;
const zipBomb: Mutation = (delivery) => {
  bomb ??= gzipSync(Buffer.alloc(96 * 1024 * 1024, " "));
  return withHeaders({ ...delivery, body: bomb }, { "content-encoding": "gzip" });
};
const otherEncoding: Mutation = (delivery, random) =>
  withHeaders(
    { ...delivery, body: deflateSync(delivery.body) },
    {
      "content-encoding": random.pick(["deflate", "br", "gzip, gzip", "gzip", "identity", "x", ""]),
    },
  );
const otherType: Mutation = (delivery, random) =>
  withHeaders(delivery, {
    "content-type": random.pick([
      "",
      "text/plain",
      "application/json; charset=utf-16",
      "application/json; charset=latin1",
      "application/x-protobuf",
      "application/x-ndjson",
      "application/cloudevents+json",
      "application/cloudevents-batch+json",
      "application/cloudevents+avro",
      "multipart/form-data; boundary=x",
      ";;;=",
      "application/json,application/x-protobuf",
    ]),
  });
const utf16: Mutation = (delivery) =>
  withHeaders(
    { ...delivery, body: Buffer.from(delivery.body.toString("utf8"), "utf16le") },
    { "content-type": "application/json; charset=utf-16" },
  );
const latin1 = bytes((body) => Buffer.concat([Buffer.from([0xe9, 0xff, 0xfe]), body]));
const cloudEventHeaders: Mutation = (delivery, random) =>
  withHeaders(delivery, {
    "ce-specversion": random.pick(["1.0", "0.3", "", "9"]),
    "ce-id": random.pick(["%", "%E2%82", "a%00b", '"', "x".repeat(2_000), "%ED%A0%80"]),
    "ce-source": random.pick(["/a", "%zz", '"\\', ""]),
    "ce-type": "t",
    "ce-time": random.pick(["", "never", "2026-11-23T10:00:00Z"]),
  });

const MUTATIONS: readonly Mutation[] = [
  oddValue,
  oddValue,
  oddValue,
  duplicateKey,
  duplicateKey,
  flipBits,
  flipBits,
  truncate,
  insertGarbage,
  repeatSlice,
  garbageOnly,
  gzipped,
  brokenGzip,
  brokenGzip,
  otherEncoding,
  otherType,
  utf16,
  latin1,
  cloudEventHeaders,
];

/** One to three of the ways, one after the other; once in a while a bomb. */
export function spoiled(delivery: Delivery, random: SeededRandom): Delivery {
  if (random.below(150) === 0) return zipBomb(delivery, random);
  let result = delivery;
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    result = random.pick(MUTATIONS)(result, random);
  }
  return result;
}
