/**
 * Whose budget it is, and what its readers may see: amounts of single people never stand in a
 * team's channel. Pure.
 */
import type { Email } from "../../../domain/email.ts";
import type { Scope, ScopeKind } from "../../../domain/scope.ts";

/** What is needed of the organization to find somebody. */
export interface Directory {
  readonly organizationName: string;
  readonly teams: readonly {
    readonly key: string;
    readonly name: string;
    readonly channel?: string;
    readonly projects: readonly string[];
  }[];
  readonly finopsChannel?: string;
  readonly admins: readonly Email[];
  /** Addresses of programs. */
  readonly serviceAccounts?: readonly string[];
}

/** Whether it is that person's own: they read of "you". Who answers for a program reads its name. */
export function isOwn(
  scope: Scope,
  { serviceAccounts = [] }: Pick<Directory, "serviceAccounts">,
): boolean {
  return scope.kind === "user" && !serviceAccounts.includes(scope.key);
}

/** The team that a scope is, or belongs to. */
export function teamOf(
  scope: Scope,
  { teams }: Pick<Directory, "teams">,
): Directory["teams"][number] | undefined {
  if (scope.kind === "team") return teams.find((team) => team.key === scope.key);
  if (scope.kind === "project") return teams.find((team) => team.projects.includes(scope.key));
  return undefined;
}

export type DriverKind = "team" | "project" | "user" | "model";

/** What an alert breaks spend down by: the finest that everybody who reads it may see. */
export const DRIVER_KIND: Readonly<Record<ScopeKind, DriverKind>> = {
  org: "team",
  team: "project",
  project: "model",
  user: "model",
  model: "user",
  api_key: "user",
  workspace: "user",
  tag: "user",
};
