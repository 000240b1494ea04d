/** People, the SQL of their names. Owns: person_identities. */
import { emailFrom } from "../../domain/email.ts";
import type { ExternalIdentity, IdentityKind } from "../../domain/identity.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { PersonIdentity, Verification } from "./rules.ts";

export interface LinkedIdentity extends PersonIdentity {
  readonly identityId: string;
  readonly verifiedBy: Verification;
  readonly linkedBy: string;
  readonly linkedAt: Instant;
}

interface IdentityRow {
  readonly person_identity_id: string;
  readonly kind: IdentityKind;
  readonly source: string;
  readonly external_id: string;
  readonly person_email: string;
  readonly verified_by: Verification;
  readonly linked_by: string;
  readonly linked_at: Date;
  readonly valid_from: Date | null;
  readonly valid_until: Date | null;
}

const COLUMNS = `i.person_identity_id, i.kind, i.source, i.external_id, i.person_email,
            i.verified_by, i.linked_by, i.linked_at, i.valid_from, i.valid_until`;

/** Every link that ever held, by person. */
export async function listIdentities(sql: Sql): Promise<LinkedIdentity[]> {
  const { rows } = await sql.query<IdentityRow>(
    `select ${COLUMNS}
       from person_identities i
      order by i.person_email, i.kind, i.source, i.external_id, i.valid_from nulls first`,
  );
  return rows.map(identityFromRow);
}

/** The link of a name that holds until further notice. */
export async function findOpenIdentity(
  sql: Sql,
  { kind, source, externalId }: ExternalIdentity,
): Promise<LinkedIdentity | undefined> {
  const { rows } = await sql.query<IdentityRow>(
    `select ${COLUMNS}
       from person_identities i
      where i.kind = $1 and i.source = $2 and i.external_id = $3 and i.valid_until is null`,
    [kind, source, externalId],
  );
  return rows[0] === undefined ? undefined : identityFromRow(rows[0]);
}

/** False when the name is somebody's already at some time of it; two callers never both succeed. */
export async function insertIdentity(
  sql: Sql,
  link: Omit<LinkedIdentity, "until">,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into person_identities
            (person_identity_id, kind, source, external_id, person_email, verified_by, linked_by,
             linked_at, valid_from)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict do nothing`,
    [
      link.identityId,
      link.kind,
      link.source,
      link.externalId,
      link.person,
      link.verifiedBy,
      link.linkedBy,
      link.linkedAt,
      link.from ?? null,
    ],
  );
  return rowCount === 1;
}

/** Ends a link that holds; false when there is none, or it began later. */
export async function endIdentity(
  sql: Sql,
  { kind, source, externalId }: ExternalIdentity,
  { until, endedBy }: { readonly until: Instant; readonly endedBy: string },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update person_identities
        set valid_until = $4, ended_by = $5
      where person_identities.kind = $1 and person_identities.source = $2
        and person_identities.external_id = $3 and person_identities.valid_until is null
        and (person_identities.valid_from is null or person_identities.valid_from < $4)`,
    [kind, source, externalId, until, endedBy],
  );
  return rowCount === 1;
}

function identityFromRow(row: IdentityRow): LinkedIdentity {
  return {
    identityId: row.person_identity_id,
    kind: row.kind,
    source: row.source,
    externalId: row.external_id,
    person: emailFrom(row.person_email),
    verifiedBy: row.verified_by,
    linkedBy: row.linked_by,
    linkedAt: instant(row.linked_at),
    from: row.valid_from === null ? undefined : instant(row.valid_from),
    until: row.valid_until === null ? undefined : instant(row.valid_until),
  };
}
