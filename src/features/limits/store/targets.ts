/** Limits elsewhere, the SQL of what we know of a limit that we have changed. Owns: limit_targets. */
import { formatLimitTarget } from "../../../domain/limit.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Push, TargetState } from "../rules.ts";

export async function findTargetState(
  sql: Sql,
  push: Pick<Push, "target" | "period">,
): Promise<TargetState | undefined> {
  const { rows } = await sql.query<{
    own_limit_usd: string | null;
    last_written_usd: string | null;
  }>(
    `select t.own_limit_usd::text, t.last_written_usd::text
       from limit_targets t
      where t.target = $1 and t.period = $2`,
    [formatLimitTarget(push.target), push.period],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    ownLimit: row.own_limit_usd === null ? undefined : usdFromDecimal(row.own_limit_usd),
    lastWritten: row.last_written_usd === null ? undefined : usdFromDecimal(row.last_written_usd),
  };
}

export async function saveTargetState(
  sql: Sql,
  push: Pick<Push, "target" | "period">,
  state: TargetState & { readonly writtenAt: Instant },
): Promise<void> {
  await sql.query(
    `insert into limit_targets (target, period, own_limit_usd, last_written_usd, written_at)
     values ($1, $2, $3, $4, $5)
         on conflict (target, period) do update
        set own_limit_usd = excluded.own_limit_usd, last_written_usd = excluded.last_written_usd,
            written_at = excluded.written_at`,
    [
      formatLimitTarget(push.target),
      push.period,
      state.ownLimit === undefined ? null : usdToDecimal(state.ownLimit),
      state.lastWritten === undefined ? null : usdToDecimal(state.lastWritten),
      state.writtenAt,
    ],
  );
}
