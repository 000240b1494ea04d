/**
 * Typed requests of the sandbox protocol. A server that is away or that refuses a request becomes a
 * `RequestFailure`; what the bot did wrong is an answer, not a failure.
 */
import { type ChangeNotice, SANDBOX_API, type SandboxRoutes } from "../../slack/protocol.ts";

type PathsOf<Method extends "GET" | "POST"> = {
  [Route in keyof SandboxRoutes]: Route extends `${Method} ${infer Path}` ? Path : never;
}[keyof SandboxRoutes];
type Query<Path extends string> = `GET ${Path}` extends keyof SandboxRoutes
  ? SandboxRoutes[`GET ${Path}`] extends { readonly query: infer Q }
    ? Q
    : object
  : never;
type Body<Path extends string> = `POST ${Path}` extends keyof SandboxRoutes
  ? SandboxRoutes[`POST ${Path}`] extends { readonly body: infer B }
    ? B
    : never
  : never;
type Answer<Route> = Route extends keyof SandboxRoutes ? SandboxRoutes[Route]["answer"] : never;

export interface RequestFailure {
  readonly failure: string;
  /** 0: no answer at all. */
  readonly status: number;
}

/** Asks for what is shown now. */
export async function fetchShown<Path extends PathsOf<"GET">>(
  path: Path,
  query: Query<Path>,
): Promise<Answer<`GET ${Path}`> | RequestFailure> {
  // Every query of the protocol is a flat record of texts.
  const search = new URLSearchParams(query as Readonly<Record<string, string>>);
  return await request(`${path}?${search.toString()}`, { cache: "no-store" });
}

/** Tells what the person did. */
export async function tell<Path extends PathsOf<"POST">>(
  path: Path,
  body: Body<Path>,
): Promise<Answer<`POST ${Path}`> | RequestFailure> {
  return await request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

export function isFailure(answer: object): answer is RequestFailure {
  return "failure" in answer;
}

async function request<T>(path: string, init: RequestInit): Promise<T | RequestFailure> {
  try {
    const response = await fetch(SANDBOX_API + path, init);
    const answer: unknown = await response.json();
    // The server is typed by the same protocol, so its answers are trusted here, once.
    if (response.ok) return answer as T;
    const { error } = answer as { readonly error?: unknown };
    return {
      failure: typeof error === "string" ? error : response.statusText,
      status: response.status,
    };
  } catch {
    return { failure: "The sandbox does not answer.", status: 0 };
  }
}

const RECONNECT_MS = 1_500;

/**
 * Listens to the changes for one person until the returned function is called. A lost connection
 * is taken up again; `onConnected` is called each time, since changes may have been missed.
 */
export function listen(
  user: string,
  on: {
    readonly change: (notice: ChangeNotice) => void;
    readonly connected: () => void;
    readonly lost: () => void;
  },
): () => void {
  let isOver = false;
  let source: EventSource | undefined;
  const connect = (): void => {
    if (isOver) return;
    const events = new EventSource(
      `${SANDBOX_API}/events?${new URLSearchParams({ user }).toString()}`,
    );
    source = events;
    events.addEventListener("open", on.connected);
    events.addEventListener("message", (event: MessageEvent<string>) => {
      on.change(JSON.parse(event.data) as ChangeNotice);
    });
    events.addEventListener("error", () => {
      on.lost();
      // The browser tries again by itself after a broken connection, but not after an HTTP error.
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
    });
  };
  connect();
  return () => {
    isOver = true;
    source?.close();
  };
}
