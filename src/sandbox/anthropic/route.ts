/**
 * What a path of the stand-in is: who may call it, with which headers, and what it answers. Each
 * part of Anthropic's Admin API is a list of these.
 */
import type { Instant } from "../../domain/time.ts";
import type { AdminError } from "./errors.ts";

export type OrganizationKind = "console" | "enterprise";

export interface Asked {
  readonly query: URLSearchParams;
  /** The groups of the route's path. */
  readonly parts: readonly string[];
  /** Parsed JSON of the body; undefined: there was none. */
  readonly body: unknown;
  readonly betas: readonly string[];
  readonly version: string;
  readonly now: Instant;
}

export type Outcome = { readonly kind: "ok"; readonly body: object } | AdminError;

export interface AdminRoute {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  /** Kinds of organizations that have it. Absent: both. */
  readonly kind?: OrganizationKind;
  /** What a key of an Enterprise organization needs; Console keys may do everything. */
  readonly scope?: string;
  /** Versions under which its answers are documented. Absent: every version that there is. */
  readonly versions?: readonly string[];
  readonly beta?: string;
  readonly answer: (asked: Asked) => Outcome;
}

export function ok(body: object): Outcome {
  return { kind: "ok", body };
}
