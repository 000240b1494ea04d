/** A tiny ingest endpoint: checks signatures as the format's own library does, and keeps what came. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach } from "vitest";

export const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

export interface Delivery {
  readonly messageId: string;
  readonly eventIds: readonly string[];
}

export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object }
  | "hang-up";

export interface UsageServer {
  readonly url: string;
  /** In order of arrival, also those that were turned away. */
  readonly deliveries: Delivery[];
  readonly inFlightMax: () => number;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Starts one. `answerTo` may turn a delivery away; undefined: accept it. Closed after the test. */
export async function startUsageServer(
  answerTo: (delivery: Delivery, number: number) => Answer | undefined = () => undefined,
): Promise<UsageServer> {
  const deliveries: Delivery[] = [];
  const seen = new Set<string>();
  let inFlight = 0;
  let inFlightMax = 0;
  const server = createServer((request, response) => {
    inFlight += 1;
    inFlightMax = Math.max(inFlightMax, inFlight);
    response.on("close", () => {
      inFlight -= 1;
    });
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      let events: { readonly event_id: string }[];
      try {
        events = new Webhook(SECRET).verify(raw, request.headers as Record<string, string>) as {
          readonly event_id: string;
        }[];
      } catch (error) {
        reply(response, { status: 401, body: { error: { message: String(error) } } });
        return;
      }
      const delivery = {
        messageId: String(request.headers["webhook-id"]),
        eventIds: events.map((event) => event.event_id),
      };
      deliveries.push(delivery);
      const answer = answerTo(delivery, deliveries.length);
      if (answer === "hang-up") {
        request.socket.destroy();
        return;
      }
      if (answer !== undefined) {
        reply(response, answer);
        return;
      }
      const fresh = delivery.eventIds.filter((id) => !seen.has(id));
      for (const id of fresh) seen.add(id);
      const duplicates = delivery.eventIds.length - fresh.length;
      const body = { accepted: fresh.length, duplicates, rejected: [] };
      setTimeout(() => reply(response, { status: 202, body }), 5);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/v1/usage`,
    deliveries,
    inFlightMax: () => inFlightMax,
  };
}

function reply(response: ServerResponse, answer: Exclude<Answer, "hang-up">): void {
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(JSON.stringify(answer.body ?? {}));
}
