/**
 * Channels that Slack refuses until somebody mends them: archived, the bot removed, gone. And "*"
 * when it refuses the bot altogether. Owns: dead_destinations.
 */
import { type Instant, instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";

export interface DeadDestination {
  readonly destination: string;
  /** Slack's word for it, for example "is_archived". */
  readonly reason: string;
  readonly since: Instant;
}

/** Slack's reasons, in words. */
const REASONS: Readonly<Record<string, string>> = {
  is_archived: "it is archived",
  not_in_channel: "I am not in it",
  not_installed: "the app is not installed there any more",
  channel_not_found: "Slack finds no such channel, or I may not see it",
};

/** Why a destination is closed, as people say it: "it is archived"; of a rare reason Slack's word. */
export function closedBecause(reason: string): string {
  return REASONS[reason] ?? `Slack says ${reason}`;
}

/** The whole workspace: the token is refused. */
export const EVERYWHERE = "*";

/** Notes it; false when it was known to be dead. */
export async function insertDead(sql: Sql, dead: DeadDestination): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into dead_destinations (destination, reason, dead_since)
     values ($1, $2, $3)
         on conflict (destination) do nothing`,
    [dead.destination, dead.reason, dead.since],
  );
  return rowCount === 1;
}

/** What was known of it; undefined when it was alive. */
export async function deleteDead(
  sql: Sql,
  destination: string,
): Promise<DeadDestination | undefined> {
  const { rows } = await sql.query<DeadRow>(
    `delete from dead_destinations d
      where d.destination = $1
  returning d.destination, d.reason, d.dead_since`,
    [destination],
  );
  return rows[0] === undefined ? undefined : deadFromRow(rows[0]);
}

/** The longest dead first. */
export async function listDead(sql: Sql): Promise<DeadDestination[]> {
  const { rows } = await sql.query<DeadRow>(
    `select d.destination, d.reason, d.dead_since
       from dead_destinations d
      order by d.dead_since, d.destination`,
  );
  return rows.map(deadFromRow);
}

interface DeadRow {
  readonly destination: string;
  readonly reason: string;
  readonly dead_since: Date;
}

function deadFromRow(row: DeadRow): DeadDestination {
  return { destination: row.destination, reason: row.reason, since: instant(row.dead_since) };
}
