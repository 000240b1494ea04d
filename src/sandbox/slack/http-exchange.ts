/** Reading and answering HTTP requests with nothing but Node: the fake needs no framework. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { AppError } from "../../domain/errors.ts";

const BODY_BYTES_MAX = 4 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new AppError({ code: "too-large", message: "the body is larger than 4 MiB" });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function answerJson(
  response: ServerResponse,
  body: unknown,
  {
    status = 200,
    headers = {},
  }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** Of a server that listens, for example "http://127.0.0.1:3000". */
export function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address !== "object" || address === null) {
    throw new AppError({ code: "internal", message: "the server does not listen" });
  }
  return `http://${address.address}:${String(address.port)}`;
}
