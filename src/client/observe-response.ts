/**
 * A response whose body passes by an observer: same bytes, same chunks, same errors, and nothing is
 * read before the reader asks for it. (`Response.clone()` would read on for a slow reader and keep
 * what it has not asked for; it would also keep a download alive that the reader gave up.)
 */

export interface BodyObserver {
  /** Sees a chunk before the reader gets it. Must not throw or change it. */
  readonly onChunk: (bytes: Uint8Array) => void;
  /** Called once: the body has ended, failed, or nobody wants the rest. Must not throw. */
  readonly onEnd: () => void;
}

/** The same response for the reader. `signal`: what the caller aborts the request with. */
export function observeResponse(
  response: Response & { readonly body: ReadableStream },
  observer: BodyObserver,
  signal: AbortSignal | undefined,
): Response {
  const reader: ReadableStreamDefaultReader<unknown> = response.body.getReader();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    signal?.removeEventListener("abort", end);
    observer.onEnd();
  };
  // Who aborts and reads no further would otherwise not be noticed.
  signal?.addEventListener("abort", end, { once: true });

  const body = new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const read = await reader.read();
          if (read.done) {
            end();
            controller.close();
            return;
          }
          if (!isOver && read.value instanceof Uint8Array) observer.onChunk(read.value);
          controller.enqueue(read.value);
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: async (reason) => {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const { status, statusText, headers, url } = response;
  const observed = new Response(body, { status, statusText, headers });
  return Object.defineProperty(observed, "url", { value: url });
}
