/** What teams and keys are called and which addresses are programs', for messages. Looks only. */
import type { Scope } from "../../../domain/scope.ts";
import type { Sql } from "../../../store/database.ts";
import { loadListedNames } from "../../directory-sync/index.ts";
import {
  listServiceAccounts,
  listTeams,
  type ServiceAccount,
  type Team,
} from "../../organization/index.ts";

export interface Names {
  readonly teams: readonly Team[];
  readonly serviceAccounts: readonly ServiceAccount[];
  /** A key's own name; its id where none is known. */
  readonly apiKey: (id: string) => string;
}

/** Of those that are told of; nothing is asked where nothing is told. */
export async function loadNames(sql: Sql, told: readonly Scope[]): Promise<Names> {
  if (told.length === 0) return { teams: [], serviceAccounts: [], apiKey: (id) => id };
  const apiKeys = told.flatMap(({ kind, key }) => (kind === "api_key" ? [key] : []));
  return {
    teams: await listTeams({ database: sql }),
    serviceAccounts: await listServiceAccounts(sql),
    apiKey:
      apiKeys.length === 0
        ? (id) => id
        : (await loadListedNames(sql, { workspaces: [], apiKeys })).apiKey,
  };
}
