/** `doctor`: whether what was decided here holds where the limits are enforced. */
import { addMs, HOUR_MS, type Instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** A push that is not there after this long needs somebody to look. */
const WAITING_MS = HOUR_MS;

export async function checkLimits(sql: Sql, now: Instant): Promise<Finding> {
  const { rows } = await sql.query<{
    in_force: string;
    failed: string;
    in_doubt: string;
    waiting: string;
    example: string | null;
    without_card: string;
    card_example: string | null;
  }>(
    `select count(*) filter (where p.is_applied and p.status <> 'reversed')::text as in_force,
            count(*) filter (where p.status = 'failed')::text as failed,
            count(*) filter (where p.status = 'unknown')::text as in_doubt,
            count(*) filter (where p.status in ('pending', 'sending') and p.updated_at < $1)::text as waiting,
            min(p.target || ': ' || p.detail)
              filter (where p.status in ('failed', 'unknown', 'pending') and p.detail is not null) as example,
            (select count(*)::text from limit_increase_requests i
              where i.status = 'pending' and i.approval_request_id is null) as without_card,
            (select min(i.problem) from limit_increase_requests i
              where i.status = 'pending' and i.approval_request_id is null) as card_example
       from limit_pushes p`,
    [addMs(now, -WAITING_MS)],
  );
  const [row] = rows;
  if (row === undefined) return ok("none");
  const found = [
    count(row.failed, "failed"),
    count(row.in_doubt, "in doubt"),
    count(row.waiting, "waiting for more than an hour"),
  ].filter((text) => text !== "");
  const cards =
    row.without_card === "0"
      ? ""
      : `${row.without_card} requests at Anthropic have no card (${row.card_example ?? ""}).`;
  if (found.length === 0 && cards === "") {
    return ok(`${row.in_force} raises stand in other systems, none failed or in doubt`);
  }
  const pushes =
    found.length === 0
      ? ""
      : `pushes to other systems: ${found.join(", ")} (${row.example ?? ""}). \`claude-spend limits list\` shows all.`;
  return warning([pushes, cards].filter((text) => text !== "").join(" "));
}

function count(number: string, what: string): string {
  return number === "0" ? "" : `${number} ${what}`;
}
