/**
 * The open streams of change notices, one for each window of the page. They never end by themselves,
 * so whoever stops the server closes them first; otherwise it would wait for them.
 */
import type { ServerResponse } from "node:http";
import type { Changes } from "./changes.ts";
import { answerJson } from "./http-exchange.ts";

const HEARTBEAT_MS = 15_000;

export interface NoticeStreams {
  /** Answers with the notices for one person, until the window or the server is closed. */
  readonly open: (response: ServerResponse, userId: string) => void;
  /** Ends them all; from now on `open` refuses, since windows come back at once. */
  readonly close: () => void;
}

export function createNoticeStreams(changes: Pick<Changes, "listen">): NoticeStreams {
  const streams = new Set<ServerResponse>();
  let isClosed = false;
  return {
    open: (response, userId) => {
      if (isClosed) {
        answerJson(response, { error: "the sandbox is stopping" }, { status: 503 });
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": listening\n\n");
      const stop = changes.listen(userId, (notice) => {
        response.write(`data: ${JSON.stringify(notice)}\n\n`);
      });
      const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS);
      heartbeat.unref();
      streams.add(response);
      response.on("close", () => {
        stop();
        clearInterval(heartbeat);
        streams.delete(response);
      });
    },
    close: () => {
      isClosed = true;
      for (const response of streams) response.end();
    },
  };
}
