/** What `/claude-spend digest` was asked: parsing, and who may post one at once. Pure. */
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Digest, DigestInterval } from "../rules.ts";

export interface DigestCommand {
  readonly isSending: boolean;
  /** Empty: nobody named one. */
  readonly scopeText: string;
  /** Undefined: nobody named one. */
  readonly every: DigestInterval | undefined;
}

const INTERVALS: ReadonlyMap<string, DigestInterval> = new Map([
  ["day", "day"],
  ["daily", "day"],
  ["week", "week"],
  ["weekly", "week"],
  ["month", "month"],
  ["monthly", "month"],
]);

/** `[send] [SCOPE] [day|week|month]`, the words around the scope in either order. */
export function parseDigestCommand(text: string): DigestCommand {
  let words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  const isSend = (word: string | undefined): boolean => word?.toLowerCase() === "send";
  const isSending = isSend(words[0]) || isSend(words.at(-1));
  if (isSending) words = isSend(words[0]) ? words.slice(1) : words.slice(0, -1);
  const last = INTERVALS.get(words.at(-1)?.toLowerCase() ?? "");
  if (last !== undefined) {
    return { isSending, scopeText: words.slice(0, -1).join(" "), every: last };
  }
  const first = words.length > 1 ? INTERVALS.get(words[0]?.toLowerCase() ?? "") : undefined;
  const scopeText = (first === undefined ? words : words.slice(1)).join(" ");
  return { isSending, scopeText, every: first };
}

/** How a digest is named in a button, as it would be typed: "team:search week". */
export function formatDigestRef(ref: {
  readonly scope: Scope;
  readonly every: DigestInterval;
}): string {
  return `${formatScope(ref.scope)} ${ref.every}`;
}

/** The digests of a scope, the one of `every` first; of every interval where none is named. */
export function digestsOf(
  digests: readonly Digest[],
  scope: Scope,
  every: DigestInterval | undefined,
): readonly Digest[] {
  return digests
    .filter((digest) => formatScope(digest.scope) === formatScope(scope))
    .filter((digest) => every === undefined || digest.every === every)
    .toSorted((left, right) => ORDER[left.every] - ORDER[right.every]);
}

const ORDER: Readonly<Record<DigestInterval, number>> = { day: 0, week: 1, month: 2 };

/** Channels that governance gives to a scope beside those of its digests. */
export function ownChannel(
  scope: Scope,
  organization: { readonly finopsChannel?: string },
  teams: readonly {
    readonly key: string;
    readonly channel?: string;
    readonly projects: readonly string[];
  }[],
): string | undefined {
  if (scope.kind === "org") return organization.finopsChannel;
  if (scope.kind === "team") return teams.find(({ key }) => key === scope.key)?.channel;
  if (scope.kind === "project") {
    return teams.find(({ projects }) => projects.includes(scope.key))?.channel;
  }
  return undefined;
}
