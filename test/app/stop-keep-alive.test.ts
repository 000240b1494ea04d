import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Agent, get, type IncomingMessage } from "node:http";
import { pino } from "pino";
import { expect, test } from "vitest";
import { readConfig } from "../../src/app/config.ts";
import { startProgram } from "../../src/app/program.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();

test("a connection that is busy when the stop begins, and idle then, does not hold it up", async () => {
  const answering: ServerResponse[] = [];
  const read = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: databaseUrl(db.poolConfig),
    ROLES: "ingest",
  });
  if (read.kind === "problems") throw new Error(read.problems.join("\n"));
  const program = await startProgram({
    config: read.config,
    log: pino({ level: "silent" }),
    mounts: [
      {
        matches: (path) => path === "/slow",
        listener: (_request, response) => answering.push(response),
      },
    ],
  });
  const agent = new Agent({ keepAlive: true });
  const request = get(`${program.url}/slow`, { agent });
  while (answering.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));

  const startedAt = performance.now();
  const stopped = program.stop();
  // The stop waits for this answer; the client keeps its connection afterwards.
  await new Promise((resolve) => setTimeout(resolve, 200));
  answering[0]?.writeHead(200, { connection: "keep-alive", "content-length": "2" }).end("ok");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await stopped;
  agent.destroy();

  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
