/** A receiver for real exporters: keeps what they send, decompressed, and answers as we answer. */
import { createServer, type Server } from "node:http";
import { gunzipSync } from "node:zlib";
import { type OtlpSignal, otlpAnswer } from "../../src/http/otlp.ts";

export interface ReceivedOtlp {
  readonly signal: OtlpSignal;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly received: readonly ReceivedOtlp[];
  readonly close: () => Promise<void>;
}

const SIGNALS: Readonly<Record<string, OtlpSignal>> = {
  "/otlp/v1/logs": "logs",
  "/otlp/v1/metrics": "metrics",
  "/otlp/v1/traces": "traces",
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: ReceivedOtlp[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const signal = SIGNALS[request.url ?? ""];
      if (signal === undefined) {
        response.writeHead(404).end();
        return;
      }
      const sent = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
      const contentType = request.headers["content-type"];
      received.push({ signal, contentType, body });
      const answer = otlpAnswer({ signal, contentType, rejected: 0 });
      response.writeHead(answer.status, { "content-type": answer.contentType }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return {
    url: `http://127.0.0.1:${String(address.port)}/otlp/v1`,
    received,
    close: () => closed(server),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
