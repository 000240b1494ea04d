/**
 * Load with as little cost of its own as possible: requests made in advance, sent over plain
 * sockets with keep-alive, each socket waiting for its answer before it sends the next.
 */
import { connect } from "node:net";
import { signedHeaders } from "../support/usage-builders.ts";

/** A whole HTTP request as bytes. */
export function rawRequest(url: URL, body: string, secret: string): Buffer {
  const headers = {
    host: url.host,
    "content-length": String(Buffer.byteLength(body)),
    ...signedHeaders(secret, body),
  };
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  return Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${head}\r\n${body}`);
}

/** Sends all requests over `connections` sockets; seconds until the last answer. Throws on any but 202. */
export async function sendAll(
  url: URL,
  requests: readonly Buffer[],
  connections: number,
): Promise<number> {
  const rest = requests.values();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => await sendOver(url, rest)));
  return (performance.now() - startedAt) / 1000;
}

const ACCEPTED = Buffer.from("HTTP/1.1 202");

/** Takes requests as long as there are any; resolves when the last one is answered. */
async function sendOver(url: URL, requests: Iterator<Buffer>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    const sendNext = (): void => {
      const next = requests.next();
      if (next.done === true) {
        socket.destroy();
        resolve();
      } else {
        socket.write(next.value);
      }
    };
    socket.setNoDelay(true);
    socket.on("connect", sendNext);
    socket.on("error", reject);
    // An answer is small: it comes in one piece.
    socket.on("data", (answer) => {
      if (answer.subarray(0, ACCEPTED.length).equals(ACCEPTED)) sendNext();
      else reject(new Error(answer.toString()));
    });
  });
}
