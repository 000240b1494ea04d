/**
 * Budgets of a LiteLLM proxy, as its management API has them: `max_budget` of users, teams, keys and
 * shared budgets. Each request is sent once; what a lost answer left behind, the next reading tells.
 * Amounts are JSON numbers there: whole micro-dollars survive them exactly.
 */
import { z } from "zod";
import type { CallOutcome, LimitReading, LimitTarget } from "../domain/limit.ts";
import { parseUsd, type Usd, usdToDecimal } from "../domain/money.ts";

const TIMEOUT_MS = 20_000;
const BUSY_MS = 30_000;
/** More digits than this a float of any budget does not hold. */
const NUMBER_PLACES = 6;
const ERROR_CHARS_MAX = 300;

export interface LitellmAccess {
  readonly baseUrl: string;
  /** The proxy's master key, or one of a proxy admin. */
  readonly key: string;
  readonly signal: AbortSignal;
}

const limited = z.looseObject({ max_budget: z.number().nullish() });

/** Where each kind is read and written, and where its budget stands in the answer. */
const KINDS: Readonly<
  Record<
    string,
    {
      readonly read: (id: string) => { readonly path: string; readonly body?: object };
      readonly shape: z.ZodType<{ readonly max_budget?: number | null | undefined } | undefined>;
      readonly write: { readonly path: string; readonly idField: string };
    }
  >
> = {
  user: {
    read: (id) => ({ path: `/user/info?user_id=${encodeURIComponent(id)}` }),
    shape: z.object({ user_info: limited }).transform((answer) => answer.user_info),
    write: { path: "/user/update", idField: "user_id" },
  },
  team: {
    read: (id) => ({ path: `/team/info?team_id=${encodeURIComponent(id)}` }),
    shape: z.object({ team_info: limited }).transform((answer) => answer.team_info),
    write: { path: "/team/update", idField: "team_id" },
  },
  key: {
    read: (id) => ({ path: `/key/info?key=${encodeURIComponent(id)}` }),
    shape: z.object({ info: limited }).transform((answer) => answer.info),
    write: { path: "/key/update", idField: "key" },
  },
  budget: {
    read: (id) => ({ path: "/budget/info", body: { budgets: [id] } }),
    shape: z.array(limited).transform(([first]) => first),
    write: { path: "/budget/update", idField: "budget_id" },
  },
};

/** What holds for the target; a budget that is not set is unlimited. */
export async function readLitellmBudget(
  access: LitellmAccess,
  { kind, id }: LimitTarget,
): Promise<CallOutcome<LimitReading>> {
  const known = KINDS[kind];
  if (known === undefined) return noSuch(kind, id);
  const { path, body } = known.read(id);
  const outcome = await call(access, path, body);
  if (outcome.kind !== "answer") return outcome;
  const parsed = known.shape.safeParse(outcome.answer);
  if (!parsed.success) {
    return {
      kind: "doubt",
      message: `LiteLLM's ${path.split("?", 1)[0] ?? ""} answered in another shape.`,
    };
  }
  if (parsed.data === undefined) return noSuch(kind, id);
  const { max_budget: budget } = parsed.data;
  if (budget === null || budget === undefined) {
    return { kind: "answer", answer: { effective: undefined, isOwn: false } };
  }
  const effective = usdFromNumber(budget);
  return effective === undefined
    ? { kind: "doubt", message: `LiteLLM says a max_budget of ${String(budget)}.` }
    : { kind: "answer", answer: { effective, isOwn: true } };
}

/** Sets `max_budget`; `amount` undefined takes it away. Nothing else of the object is touched. */
export async function writeLitellmBudget(
  access: LitellmAccess,
  { target, amount }: { readonly target: LimitTarget; readonly amount: Usd | undefined },
): Promise<CallOutcome<unknown>> {
  const known = KINDS[target.kind];
  if (known === undefined) return noSuch(target.kind, target.id);
  return await call(access, known.write.path, {
    [known.write.idField]: target.id,
    max_budget: amount === undefined ? null : Number(usdToDecimal(amount)),
  });
}

/** With a body by POST, else by GET. Never throws for what LiteLLM or the network do. */
async function call(
  { baseUrl, key, signal }: LitellmAccess,
  path: string,
  body?: object,
): Promise<CallOutcome<unknown>> {
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = await response.text();
    if (response.ok) {
      const answer: unknown = JSON.parse(text);
      return { kind: "answer", answer };
    }
    return failureOf(response, text);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return {
      kind: "doubt",
      message: `LiteLLM gave no answer (${reason}). Check LITELLM_BASE_URL.`,
    };
  }
}

function failureOf(response: Response, text: string): CallOutcome<never> {
  const { status } = response;
  const message = `LiteLLM answered ${String(status)}: ${text.slice(0, ERROR_CHARS_MAX)}`;
  if (status === 429) {
    const seconds = Number(response.headers.get("retry-after") ?? "");
    const retryAfterMs = seconds > 0 ? seconds * 1000 : BUSY_MS;
    return { kind: "busy", retryAfterMs, message };
  }
  return status >= 400 && status < 500
    ? { kind: "refused", isMissing: status === 404, message }
    : { kind: "doubt", message };
}

function noSuch(kind: string, id: string): CallOutcome<never> {
  return { kind: "refused", isMissing: true, message: `LiteLLM has no ${kind} ${id}.` };
}

/** The decimal that the number stands for, to the micro-dollar. */
function usdFromNumber(value: number): Usd | undefined {
  return Number.isFinite(value) && value >= 0 ? parseUsd(value.toFixed(NUMBER_PLACES)) : undefined;
}
