/** What each workspace refused to show, and when: SQL of `slack_abilities`. */
import { type Instant, instant } from "../domain/time.ts";
import type { Sql } from "../store/database.ts";
import { type DataBlockType, isDataBlockType } from "./charts/degrade.ts";

/** When each kind of block was refused last; kinds that the workspace takes are absent. */
export async function loadRefusals(
  sql: Sql,
  slackTeamId: string,
): Promise<ReadonlyMap<DataBlockType, Instant>> {
  const { rows } = await sql.query<{ readonly block_type: string; readonly refused_at: Date }>(
    `select slack_abilities.block_type, slack_abilities.refused_at
       from slack_abilities
      where slack_abilities.slack_team_id = $1`,
    [slackTeamId],
  );
  return new Map(
    rows.flatMap(({ block_type: type, refused_at: at }) =>
      isDataBlockType(type) ? [[type, instant(at)] as const] : [],
    ),
  );
}

export async function saveRefusals(
  sql: Sql,
  slackTeamId: string,
  refused: { readonly types: readonly DataBlockType[]; readonly at: Instant },
): Promise<void> {
  await sql.query(
    `insert into slack_abilities (slack_team_id, block_type, refused_at)
     select $1, types.block_type, $3 from unnest($2::text[]) as types (block_type)
         on conflict (slack_team_id, block_type) do update set refused_at = excluded.refused_at`,
    [slackTeamId, refused.types, refused.at],
  );
}

/** The workspace takes them by now. */
export async function forgetRefusals(
  sql: Sql,
  slackTeamId: string,
  types: readonly DataBlockType[],
): Promise<void> {
  await sql.query(
    `delete from slack_abilities
      where slack_abilities.slack_team_id = $1 and slack_abilities.block_type = any ($2)`,
    [slackTeamId, types],
  );
}
