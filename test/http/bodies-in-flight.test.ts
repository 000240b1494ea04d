import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import pino from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { decodeBody } from "../../src/http/body.ts";
import { createHttpServer } from "../../src/http/server.ts";

const BYTES_MAX = 1_000;

let stop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of stop.toReversed()) await end();
  stop = [];
});

/** A server that answers with the size of the body; its address. */
async function serve(): Promise<URL> {
  const app = createHttpServer({
    log: pino({ level: "silent" }),
    mounts: [],
    bodiesBytesMax: BYTES_MAX,
  });
  app.post("/size", (request) => ({
    size: Buffer.isBuffer(request.body) ? request.body.length : 0,
  }));
  app.post("/decoded-size", async (request) => ({
    size: (await decodeBody(request, Buffer.from(request.body as Uint8Array))).length,
  }));
  stop.push(async () => await app.close());
  return new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
}

/** Sends the beginning of a request, as a slow sender does. */
async function begin(url: URL, headers: string, body: string): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  stop.push(async () => {
    socket.destroy();
    await Promise.resolve();
  });
  await once(socket, "connect");
  socket.write(`POST /size HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`);
  return socket;
}

async function post(url: URL, bytes: number): Promise<Response> {
  return await fetch(new URL("/size", url), { method: "POST", body: "x".repeat(bytes) });
}

async function statusOf(socket: Socket): Promise<string> {
  const answer: unknown[] = await once(socket, "data");
  return String(answer[0]).slice("HTTP/1.1 ".length, "HTTP/1.1 200".length);
}

/** Until the server has heard of what was sent before. */
async function eventually(check: () => Promise<boolean>): Promise<void> {
  await expect.poll(check).toBe(true);
}

const isRefused = (url: URL, bytes: number) => async (): Promise<boolean> =>
  (await post(url, bytes)).status === 503;

describe("bodies that are received at once", () => {
  test("are refused beyond the limit with 503 and Retry-After, before they are read", async () => {
    const url = await serve();
    const slow = await begin(url, "Content-Length: 800", "x");
    await eventually(isRefused(url, 300));

    const answer = await post(url, 201);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.json()).toMatchObject({ error: { code: "unavailable" } });
    expect((await post(url, 200)).status).toBe(200);

    slow.write("x".repeat(799));
    expect(await statusOf(slow)).toBe("200");
    await eventually(async () => (await post(url, BYTES_MAX)).status === 200);
  });

  test("count by what comes out of them where they are compressed, until they are answered", async () => {
    const url = await serve();
    const send = async (bytes: number): Promise<number> => {
      const { status } = await fetch(new URL("/decoded-size", url), {
        method: "POST",
        headers: { "content-encoding": "gzip" },
        body: gzipSync("x".repeat(bytes)),
      });
      return status;
    };
    expect(await send(BYTES_MAX)).toBe(503);
    await eventually(async () => (await send(900)) === 200);
    await eventually(async () => (await post(url, BYTES_MAX)).status === 200);
  });

  test("give their place back when the sender goes away", async () => {
    const url = await serve();
    const slow = await begin(url, "Content-Length: 1000", "x");
    await eventually(isRefused(url, 1));
    slow.destroy();
    await eventually(async () => (await post(url, BYTES_MAX)).status === 200);
    expect((await post(url, BYTES_MAX)).status).toBe(200);
  });

  test("count by what has come where no length is declared", async () => {
    const url = await serve();
    const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;
    const slow = await begin(url, "Transfer-Encoding: chunked", chunk(900));
    await eventually(isRefused(url, 200));
    expect((await post(url, 100)).status).toBe(200);

    slow.write(chunk(200));
    expect(await statusOf(slow)).toBe("503");
    slow.end("0\r\n\r\n");
    await eventually(async () => (await post(url, BYTES_MAX)).status === 200);
  });

  test("may be any number one after the other", async () => {
    const url = await serve();
    for (let round = 0; round < 20; round += 1) {
      expect((await post(url, BYTES_MAX)).status).toBe(200);
    }
  });
});
