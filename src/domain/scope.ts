/**
 * What a budget, a report or a request covers. Written `org`, `team:search`, `user:a@b.c`,
 * `tag:env=prod`; budgets may also say `each:user` for one budget a member.
 */
import { assert } from "./assert.ts";
import { parseEmail } from "./email.ts";
import type { Instant } from "./time.ts";

export const SCOPE_KINDS = [
  "org",
  "team",
  "project",
  "user",
  "api_key",
  "workspace",
  "model",
  "tag",
] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** `key` is empty for `org`; `name=value` for tags; lower-case for users. */
export interface Scope {
  readonly kind: ScopeKind;
  readonly key: string;
}

export const EACH_KINDS = ["team", "user", "project", "api_key"] as const;
export type EachKind = (typeof EACH_KINDS)[number];

export const ORG_SCOPE: Scope = { kind: "org", key: "" };

export function parseScope(text: string): Scope | undefined {
  const trimmed = text.trim();
  if (trimmed === "org") return ORG_SCOPE;
  const colon = trimmed.indexOf(":");
  if (colon < 1) return undefined;
  const kind = SCOPE_KINDS.find((known) => known === trimmed.slice(0, colon));
  const key = trimmed.slice(colon + 1).trim();
  // Postgres refuses a NUL in any text, so nothing can be called so.
  if (kind === undefined || kind === "org" || key === "" || key.includes("\0")) return undefined;
  if (kind === "tag" && !/^[^=]+=.+$/.test(key)) return undefined;
  return { kind, key: kind === "user" ? key.toLowerCase() : key };
}

/** For scopes that our own database stored. */
export function scopeFrom(text: string): Scope {
  const scope = parseScope(text);
  assert(scope !== undefined, `not a scope: ${text}`);
  return scope;
}

export function formatScope(scope: Scope): string {
  return scope.kind === "org" ? "org" : `${scope.kind}:${scope.key}`;
}

/** Words that mean something else where a team's key could stand: verbs of the command, "me". */
const TAKEN_WORDS: ReadonlySet<string> = new Set([
  "me",
  "org",
  "organization",
  "organisation",
  "ask",
  "audit",
  "budget",
  "delegate",
  "digest",
  "forecast",
  "governance",
  "help",
  "link",
  "plan",
  "raise",
  "set",
  "settings",
  "setup",
  "top",
  "unallocated",
  "why",
]);

/**
 * A scope as people type it after a command: a team by its key, a person by their address, whoever
 * asks as "me". With its kind where the bare word could mean something else.
 */
export function typedScope(scope: Scope, asker?: string): string {
  switch (scope.kind) {
    case "team":
      return /^[a-z0-9][\w./-]*$/i.test(scope.key) && !TAKEN_WORDS.has(scope.key.toLowerCase())
        ? scope.key
        : formatScope(scope);
    case "user":
      if (scope.key === asker) return "me";
      return parseEmail(scope.key) === undefined ? formatScope(scope) : scope.key;
    case "org":
    case "project":
    case "api_key":
    case "workspace":
    case "model":
    case "tag":
      return formatScope(scope);
  }
}

/** A scope as people call it, and as they would type it. */
export interface ScopeOption {
  readonly name: string;
  readonly typed: string;
}

/** Why a name leads nowhere, and what to offer: only what the person who typed it may see. */
export type ScopeRefusal =
  | {
      readonly kind: "unknown-scope";
      readonly text: string;
      /** What was probably meant; when it means several things, these. */
      readonly nearest: readonly ScopeOption[];
      readonly isAmbiguous: boolean;
      readonly viewable: readonly ScopeOption[];
    }
  | {
      readonly kind: "not-allowed";
      /** As it was typed. */
      readonly text: string;
      readonly viewable: readonly ScopeOption[];
      /** It could be shown from then on: what was before belongs to another team. */
      readonly elsewhereUntil?: Instant;
    };
