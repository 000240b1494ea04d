/** People, the SQL of claims that wait for whoever can confirm them. Owns: identity_claims. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import type { ExternalIdentity, IdentityKind } from "../../../domain/identity.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

export interface IdentityClaim extends ExternalIdentity {
  readonly claimId: string;
  /** Who says that it is theirs. */
  readonly person: Email;
  readonly confirmer: Email;
}

/** False when the same claim is open already. */
export async function insertClaim(
  sql: Sql,
  claim: IdentityClaim,
  { now, expiresAt }: { readonly now: Instant; readonly expiresAt: Instant },
): Promise<boolean> {
  // Who claims again after the time is over is asked about again.
  await sql.query(
    `delete from identity_claims
      where identity_claims.decided_at is null and identity_claims.expires_at <= $1`,
    [now],
  );
  const { rowCount } = await sql.query(
    `insert into identity_claims
            (identity_claim_id, kind, source, external_id, person_email, confirmer_email,
             claimed_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing`,
    [
      claim.claimId,
      claim.kind,
      claim.source,
      claim.externalId,
      claim.person,
      claim.confirmer,
      now,
      expiresAt,
    ],
  );
  return rowCount === 1;
}

/**
 * Decides an open claim, once: of two clicks one gets it. Undefined when it is decided, over, or
 * not for `confirmer` to decide.
 */
export async function decideOpenClaim(
  sql: Sql,
  decision: {
    readonly claimId: string;
    readonly confirmer: Email;
    readonly isConfirmed: boolean;
    readonly now: Instant;
  },
): Promise<IdentityClaim | undefined> {
  const { rows } = await sql.query<{
    readonly identity_claim_id: string;
    readonly kind: IdentityKind;
    readonly source: string;
    readonly external_id: string;
    readonly person_email: string;
    readonly confirmer_email: string;
  }>(
    `update identity_claims
        set decided_at = $4, is_confirmed = $3
      where identity_claims.identity_claim_id = $1 and identity_claims.confirmer_email = $2
        and identity_claims.decided_at is null and identity_claims.expires_at > $4
  returning identity_claims.identity_claim_id, identity_claims.kind, identity_claims.source,
            identity_claims.external_id, identity_claims.person_email,
            identity_claims.confirmer_email`,
    [decision.claimId, decision.confirmer, decision.isConfirmed, decision.now],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    claimId: row.identity_claim_id,
    kind: row.kind,
    source: row.source,
    externalId: row.external_id,
    person: emailFrom(row.person_email),
    confirmer: emailFrom(row.confirmer_email),
  };
}
