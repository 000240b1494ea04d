/** Whether all usage is of the Anthropic organization whose reports and lists are read here. */
import { addMs, DAY_MS, type Instant } from "../domain/time.ts";
import { findAnthropicOrganization } from "../store/anthropic-organization.ts";
import type { Sql } from "../store/database.ts";
import { type Finding, ok, warning } from "./finding.ts";

const RECENT_MS = 30 * DAY_MS;
/** A key that was made today may be used before it is listed. */
const LISTED_WITHIN_MS = DAY_MS;
const SHOWN_MAX = 3;

export async function checkOrganization(sql: Sql, now: Instant): Promise<Finding> {
  const organization = await findAnthropicOrganization(sql);
  if (organization === undefined) return ok("none of Anthropic's was read yet");
  const { rows } = await sql.query<{ id: string; sources: string[] }>(
    `with used as (
       select d.workspace_id, d.api_key_id, d.source
         from spend_rollups r
         join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
        where r.bucket_start >= $1 and r.bucket_start < $2 and r.request_count > 0
        group by 1, 2, 3),
     named as (
       select 'workspaces' as list, u.workspace_id as id, u.source
         from used u where starts_with(u.workspace_id, 'wrkspc_')
        union
       select 'api_keys', u.api_key_id, u.source
         from used u where starts_with(u.api_key_id, 'apikey_'))
     select n.id, array_agg(distinct n.source order by n.source) as sources
       from named n
       join directory_syncs s on s.list = n.list and s.completed_at is not null
      where not exists (select from synced_workspaces w where w.workspace_id = n.id)
        and not exists (select from synced_api_keys k where k.api_key_id = n.id)
      group by n.id
      order by n.id`,
    [addMs(now, -RECENT_MS), addMs(now, -LISTED_WITHIN_MS)],
  );
  if (rows.length === 0) return ok(`all listed usage is of ${organization}`);
  const shown = rows
    .slice(0, SHOWN_MAX)
    .map(({ id, sources }) => `${id} (from ${sources.join(", ")})`)
    .join(", ");
  const more = rows.length > SHOWN_MAX ? ` and ${String(rows.length - SHOWN_MAX)} more` : "";
  return warning(
    `Anthropic lists no workspace or key ${shown}${more} in ${organization}: that usage is of another organization, or the id is wrong. It counts here, and is on no bill that is read here; give the other organization an installation of its own, or mend the source.`,
  );
}
