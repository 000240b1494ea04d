/**
 * Which of Anthropic's organizations what is kept here is of. Whoever reads with an admin key asks
 * before anything of an answer is kept. Owns: anthropic_organization.
 */
import { AppError } from "../domain/errors.ts";
import type { Clock, Instant } from "../domain/time.ts";
import type { Sql } from "./database.ts";

/** The organization that an installation is of; undefined: nothing was read yet. */
export async function findAnthropicOrganization(sql: Sql): Promise<string | undefined> {
  const { rows } = await sql.query<{ organization_id: string }>(
    `select o.organization_id from anthropic_organization o`,
  );
  return rows[0]?.organization_id;
}

/** Resolves when an answer may be kept; the first one that asks decides. */
export type RequireOrganization = (organizationId: string) => Promise<void>;

/**
 * Refuses every organization but the first. An answer is known by its organization's id, so each
 * reader looks it up once.
 */
export function organizationGuard(database: Sql, clock: Clock): RequireOrganization {
  let known: string | undefined;
  return async (organizationId) => {
    known ??= await keepFirst(database, { organizationId, now: clock() });
    if (known === organizationId) return;
    throw new AppError({
      code: "conflict",
      message: `ANTHROPIC_ADMIN_KEY is of the organization ${organizationId}, and what is kept here is of ${known}: nothing was read. Use a key of that organization, or another database for the other one.`,
    });
  };
}

async function keepFirst(
  sql: Sql,
  { organizationId, now }: { readonly organizationId: string; readonly now: Instant },
): Promise<string> {
  await sql.query(
    `insert into anthropic_organization (organization_id, first_seen_at)
     values ($1, $2) on conflict do nothing`,
    [organizationId, now],
  );
  return (await findAnthropicOrganization(sql)) ?? organizationId;
}
