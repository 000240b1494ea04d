/** What teams are called and which addresses are programs', for messages. Looks only. */
import type { Sql } from "../../../store/database.ts";
import {
  listServiceAccounts,
  listTeams,
  type ServiceAccount,
  type Team,
} from "../../organization/index.ts";

export interface Names {
  readonly teams: readonly Team[];
  readonly serviceAccounts: readonly ServiceAccount[];
}

/** Nothing is asked where nothing is told. */
export async function loadNames(sql: Sql, isTold: boolean): Promise<Names> {
  if (!isTold) return { teams: [], serviceAccounts: [] };
  return {
    teams: await listTeams({ database: sql }),
    serviceAccounts: await listServiceAccounts(sql),
  };
}
