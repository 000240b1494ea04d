/** Ingest, the SQL that tells whether what it remembers still holds. Reads only. */
import type { Sql } from "../../../store/database.ts";

/**
 * Which governance is in force. Rules, discounts and memberships change only together with it, so
 * that what was loaded stays right until this number changes.
 */
export async function loadGovernanceVersion(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ version: number }>(
    `select coalesce(max(g.version), 0) as version from governance_documents g`,
  );
  return rows[0]?.version ?? 0;
}
