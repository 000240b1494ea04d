/**
 * Governance, the step of days that come: who belongs to a team only from a day on, or until one, is
 * let in and out on that day without anybody applying a document. Whose spend is whose follows dates
 * by itself (see allocation); this is about who sees and decides what.
 */
import { inTransaction } from "../../../store/database.ts";
import { replaceOrganization } from "../../organization/index.ts";
import { type GovernanceDeps, governanceOf } from "../flow.ts";
import { nextChangeAfter, teamsAt } from "../rules/ownership.ts";
import * as store from "../store.ts";

/**
 * Makes the teams in force those of now. Call it every minute: what it returns remembers until when
 * nothing changes, so that a minute costs one small query.
 */
export function followDates({
  database,
  clock,
}: Pick<GovernanceDeps, "database" | "clock">): () => Promise<void> {
  let followed: { readonly version: number; readonly until: Date | undefined } | undefined;
  return async () => {
    const now = clock();
    const version = (await store.listVersions(database, { limit: 1 }))[0]?.version;
    if (version === undefined) return;
    const isFollowed =
      followed?.version === version && (followed.until === undefined || now < followed.until);
    if (isFollowed) return;
    followed = await inTransaction(database, async (sql) => {
      await store.lockGovernance(sql);
      const latest = await store.findLatestDocument(sql);
      const governance = governanceOf(latest);
      if (latest === undefined || governance === undefined) return undefined;
      if (governance.teams.some(({ dated }) => dated !== undefined)) {
        await replaceOrganization(sql, { ...governance, teams: teamsAt(governance.teams, now) });
      }
      return { version: latest.version, until: nextChangeAfter(governance.teams, now) };
    });
  };
}
