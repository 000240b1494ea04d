/** How much drift is borne, in SQL. Owns: reconciliation_settings. */
import type { Sql } from "../../../store/database.ts";
import { DRIFT_SHARE_DEFAULT, parseShare } from "../rules.ts";

/** Parts of the bill in a million above which drift is an alert. */
export async function loadDriftShare(sql: Sql): Promise<bigint> {
  const { rows } = await sql.query<{ percent: string }>(
    `select s.drift_percent::text as percent from reconciliation_settings s`,
  );
  const percent = rows[0]?.percent;
  return (percent === undefined ? undefined : parseShare(percent)) ?? DRIFT_SHARE_DEFAULT;
}

/** Makes it the only one; undefined: the default counts. */
export async function replaceDriftPercent(sql: Sql, percent: string | undefined): Promise<void> {
  await sql.query(`delete from reconciliation_settings`);
  if (percent === undefined) return;
  await sql.query(`insert into reconciliation_settings (drift_percent) values ($1)`, [percent]);
}
