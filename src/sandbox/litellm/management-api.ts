/**
 * A stand-in for LiteLLM's management API: users, teams, keys and budgets with `max_budget`. As
 * strict as the real one about its key and about what does not exist; stricter about unknown fields,
 * so that a name that is misspelled shows. Faults on demand: an answer that gets lost after the
 * change, an error before it.
 */
import type { IncomingMessage, RequestListener } from "node:http";

export type LitellmKind = "user" | "team" | "key" | "budget";

export interface LitellmSandbox {
  readonly listener: RequestListener;
  /** `max_budget` of each object, null for none; absent: there is no such object. */
  readonly budgets: Map<string, number | null>;
  /** Changes in the order in which they were made. */
  readonly writes: string[];
  /** Order for the next request whose path ends so. */
  readonly fail: (order: LitellmFault) => void;
}

export interface LitellmFault {
  readonly path: string;
  /** `lost`: done, and the connection ends without an answer. `error`: not done, status 500. */
  readonly kind: "lost" | "error" | "busy";
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const OBJECTS: Readonly<
  Record<LitellmKind, { readonly idField: string; readonly isInfoPost?: true }>
> = {
  user: { idField: "user_id" },
  team: { idField: "team_id" },
  key: { idField: "key" },
  budget: { idField: "budget_id", isInfoPost: true },
};

/** `budgets` is keyed `team:search`. Listens under `prefix`. */
export function litellmSandbox(options: {
  readonly prefix: string;
  readonly masterKey: string;
  readonly budgets: Readonly<Record<string, number | null>>;
}): LitellmSandbox {
  const budgets = new Map(Object.entries(options.budgets));
  const writes: string[] = [];
  let faults: readonly LitellmFault[] = [];

  const answer = (request: IncomingMessage, url: URL, text: string): Answer => {
    if (request.headers.authorization !== `Bearer ${options.masterKey}`) {
      return {
        status: 401,
        body: {
          error: {
            message: "Authentication Error, Invalid proxy server token passed.",
            type: "auth_error",
            param: "None",
            code: "401",
          },
        },
      };
    }
    const path = url.pathname.slice(options.prefix.length);
    const [, kindText = "", verb = ""] =
      /^\/(user|team|key|budget)\/(info|update)$/.exec(path) ?? [];
    const kind = isKind(kindText) ? kindText : undefined;
    if (kind === undefined) return { status: 404, body: { detail: "Not Found" } };
    const isPost = verb === "update" || OBJECTS[kind].isInfoPost === true;
    if (request.method !== (isPost ? "POST" : "GET")) {
      return { status: 405, body: { detail: "Method Not Allowed" } };
    }
    const body = isPost ? objectOf(text) : undefined;
    if (isPost && body === undefined) return unprocessable("body", "Input should be an object");
    if (verb === "info") return info(kind, budgets, { url, body });
    return update(kind, { budgets, writes }, body ?? new Map());
  };

  return {
    budgets,
    writes,
    fail: (order) => {
      faults = [...faults, order];
    },
    listener: (request, response) => {
      void (async () => {
        const text = await bodyOf(request);
        const url = new URL(request.url ?? "/", "http://sandbox");
        const fault = faults.find(({ path }) => url.pathname.endsWith(path));
        faults = faults.filter((one) => one !== fault);
        if (fault?.kind === "error" || fault?.kind === "busy") {
          const status = fault.kind === "busy" ? 429 : 500;
          response.writeHead(status, { "retry-after": "1" }).end('{"error":"ordered by a test"}');
          return;
        }
        const { status, body } = answer(request, url, text);
        if (fault?.kind === "lost") {
          response.destroy();
          return;
        }
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      })();
    },
  };
}

function info(
  kind: LitellmKind,
  budgets: ReadonlyMap<string, number | null>,
  { url, body }: { readonly url: URL; readonly body: ReadonlyMap<string, unknown> | undefined },
): Answer {
  const { idField } = OBJECTS[kind];
  if (kind === "budget") {
    const ids = body?.get("budgets");
    if (!Array.isArray(ids)) return unprocessable("budgets", "Field required");
    return {
      status: 200,
      body: ids.flatMap((id) => {
        const budget = budgets.get(`budget:${String(id)}`);
        return budget === undefined ? [] : [{ budget_id: String(id), max_budget: budget }];
      }),
    };
  }
  const id = url.searchParams.get(idField);
  if (id === null) return unprocessable(idField, "Field required");
  const budget = budgets.get(`${kind}:${id}`);
  if (budget === undefined) return notFound(kind, id);
  const object = { [idField]: id, max_budget: budget, spend: 0, budget_duration: "30d" };
  if (kind === "key") return { status: 200, body: { key: id, info: object } };
  return { status: 200, body: { [idField]: id, [`${kind}_info`]: object, keys: [] } };
}

function update(
  kind: LitellmKind,
  state: { readonly budgets: Map<string, number | null>; readonly writes: string[] },
  body: ReadonlyMap<string, unknown>,
): Answer {
  const { idField } = OBJECTS[kind];
  const extra = [...body.keys()].find((name) => name !== idField && name !== "max_budget");
  if (extra !== undefined) return unprocessable(extra, "Extra inputs are not permitted");
  const id = body.get(idField);
  if (typeof id !== "string") return unprocessable(idField, "Input should be a valid string");
  const budget = body.get("max_budget");
  const isBudget = budget === null || (typeof budget === "number" && budget >= 0);
  if (!isBudget) return unprocessable("max_budget", "Input should be a valid number");
  if (!state.budgets.has(`${kind}:${id}`)) return notFound(kind, id);
  state.budgets.set(`${kind}:${id}`, budget);
  state.writes.push(`${kind}:${id} ${String(budget)}`);
  return { status: 200, body: { [idField]: id, data: { max_budget: budget } } };
}

function notFound(kind: LitellmKind, id: string): Answer {
  return { status: 404, body: { detail: { error: `${kind} not found, passed id: ${id}` } } };
}

function unprocessable(field: string, message: string): Answer {
  return { status: 422, body: { detail: [{ loc: ["body", field], msg: message }] } };
}

function isKind(text: string): text is LitellmKind {
  return Object.hasOwn(OBJECTS, text);
}

function objectOf(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? new Map(Object.entries(parsed))
      : undefined;
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text;
}
