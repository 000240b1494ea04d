/** Which digests there are: brought up to date with governance, with what people chose and where they are. */
import type { Instant } from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { listTeams, loadOrganization } from "../../organization/index.ts";
import { type DigestChanges, type DigestRule, digestChanges, planDigests } from "../rules/plan.ts";
import { deleteDigests, listDigests, upsertDigests } from "../store/digests.ts";
import { listReaders, listRules, lockPlan, replaceRules } from "../store/plan.ts";

/**
 * What governance says of digests. One that stays keeps its slot; one that is said differently goes
 * on where it was, so that no span is told twice.
 */
export async function replaceGovernedDigests(
  sql: Sql,
  rules: readonly DigestRule[],
  now: Instant,
): Promise<void> {
  await lockPlan(sql);
  await replaceRules(sql, rules);
  await saveChanges(sql, await findChanges(sql, now));
}

/** Looks whether people chose or moved since; changes nothing as long as they did not. */
export async function keepPlan(database: Database, now: Instant): Promise<void> {
  const { removed, upserted } = await findChanges(database, now);
  if (removed.length + upserted.length === 0) return;
  await inTransaction(database, async (sql) => {
    await lockPlan(sql);
    await saveChanges(sql, await findChanges(sql, now));
  });
}

async function findChanges(sql: Sql, now: Instant): Promise<DigestChanges> {
  const organization = await loadOrganization({ database: sql });
  const rules = await listRules(sql);
  const teams = await listTeams({ database: sql });
  const named = rules.some(({ target }) => target.kind === "each" && target.of === "user");
  const readers = await listReaders(sql, { named });
  return digestChanges(
    planDigests({ rules, teams, readers, organization }),
    await listDigests(sql),
    { now, calendar: organization },
  );
}

async function saveChanges(sql: Sql, { removed, upserted }: DigestChanges): Promise<void> {
  if (removed.length > 0) await deleteDigests(sql, removed);
  if (upserted.length > 0) await upsertDigests(sql, upserted);
}
