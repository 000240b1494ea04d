import { describe, expect, test } from "vitest";
import { observeResponse } from "../../src/client/observe-response.ts";

interface Watched {
  readonly response: Response;
  readonly seen: string[];
  /** How many chunks were asked of the origin. */
  readonly asked: () => number;
  readonly cancelled: () => unknown;
}

function watched(
  options: { chunks?: number; failAt?: number; signal?: AbortSignal } = {},
): Watched {
  const { chunks = 5, failAt = -1, signal } = options;
  const seen: string[] = [];
  let asked = 0;
  let cancelled: unknown;
  const body = new ReadableStream(
    {
      pull: (controller) => {
        if (asked === failAt) throw new Error("connection lost");
        if (asked === chunks) {
          controller.close();
          return;
        }
        asked += 1;
        controller.enqueue(new TextEncoder().encode(`chunk ${String(asked)}`));
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  const observer = {
    onChunk: (bytes: Uint8Array) => seen.push(new TextDecoder().decode(bytes)),
    onEnd: () => seen.push("end"),
  };
  const origin = new Response(body, { status: 201, headers: { "x-one": "1" } });
  return {
    response: observeResponse(origin as Response & { body: ReadableStream }, observer, signal),
    seen,
    asked: () => asked,
    cancelled: () => cancelled,
  };
}

describe("an observed response", () => {
  test("is the same to its reader", async () => {
    const { response, seen } = watched({ chunks: 2 });

    expect(response.status).toBe(201);
    expect(response.headers.get("x-one")).toBe("1");
    expect(await response.text()).toBe("chunk 1chunk 2");
    expect(seen).toEqual(["chunk 1", "chunk 2", "end"]);
  });

  test("asks for nothing before its reader does", async () => {
    const { response, seen, asked } = watched();
    const reader = response.body?.getReader();

    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked()).toBe(0);
    await reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked()).toBe(1);
    expect(seen).toEqual(["chunk 1"]);
  });

  test("hands its reader's cancelling on", async () => {
    const { response, seen, cancelled } = watched();
    const reader = response.body?.getReader();
    await reader?.read();

    await reader?.cancel("enough");

    expect(cancelled()).toBe("enough");
    expect(seen).toEqual(["chunk 1", "end"]);
  });

  test("fails with the same error as its origin", async () => {
    const { response, seen } = watched({ failAt: 1 });

    await expect(response.text()).rejects.toThrow("connection lost");

    expect(seen).toEqual(["chunk 1", "end"]);
  });

  test("ends once for its observer, whatever happens together", async () => {
    const abort = new AbortController();
    const { response, seen } = watched({ signal: abort.signal });
    const reader = response.body?.getReader();
    await reader?.read();

    abort.abort();
    await reader?.read();
    await reader?.cancel();

    expect(seen).toEqual(["chunk 1", "end"]);
  });
});
