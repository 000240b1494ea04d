/** The bytes of what `claude-spend import` reads: a file, compressed or not, or standard input. */
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The path that stands for standard input. */
export const STDIN = "-";
/** Large enough to ask seldom, small enough to stay near the processor until it is looked at. */
const PIECE_BYTES = 256 * 1024;

/**
 * The bytes, decompressed if they are gzip; `onBytes` hears of those that were read. A piece holds
 * until the next one is asked for: its memory is used again.
 */
export async function* readInput(
  path: string,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  if (path === STDIN) {
    yield* streamed(process.stdin, onBytes);
    return;
  }
  // A pipe may keep us waiting, which nobody else must wait for.
  const plain = statSync(path).isFile() ? openPlain(path) : undefined;
  if (plain === undefined) {
    yield* streamed(createReadStream(path, { highWaterMark: PIECE_BYTES }), onBytes);
    return;
  }
  try {
    yield* pieces(plain, onBytes);
  } finally {
    closeSync(plain);
  }
}

/** The open file; undefined for one that is compressed. */
function openPlain(path: string): number | undefined {
  const file = openSync(path, "r");
  const first = Buffer.alloc(2);
  readSync(file, first, 0, first.length, 0);
  if (!isGzip(first)) return file;
  closeSync(file);
  return undefined;
}

/** Read right here: the way round by Node's own threads, into new memory, costs more than reading. */
function* pieces(file: number, onBytes: (bytes: number) => void): Generator<Buffer> {
  const memory = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (;;) {
    const bytes = readSync(file, memory);
    if (bytes === 0) return;
    onBytes(bytes);
    yield memory.subarray(0, bytes);
  }
}

async function* streamed(
  source: AsyncIterable<unknown>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const chunks = counted(source, onBytes);
  const first = await chunks.next();
  if (first.done === true) return;
  const all = prepended(first.value, chunks);
  if (!isGzip(first.value)) {
    yield* all;
    return;
  }
  // What goes wrong is thrown where the result is read.
  const gunzip = pipeline(Readable.from(all), createGunzip(), () => undefined);
  for await (const chunk of gunzip) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function* counted(
  source: AsyncIterable<unknown>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    if (!Buffer.isBuffer(chunk)) continue;
    onBytes(chunk.length);
    yield chunk;
  }
}

async function* prepended(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** How a file is called in what is said about it. */
export function nameOf(path: string): string {
  return path === STDIN ? "standard input" : path;
}
