/** Insights, the SQL of episodes and of what people said about them. Owns: insight_episodes. */
import { v7 as uuid } from "uuid";
import { type Usd, usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { formatScope, scopeFrom } from "../../../domain/scope.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Episode, EpisodeKind, Finding } from "../rules.ts";

interface EpisodeRow {
  readonly episode_id: string;
  readonly kind: EpisodeKind;
  readonly subject: string;
  readonly scope: string;
  readonly thread_key: string;
  readonly opened_at: Date;
  readonly seen_at: Date;
  readonly amount_usd: string;
  readonly counted_until: Date;
  readonly told_usd: string | null;
  readonly feedback: Episode["feedback"] | null;
}

/** What people said last of each thread. */
const LAST_FEEDBACK = `select h.value
             from alert_actions h
            where h.thread_key = e.thread_key and h.action = 'feedback'
            order by h.done_at desc, h.alert_action_id desc
            limit 1`;

/** Locked, so that one look at a time changes them. */
export async function listOpenEpisodes(
  sql: Sql,
  kinds: readonly EpisodeKind[],
): Promise<Episode[]> {
  const { rows } = await sql.query<EpisodeRow>(
    `select e.episode_id, e.kind, e.subject, e.scope, e.thread_key, e.opened_at, e.seen_at,
            e.amount_usd::text, e.counted_until, e.told_usd::text, (${LAST_FEEDBACK}) as feedback
       from insight_episodes e
      where e.ended_at is null and e.kind = any ($1)
      order by e.opened_at, e.episode_id
        for update of e`,
    [kinds],
  );
  return rows.map((row) => ({
    episodeId: row.episode_id,
    kind: row.kind,
    subject: row.subject,
    scope: scopeFrom(row.scope),
    threadKey: row.thread_key,
    openedAt: instant(row.opened_at),
    seenAt: instant(row.seen_at),
    amount: usdFromDecimal(row.amount_usd),
    countedUntil: instant(row.counted_until),
    told: row.told_usd === null ? undefined : usdFromDecimal(row.told_usd),
    feedback: row.feedback ?? undefined,
  }));
}

export async function insertEpisode(
  sql: Sql,
  finding: Finding,
  of: { readonly now: Instant; readonly threadKey: string; readonly told: Usd | undefined },
): Promise<void> {
  await sql.query(
    `insert into insight_episodes
            (episode_id, kind, subject, scope, thread_key, opened_at, seen_at, amount_usd,
             counted_until, told_usd)
     values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)`,
    [
      uuid(),
      finding.kind,
      finding.subject,
      formatScope(finding.scope),
      of.threadKey,
      of.now,
      usdToDecimal(finding.amount),
      finding.countedUntil,
      of.told === undefined ? null : usdToDecimal(of.told),
    ],
  );
}

/** It is still the case. */
export async function updateSeen(
  sql: Sql,
  { episodeId }: Pick<Episode, "episodeId">,
  seen: Pick<Finding, "amount" | "countedUntil"> & {
    readonly now: Instant;
    readonly told: Usd | undefined;
  },
): Promise<void> {
  await sql.query(
    `update insight_episodes
        set seen_at = $2, amount_usd = $3, counted_until = $4, told_usd = $5
      where episode_id = $1`,
    [
      episodeId,
      seen.now,
      usdToDecimal(seen.amount),
      seen.countedUntil,
      seen.told === undefined ? null : usdToDecimal(seen.told),
    ],
  );
}

export async function updateEnded(
  sql: Sql,
  { episodeId }: Pick<Episode, "episodeId">,
  now: Instant,
): Promise<void> {
  await sql.query(`update insight_episodes set ended_at = $2 where episode_id = $1`, [
    episodeId,
    now,
  ]);
}

/** What people said of each subject's episodes since then, the latest first. */
export async function listFeedback(
  sql: Sql,
  subjects: readonly string[],
  since: Instant,
): Promise<ReadonlyMap<string, readonly ("real" | "false" | "planned")[]>> {
  const { rows } = await sql.query<{
    readonly subject: string;
    readonly feedback: ("real" | "false" | "planned")[];
  }>(
    `select said.subject, array_agg(said.value order by said.opened_at desc) as feedback
       from (select e.subject, e.opened_at, (${LAST_FEEDBACK}) as value
               from insight_episodes e
              where e.subject = any ($1) and e.opened_at >= $2) said
      where said.value is not null
      group by said.subject`,
    [subjects, since],
  );
  return new Map(rows.map((row) => [row.subject, row.feedback]));
}
