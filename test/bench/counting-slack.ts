/** A Slack for benchmarks: knows everybody, takes everything, and checks nothing. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const ANSWER_TIMEOUT_MS = 60_000;

export interface CountingSlack {
  readonly apiUrl: string;
  /** Resolves with the body of the answer. */
  readonly expectAnswer: () => {
    readonly responseUrl: string;
    readonly answered: Promise<string>;
  };
  readonly close: () => void;
}

/** Knows everybody, takes every answer, and checks nothing: it must not be what is measured. */
export async function startCountingSlack(): Promise<CountingSlack> {
  const waiting = new Map<string, (body: string) => void>();
  let answers = 0;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const path = request.url ?? "";
    const answered = waiting.get(path);
    if (answered !== undefined) {
      waiting.delete(path);
      response.end("ok");
      answered(body);
      return;
    }
    const fields = new URLSearchParams(body);
    const id = fields.get("user") ?? "";
    const profile = { email: `u${id.slice(1)}@acme.test`, display_name: id };
    const user = { id, team_id: "TBENCH", tz: "Europe/Berlin", profile };
    const posted = { channel: fields.get("channel") ?? "", ts: "1.1" };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ok: true, team_id: "TBENCH", user_id: "UBOT", user, ...posted }));
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${String(address.port)}`;
  return {
    apiUrl: `${origin}/api/`,
    expectAnswer: () => {
      answers += 1;
      const path = `/answers/${String(answers)}`;
      const answered = new Promise<string>((resolve, reject) => {
        waiting.set(path, resolve);
        setTimeout(reject, ANSWER_TIMEOUT_MS, new Error("no answer came")).unref();
      });
      return { responseUrl: origin + path, answered };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
