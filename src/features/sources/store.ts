/** Sources, the SQL. Owns: sources, source_secrets. */
import { v7 as uuid } from "uuid";
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { Source, SourceSecret } from "./rules.ts";

export interface StoredSecret extends SourceSecret {
  readonly source: Source;
  readonly encrypted: Buffer | undefined;
}

export interface SourceOverview extends Source {
  readonly createdAt: Instant;
  /** Of the secrets that count now, the one that was made last is first. */
  readonly secrets: readonly SourceSecret[];
}

/** False when there is, or was, one of that name: events of a removed source keep their name. */
export async function insertSource(sql: Sql, source: Source, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into sources (source, is_trusted, is_trusted_for_people, created_at)
     values ($1, $2, $3, $4)
         on conflict (source) do nothing`,
    [source.name, source.isTrusted, source.isTrustedForPeople !== false, now],
  );
  return rowCount === 1;
}

/** Locks the source, so that two rotations follow each other. */
export async function findSourceForUpdate(sql: Sql, name: string): Promise<Source | undefined> {
  const { rows } = await sql.query<SourceRow>(
    `select s.source, s.is_trusted, s.is_trusted_for_people
       from sources s
      where s.source = $1 and s.removed_at is null
        for update`,
    [name],
  );
  const [row] = rows;
  return row === undefined ? undefined : sourceFromRow(row);
}

/** Also one that was removed: what it sent keeps the trust that it had. */
export async function findSource(sql: Sql, name: string): Promise<Source | undefined> {
  const { rows } = await sql.query<SourceRow>(
    `select s.source, s.is_trusted, s.is_trusted_for_people from sources s where s.source = $1`,
    [name],
  );
  const [row] = rows;
  return row === undefined ? undefined : sourceFromRow(row);
}

/**
 * Adds a secret, or renews it for the source that has it: its encryption and its end. False when
 * it is another source's, for which it counts now.
 */
export async function upsertSecret(
  sql: Sql,
  secret: {
    readonly source: string;
    readonly tokenSha256: Buffer;
    readonly encrypted: Buffer | undefined;
  },
  now: Instant,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into source_secrets as c
            (source_secret_id, source, token_sha256, encrypted_secret, created_at)
     values ($1, $2, $3, $4, $5)
         on conflict (token_sha256) do update
        set source = excluded.source,
            encrypted_secret = excluded.encrypted_secret,
            created_at = excluded.created_at,
            valid_until = null
      where c.source = excluded.source or c.valid_until <= excluded.created_at`,
    [uuid(), secret.source, secret.tokenSha256, secret.encrypted ?? null, now],
  );
  return rowCount === 1;
}

/** Secrets that count for longer stop at `until`. */
export async function endSecrets(sql: Sql, source: string, until: Instant): Promise<void> {
  await sql.query(
    `update source_secrets
        set valid_until = $2
      where source = $1 and (valid_until is null or valid_until > $2)`,
    [source, until],
  );
}

export async function updateRemoved(sql: Sql, source: string, now: Instant): Promise<void> {
  await sql.query(`update sources set removed_at = $2 where source = $1`, [source, now]);
}

interface SourceRow {
  readonly source: string;
  readonly is_trusted: boolean;
  readonly is_trusted_for_people: boolean;
}

function sourceFromRow(row: SourceRow): Source {
  return {
    name: row.source,
    isTrusted: row.is_trusted,
    ...(row.is_trusted_for_people ? {} : { isTrustedForPeople: false }),
  };
}

interface SecretRow extends SourceRow {
  readonly encrypted_secret: Buffer | null;
  readonly valid_until: Date | null;
}

const SECRETS = `select s.source, s.is_trusted, s.is_trusted_for_people, c.encrypted_secret, c.valid_until
       from source_secrets c
       join sources s on s.source = c.source and s.removed_at is null`;

export async function findSecretByHash(
  sql: Sql,
  tokenSha256: Buffer,
): Promise<StoredSecret | undefined> {
  const { rows } = await sql.query<SecretRow>(`${SECRETS} where c.token_sha256 = $1`, [
    tokenSha256,
  ]);
  return rows[0] === undefined ? undefined : secretFromRow(rows[0]);
}

export async function listSecrets(sql: Sql, source: string): Promise<StoredSecret[]> {
  const { rows } = await sql.query<SecretRow>(
    `${SECRETS} where c.source = $1 order by c.created_at desc`,
    [source],
  );
  return rows.map(secretFromRow);
}

export async function listSources(sql: Sql): Promise<(Source & { readonly createdAt: Instant })[]> {
  const { rows } = await sql.query<SourceRow & { readonly created_at: Date }>(
    `select s.source, s.is_trusted, s.is_trusted_for_people, s.created_at
       from sources s
      where s.removed_at is null
      order by s.source`,
  );
  return rows.map((row) => ({ ...sourceFromRow(row), createdAt: instant(row.created_at) }));
}

function secretFromRow(row: SecretRow): StoredSecret {
  return {
    source: sourceFromRow(row),
    encrypted: row.encrypted_secret ?? undefined,
    validUntil: row.valid_until === null ? undefined : instant(row.valid_until),
  };
}
