/** Ingest, the SQL that tells whether what it remembers still holds. Reads only. */
import type { Sql } from "../../../store/database.ts";

/**
 * Which governance and prices are in force. Rules, discounts, memberships and metering sources
 * change only together with them, so that what was loaded stays right until this text changes.
 */
export async function loadGovernanceVersion(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ version: string }>(GOVERNANCE_VERSION);
  return rows[0]?.version ?? "";
}

// Metering sources, prices and identities change by command, too: added once, ended once.
export const GOVERNANCE_VERSION = `select concat_ws('.',
              (select coalesce(max(g.version), 0) from governance_documents g),
              (select count(*) + count(m.valid_until) from metering_designations m),
              (select coalesce(max(p.price_number), 0) from prices p),
              (select count(*) + count(i.valid_until) from person_identities i)) as version`;
