/** Sources, the SQL of which source counts for a workspace or key. Owns: metering_designations. */
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { MeteringDesignation, MeteringMatch } from "../rules.ts";

/** Who made a designation, and who may end it. */
export type MeteringManager = "governance" | "command";

export interface StoredDesignation extends MeteringDesignation {
  readonly id: string;
  readonly managedBy: MeteringManager;
}

/** All there ever were, the oldest first: usage of the past is judged by what held then. */
export async function listMeteringDesignations(sql: Sql): Promise<StoredDesignation[]> {
  const { rows } = await sql.query<{
    readonly metering_designation_id: string;
    readonly workspace_id: string | null;
    readonly api_key_id: string | null;
    readonly source: string;
    readonly managed_by: MeteringManager;
    readonly valid_from: Date;
    readonly valid_until: Date | null;
  }>(
    `select m.metering_designation_id, m.workspace_id, m.api_key_id, m.source, m.managed_by,
            m.valid_from, m.valid_until
       from metering_designations m
      order by m.metering_designation_id`,
  );
  return rows.map((row) => ({
    id: row.metering_designation_id,
    match:
      row.api_key_id === null
        ? { workspaceId: row.workspace_id ?? "" }
        : { apiKeyId: row.api_key_id },
    source: row.source,
    managedBy: row.managed_by,
    validFrom: instant(row.valid_from),
    validUntil: row.valid_until === null ? undefined : instant(row.valid_until),
  }));
}

/** One changer at a time, until the transaction ends. */
export async function lockMeteringDesignations(sql: Sql): Promise<void> {
  await sql.query(`lock table metering_designations in share row exclusive mode`);
}

export async function insertMeteringDesignation(
  sql: Sql,
  designation: {
    readonly match: MeteringMatch;
    readonly source: string;
    readonly managedBy: MeteringManager;
  },
  validFrom: Instant,
): Promise<void> {
  const { match } = designation;
  await sql.query(
    `insert into metering_designations (workspace_id, api_key_id, source, managed_by, valid_from)
     values ($1, $2, $3, $4, $5)`,
    [
      "workspaceId" in match ? match.workspaceId : null,
      "apiKeyId" in match ? match.apiKeyId : null,
      designation.source,
      designation.managedBy,
      validFrom,
    ],
  );
}

/** From `now` on they hold no more. */
export async function endMeteringDesignations(
  sql: Sql,
  ids: readonly string[],
  now: Instant,
): Promise<void> {
  await sql.query(
    `update metering_designations
        set valid_until = greatest($2, metering_designations.valid_from)
      where metering_designations.metering_designation_id = any ($1::bigint[])
        and metering_designations.valid_until is null`,
    [ids, now],
  );
}

export async function updateMeteringManager(
  sql: Sql,
  ids: readonly string[],
  managedBy: MeteringManager,
): Promise<void> {
  await sql.query(
    `update metering_designations
        set managed_by = $2
      where metering_designations.metering_designation_id = any ($1::bigint[])`,
    [ids, managedBy],
  );
}
