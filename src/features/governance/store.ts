/**
 * Governance, the SQL. Owns: governance_documents, of which every version ever applied is kept, and
 * governance_file.
 */
import { z } from "zod";
import { type Instant, instant } from "../../domain/time.ts";
import type { AuditOrigin } from "../../store/audit-origin.ts";
import type { Sql } from "../../store/database.ts";

/** From where a version came; undefined for what the program did by itself, and for old ones. */
export type DocumentOrigin = AuditOrigin | { readonly via: "file" };

export interface DocumentVersion {
  /** From 1, without gaps. */
  readonly version: number;
  readonly appliedAt: Instant;
  /** A person's address, or what applied it: "api", "command line", "GOVERNANCE_FILE". */
  readonly appliedBy: string;
  readonly origin: DocumentOrigin | undefined;
  /** Against the version before, a line each; undefined for versions of before they were kept. */
  readonly changes: readonly string[] | undefined;
  /** The earlier version whose text this one has again. */
  readonly restoredVersion: number | undefined;
}

export interface AppliedDocument extends DocumentVersion {
  /** The text as it was given. */
  readonly content: string;
  readonly contentSha256: string;
}

/** Any number that nothing else locks. */
const GOVERNANCE_LOCK = 7_305_101;

/** Waits until no other transaction is applying a document, and keeps others waiting until the end. */
export async function lockGovernance(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock($1)`, [GOVERNANCE_LOCK]);
}

interface VersionRow {
  readonly version: number;
  readonly applied_at: Date;
  readonly applied_by: string;
  readonly origin: unknown;
  readonly changes: string[] | null;
  readonly restored_version: number | null;
}

interface DocumentRow extends VersionRow {
  readonly content: string;
  readonly content_sha256: string;
}

const VERSION_COLUMNS = `g.version, g.applied_at, g.applied_by, g.origin, g.changes, g.restored_version`;
const DOCUMENT_COLUMNS = `${VERSION_COLUMNS}, g.content, g.content_sha256`;

/** The document in force; undefined before the first one. */
export async function findLatestDocument(sql: Sql): Promise<AppliedDocument | undefined> {
  const { rows } = await sql.query<DocumentRow>(
    `select ${DOCUMENT_COLUMNS}
       from governance_documents g
      order by g.version desc
      limit 1`,
  );
  return rows[0] === undefined ? undefined : documentFromRow(rows[0]);
}

export async function findDocument(
  sql: Sql,
  version: number,
): Promise<AppliedDocument | undefined> {
  const { rows } = await sql.query<DocumentRow>(
    `select ${DOCUMENT_COLUMNS} from governance_documents g where g.version = $1`,
    [version],
  );
  return rows[0] === undefined ? undefined : documentFromRow(rows[0]);
}

/** Versions before `before` (undefined: from the newest) and after `after`, newest first. */
export async function listVersions(
  sql: Sql,
  {
    before,
    after = 0,
    limit,
  }: {
    readonly before?: number | undefined;
    readonly after?: number;
    readonly limit: number;
  },
): Promise<readonly DocumentVersion[]> {
  const { rows } = await sql.query<VersionRow>(
    `select ${VERSION_COLUMNS}
       from governance_documents g
      where ($1::integer is null or g.version < $1) and g.version > $2
      order by g.version desc
      limit $3`,
    [before ?? null, after, limit],
  );
  return rows.map(versionFromRow);
}

export async function insertDocument(sql: Sql, document: AppliedDocument): Promise<void> {
  await sql.query(
    `insert into governance_documents
            (version, content, content_sha256, applied_at, applied_by, origin, changes,
             restored_version)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      document.version,
      document.content,
      document.contentSha256,
      document.appliedAt,
      document.appliedBy,
      document.origin === undefined ? null : JSON.stringify(document.origin),
      document.changes ?? null,
      document.restoredVersion ?? null,
    ],
  );
}

/** What the governance file said when it was in force last. */
export interface SeenFile {
  readonly contentSha256: string;
  /** The version in force then. */
  readonly version: number;
}

export async function findSeenFile(sql: Sql): Promise<SeenFile | undefined> {
  const { rows } = await sql.query<{ content_sha256: string; version: number }>(
    `select f.content_sha256, f.version from governance_file f`,
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { contentSha256: row.content_sha256, version: row.version };
}

/** The newest version that came from there. */
export async function findLatestBy(sql: Sql, appliedBy: string): Promise<SeenFile | undefined> {
  const { rows } = await sql.query<{ content_sha256: string; version: number }>(
    `select g.content_sha256, g.version
       from governance_documents g
      where g.applied_by = $1
      order by g.version desc
      limit 1`,
    [appliedBy],
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { contentSha256: row.content_sha256, version: row.version };
}

export async function upsertSeenFile(sql: Sql, file: SeenFile, at: Instant): Promise<void> {
  await sql.query(
    `insert into governance_file (content_sha256, version, seen_at)
     values ($1, $2, $3)
         on conflict (only_row) do update
        set content_sha256 = excluded.content_sha256, version = excluded.version,
            seen_at = excluded.seen_at`,
    [file.contentSha256, file.version, at],
  );
}

const storedOrigin = z.discriminatedUnion("via", [
  z.object({ via: z.literal("file") }),
  z.object({
    via: z.literal("slack"),
    surface: z.string(),
    slack_user_id: z.string(),
    slack_team_id: z.string(),
    channel: z.string().optional(),
    message_ts: z.string().optional(),
  }),
  z.object({
    via: z.literal("api"),
    route: z.string(),
    request_id: z.string(),
    token: z.string().optional(),
  }),
  z.object({ via: z.literal("cli"), command: z.string(), user: z.string() }),
]);

function versionFromRow(row: VersionRow): DocumentVersion {
  const origin = storedOrigin.safeParse(row.origin);
  return {
    version: row.version,
    appliedAt: instant(row.applied_at),
    appliedBy: row.applied_by,
    origin: origin.success ? origin.data : undefined,
    changes: row.changes ?? undefined,
    restoredVersion: row.restored_version ?? undefined,
  };
}

function documentFromRow(row: DocumentRow): AppliedDocument {
  return { ...versionFromRow(row), content: row.content, contentSha256: row.content_sha256 };
}
