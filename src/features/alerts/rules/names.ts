/** What people call a scope. Plain text: it is escaped where it is shown. Pure. */
import type { Scope } from "../../../domain/scope.ts";
import type { Directory } from "./recipients.ts";

/** "Search", "project checkout", "ana@acme.test"; the key itself for a team that is unknown. */
export function scopeName(
  scope: Scope,
  directory: {
    readonly organizationName: string;
    readonly teams: readonly Pick<Directory["teams"][number], "key" | "name">[];
  },
): string {
  switch (scope.kind) {
    case "org":
      return directory.organizationName;
    case "team":
      return directory.teams.find((team) => team.key === scope.key)?.name ?? scope.key;
    case "user":
      return scope.key;
    case "api_key":
      return `API key ${scope.key}`;
    case "workspace":
      return `Anthropic workspace ${scope.key}`;
    case "project":
    case "model":
    case "tag":
      return `${scope.kind} ${scope.key}`;
  }
}
