/**
 * Of what sources send: what could not be recorded, what two of them may count twice, and
 * corrections of events that never came.
 */
import { formatUsd, type Usd, usdFromDecimal } from "../domain/money.ts";
import { addMs, DAY_MS, type Instant } from "../domain/time.ts";
import { listRecentRejected, REMEDY } from "../features/ingest/index.ts";
import type { Database, Sql } from "../store/database.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** Findings are read in a terminal; more of a kind are counted. */
const SHOWN_MAX = 3;
const RECENT_MS = 7 * DAY_MS;

export async function checkRejected(database: Database, now: Instant): Promise<Finding> {
  const groups = await listRecentRejected({ database, clock: () => now });
  if (groups.length === 0) return ok("none in the last seven days, or all dealt with");
  const found = groups.map(
    ({ count, code, source, message }) =>
      `${String(count)} ${code} from ${source} (for example ${message}): ${REMEDY[code]}`,
  );
  return warning(
    `${shown(found, " ")} They are in no number; \`claude-spend rejected list\` shows them, \`rejected replay\` tries again.`,
  );
}

interface Share {
  readonly source: string;
  readonly cost: Usd;
  readonly requests: number;
}

/** The same workspace or key through two sources, and nobody said which one counts. */
export async function checkOverlaps(sql: Sql, now: Instant): Promise<Finding> {
  const { rows } = await sql.query<{
    readonly option: string;
    readonly id: string;
    readonly source: string;
    readonly cost: string;
    readonly requests: string;
  }>(
    `with s as (
       select d.workspace_id, d.api_key_id, d.source, r.billed_cost_usd, r.request_count
         from spend_rollups r
         join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
        where r.bucket_start >= $1),
     named as (
       select 'workspace' as option, s.workspace_id as id, s.source,
              sum(s.billed_cost_usd) as cost, sum(s.request_count) as requests
         from s where s.workspace_id is not null group by 2, 3
        union all
       select 'api-key', s.api_key_id, s.source, sum(s.billed_cost_usd), sum(s.request_count)
         from s where s.api_key_id is not null group by 2, 3),
     counted as (
       select n.*, count(*) over (partition by n.option, n.id) as sources
         from named n where n.requests > 0)
     select c.option, c.id, c.source, c.cost::text as cost, c.requests::text as requests
       from counted c
      where c.sources > 1
        and not exists (
              select from metering_designations m
               where m.valid_until is null
                 and ((c.option = 'workspace' and m.workspace_id = c.id)
                      or (c.option = 'api-key' and m.api_key_id = c.id)))
      order by c.option desc, c.id, c.cost desc`,
    [addMs(now, -RECENT_MS)],
  );
  const overlaps = new Map<string, { option: string; id: string; shares: Share[] }>();
  for (const { option, id, source, cost, requests } of rows) {
    const key = `${option} ${id}`;
    const overlap = overlaps.get(key) ?? { option, id, shares: [] };
    overlap.shares.push({ source, cost: usdFromDecimal(cost), requests: Number(requests) });
    overlaps.set(key, overlap);
  }
  if (overlaps.size === 0) return ok("no workspace or key is reported by two sources");
  const found = [...overlaps.values()].map(
    ({ option, id, shares }) =>
      `${option} ${id}: ${shares.map(shareText).join(", ")}. If they report the same usage it counts twice; say which one counts: \`claude-spend sources meter ${shares[0]?.source ?? ""} --${option} ${id}\`.`,
  );
  return warning(`in the last seven days ${shown(found, " ")}`);
}

function shareText({ source, cost, requests }: Share): string {
  return `${formatUsd(cost)} from ${source} (${requests === 1 ? "1 request" : `${String(requests)} requests`})`;
}

/** What names no event that ever came: perhaps a wrong id, so that both count. */
export async function checkCorrections(sql: Sql, now: Instant): Promise<Finding> {
  const { rows } = await sql.query<{
    readonly source: string;
    readonly event_id: string;
    readonly corrected: string;
  }>(
    `select c.source, c.event_id, c.corrected_event_id as corrected
       from usage_identities c
       join usage_identities expected
         on expected.source = c.source and expected.event_id = c.corrected_event_id
        and expected.content_sha256 is null
      where c.corrected_event_id is not null and c.occurred_at < $1
      order by c.source, c.event_id
      limit 100`,
    [addMs(now, -DAY_MS)],
  );
  if (rows.length === 0) return ok("each found its event");
  const found = rows.map(
    ({ source, event_id: id, corrected }) => `${id} of ${source} corrects ${corrected}`,
  );
  return warning(
    `${shown(found, ", ")}, which never came. Check the id: if the event was sent under another one, both count.`,
  );
}

function shown(found: readonly string[], separator: string): string {
  const more = found.length - SHOWN_MAX;
  const listed = found.slice(0, SHOWN_MAX).join(separator);
  return more > 0 ? `${listed}${separator}and ${String(more)} more` : listed;
}
