import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Agent, get, type IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { readConfig } from "../../src/app/config.ts";
import { startProgram } from "../../src/app/program.ts";
import { recordLog } from "../slack/recording-slack.ts";
import { useDatabase } from "../support/database.ts";
import { databaseUrl } from "../support/program.ts";

const db = useDatabase();

test("a connection that is busy when the stop begins, and idle then, does not hold it up", async () => {
  const answering: ServerResponse[] = [];
  const { log, lines } = recordLog();
  const read = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: databaseUrl(db.poolConfig),
    ROLES: "ingest",
  });
  if (read.kind === "problems") throw new Error(read.problems.join("\n"));
  const program = await startProgram({
    config: read.config,
    log,
    mounts: [
      {
        matches: (path) => path === "/slow",
        listener: (_request, response) => answering.push(response),
      },
    ],
  });
  const agent = new Agent({ keepAlive: true });
  const request = get(`${program.url}/slow`, { agent });
  await expect.poll(() => answering.length).toBe(1);

  const stopped = program.stop();
  // The stop waits for this answer; the client keeps its connection afterwards.
  await new Promise((resolve) => setTimeout(resolve, 200));
  answering[0]?.writeHead(200, { connection: "keep-alive", "content-length": "2" }).end("ok");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await stopped;
  agent.destroy();

  expect(lines.map(({ msg }) => msg)).not.toContain("requests cut off");
});
