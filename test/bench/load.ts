/**
 * Load with as little cost of its own as possible: requests made in advance, sent over plain
 * sockets with keep-alive, each socket waiting for its answer before it sends the next.
 */
import { once } from "node:events";
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
  let next = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(url.port), url.hostname);
      await once(socket, "connect");
      socket.setNoDelay(true);
      while (next < requests.length) {
        const request = requests[next];
        next += 1;
        if (request === undefined) break;
        socket.write(request);
        // oxlint-disable-next-line no-await-in-loop -- the next request follows this one's answer
        const [chunk] = (await once(socket, "data")) as [Buffer];
        const status = chunk.subarray(9, 12).toString();
        if (status !== "202") throw new Error(`${status}: ${chunk.toString()}`);
      }
      socket.destroy();
    }),
  );
  return (performance.now() - startedAt) / 1000;
}
