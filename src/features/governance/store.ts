/** Governance, the SQL. Owns: governance_documents, of which every version ever applied is kept. */
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";

export interface AppliedDocument {
  /** From 1, without gaps. */
  readonly version: number;
  /** The text as it was given. */
  readonly content: string;
  readonly contentSha256: string;
  readonly appliedAt: Instant;
  readonly appliedBy: string;
}

/** Any number that nothing else locks. */
const GOVERNANCE_LOCK = 7_305_101;

/** Waits until no other transaction is applying a document, and keeps others waiting until the end. */
export async function lockGovernance(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock($1)`, [GOVERNANCE_LOCK]);
}

/** The document in force; undefined before the first one. */
export async function findLatestDocument(sql: Sql): Promise<AppliedDocument | undefined> {
  const { rows } = await sql.query<{
    readonly version: number;
    readonly content: string;
    readonly content_sha256: string;
    readonly applied_at: Date;
    readonly applied_by: string;
  }>(
    `select g.version, g.content, g.content_sha256, g.applied_at, g.applied_by
       from governance_documents g
      order by g.version desc
      limit 1`,
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    version: row.version,
    content: row.content,
    contentSha256: row.content_sha256,
    appliedAt: instant(row.applied_at),
    appliedBy: row.applied_by,
  };
}

export async function insertDocument(sql: Sql, document: AppliedDocument): Promise<void> {
  await sql.query(
    `insert into governance_documents (version, content, content_sha256, applied_at, applied_by)
     values ($1, $2, $3, $4, $5)`,
    [
      document.version,
      document.content,
      document.contentSha256,
      document.appliedAt,
      document.appliedBy,
    ],
  );
}
