/** The smallest possible bot: keeps what Slack delivers, answers what the test says. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The JSON of `payload` for interactions, of the body for events, the fields of a command. */
  readonly payload: Record<string, unknown>;
}

export interface Answered {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
}

/** Starts one that stops after the test. */
export function useReceiver(): (
  answer?: (received: Received, nth: number) => Answered,
) => Promise<Receiver> {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });
  return async (answer = () => ({})) => {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const isJson = request.headers["content-type"] === "application/json";
        const form = Object.fromEntries(new URLSearchParams(body));
        const json = isJson ? body : form["payload"];
        const payload = (json === undefined ? form : JSON.parse(json)) as Record<string, unknown>;
        const one = { headers: request.headers, body, payload };
        received.push(one);
        const { status = 200, headers = {}, body: reply } = answer(one, received.length);
        const type = typeof reply === "string" ? "text/plain" : "application/json";
        response.writeHead(status, {
          ...(reply === undefined ? {} : { "content-type": type }),
          ...headers,
        });
        response.end(
          typeof reply === "string" || reply === undefined ? reply : JSON.stringify(reply),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return {
      url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/slack/events`,
      received,
    };
  };
}
