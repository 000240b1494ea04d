/** Directory sync, the SQL of what ids are called. Reads only. */
import type { Sql } from "../../../store/database.ts";

/** Names by id; what has none is called by its id. */
export interface ListedNames {
  readonly workspace: (id: string) => string;
  readonly apiKey: (id: string) => string;
}

/** Names of these workspaces and keys; the end of the id tells equal names apart. */
export async function loadListedNames(
  sql: Sql,
  ids: { readonly workspaces: readonly string[]; readonly apiKeys: readonly string[] },
): Promise<ListedNames> {
  const { rows } = await sql.query<{
    readonly kind: "workspace" | "api_key";
    readonly id: string;
    readonly name: string;
  }>(
    `select 'workspace' as kind, w.workspace_id as id, w.name
       from synced_workspaces w
      where w.workspace_id = any($1::text[])
      union all
     select 'api_key', k.api_key_id, k.name
       from synced_api_keys k
      where k.api_key_id = any($2::text[])`,
    [ids.workspaces, ids.apiKeys],
  );
  const names = new Map(rows.map((row) => [`${row.kind}:${row.id}`, row.name]));
  const called = (kind: "workspace" | "api_key", id: string): string => {
    const name = names.get(`${kind}:${id}`);
    return name === undefined ? id : `${name} (…${id.slice(-4)})`;
  };
  return {
    workspace: (id) => called("workspace", id),
    apiKey: (id) => called("api_key", id),
  };
}
