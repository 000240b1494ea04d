/**
 * A spend limit that another system keeps and enforces: Anthropic, LiteLLM, the Claude apps gateway.
 * Words that those who speak to these systems share with those who decide what to write there.
 */
import type { Usd } from "./money.ts";

const LIMIT_SYSTEMS = ["anthropic", "litellm", "gateway"] as const;
export type LimitSystem = (typeof LIMIT_SYSTEMS)[number];

/** Which kinds of things have a limit of their own in each system. */
const LIMIT_KINDS = {
  anthropic: ["user", "workspace", "organization"],
  litellm: ["user", "team", "key", "budget"],
  gateway: ["user", "rbac_group", "organization"],
} as const satisfies Readonly<Record<LimitSystem, readonly string[]>>;

/** `id` is empty for the organization; for a user it may be an e-mail address still to look up. */
export interface LimitTarget {
  readonly system: LimitSystem;
  readonly kind: string;
  readonly id: string;
}

/** What a system says of a limit. */
export interface LimitReading {
  /** What holds, whoever set it; undefined: unlimited. */
  readonly effective: Usd | undefined;
  /** Whether it is the target's own, or inherited from a group, a tier or the organization. */
  readonly isOwn: boolean;
  /** How the system calls the limit itself, where it has a name: needed to delete it. */
  readonly limitId?: string | undefined;
}

/** How one request to another system ended. Only `answer` and `refused` leave no doubt. */
export type CallOutcome<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer }
  /** It said no: nothing was changed, and asking again gets the same. */
  | { readonly kind: "refused"; readonly isMissing: boolean; readonly message: string }
  /** Not now, and nothing was done. */
  | { readonly kind: "busy"; readonly retryAfterMs: number; readonly message: string }
  /** No answer, or a failure of its own: it may have been done. */
  | { readonly kind: "doubt"; readonly message: string };

/** `anthropic:workspace:wrkspc_01`, `litellm:user` (whose id follows from a budget's member). */
export function parseLimitTarget(text: string): LimitTarget | undefined {
  const match = /^([a-z]+):([a-z_]+)(?::(\S.{0,199}))?$/u.exec(text);
  const [, systemText, kind = "", id = ""] = match ?? [];
  const system = LIMIT_SYSTEMS.find((known) => known === systemText);
  if (system === undefined) return undefined;
  const kinds: readonly string[] = LIMIT_KINDS[system];
  if (!kinds.includes(kind)) return undefined;
  if (kind === "organization" && id !== "") return undefined;
  if (kind !== "organization" && kind !== "user" && id === "") return undefined;
  return { system, kind, id };
}

export function formatLimitTarget({ system, kind, id }: LimitTarget): string {
  return id === "" ? `${system}:${kind}` : `${system}:${kind}:${id}`;
}
