/**
 * What App Home shows whom, the SQL: what was published, and what is due. Owns: home_views.
 * A row that is due is claimed for a while by whoever publishes it; a change that happens meanwhile
 * leaves it due.
 */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";

/** Whose Home. */
export interface HomeKey {
  readonly slackTeamId: string;
  readonly slackUserId: string;
}

/** `Content`: what was published, as its writer knows it. */
export interface KnownHome<Content> extends HomeKey {
  readonly email: Email;
  /** Undefined: nothing was published yet. */
  readonly content: Content | undefined;
  readonly contentSha256: string | undefined;
  readonly slackHash: string | undefined;
  readonly renderedAt: Instant | undefined;
  readonly dueAt: Instant | undefined;
  /** Grows with each change that concerns them. */
  readonly changeNumber: string;
  readonly openedRequestId: string | undefined;
  readonly attempts: number;
}

interface HomeRow<Content> {
  readonly slack_team_id: string;
  readonly slack_user_id: string;
  readonly email: string;
  readonly content: Content | null;
  readonly content_sha256: string | null;
  readonly slack_hash: string | null;
  readonly rendered_at: Date | null;
  readonly due_at: Date | null;
  readonly change_number: string;
  readonly opened_request_id: string | null;
  readonly attempts: number;
}

const COLUMNS = `v.slack_team_id, v.slack_user_id, v.email, v.content, v.content_sha256, v.slack_hash,
            v.rendered_at, v.due_at, v.change_number::text as change_number, v.opened_request_id,
            v.attempts`;

/** Writes down that Home was opened. What was shown under another address is forgotten. */
export async function upsertVisit<Content>(
  sql: Sql,
  visit: HomeKey & { readonly email: Email; readonly at: Instant },
): Promise<KnownHome<Content>> {
  const { rows } = await sql.query<HomeRow<Content>>(
    `insert into home_views as v (slack_team_id, slack_user_id, email, visited_at)
     values ($1, $2, $3, $4)
         on conflict (slack_team_id, slack_user_id) do update
        set email = excluded.email,
            visited_at = greatest(v.visited_at, excluded.visited_at),
            content = case when v.email = excluded.email then v.content end,
            content_sha256 = case when v.email = excluded.email then v.content_sha256 end,
            opened_request_id = case when v.email = excluded.email then v.opened_request_id end
  returning ${COLUMNS}`,
    [visit.slackTeamId, visit.slackUserId, visit.email, visit.at],
  );
  const [row] = rows;
  if (row === undefined) throw new AppError({ code: "internal", message: "an upsert has a row" });
  return homeFromRow(row);
}

/** Which request the person opened; undefined: they closed it. */
export async function updateOpenedRequest(
  sql: Sql,
  { slackTeamId, slackUserId }: HomeKey,
  requestId: string | undefined,
): Promise<void> {
  await sql.query(
    `update home_views set opened_request_id = $3 where slack_team_id = $1 and slack_user_id = $2`,
    [slackTeamId, slackUserId, requestId ?? null],
  );
}

/** What Slack shows from now on. It stays due where something has changed since `changeNumber`. */
export async function savePublished(
  sql: Sql,
  { slackTeamId, slackUserId }: HomeKey,
  published: {
    readonly content: unknown;
    readonly contentSha256: string;
    readonly slackHash: string | undefined;
    readonly spend: Usd;
    readonly changeNumber: string;
    readonly at: Instant;
  },
): Promise<void> {
  await sql.query(
    `update home_views as v
        set content = $3, content_sha256 = $4, slack_hash = $5, spend_usd = $6,
            published_at = $7, rendered_at = $7, leased_until = null, attempts = 0,
            due_at = case when v.change_number = $8 then null else v.due_at end
      where v.slack_team_id = $1 and v.slack_user_id = $2`,
    [
      slackTeamId,
      slackUserId,
      JSON.stringify(published.content),
      published.contentSha256,
      published.slackHash ?? null,
      usdToDecimal(published.spend),
      published.at,
      published.changeNumber,
    ],
  );
}

/** What Slack shows is still so. */
export async function saveUnchanged(
  sql: Sql,
  { slackTeamId, slackUserId }: HomeKey,
  { changeNumber, at }: { readonly changeNumber: string; readonly at: Instant },
): Promise<void> {
  await sql.query(
    `update home_views as v
        set rendered_at = $3, leased_until = null, attempts = 0,
            due_at = case when v.change_number = $4 then null else v.due_at end
      where v.slack_team_id = $1 and v.slack_user_id = $2`,
    [slackTeamId, slackUserId, at, changeNumber],
  );
}

/** The same view was shown again: it has another hash by now. */
export async function updateHash(
  sql: Sql,
  { slackTeamId, slackUserId }: HomeKey,
  { slackHash, at }: { readonly slackHash: string | undefined; readonly at: Instant },
): Promise<void> {
  await sql.query(
    `update home_views set slack_hash = $3, published_at = $4
      where slack_team_id = $1 and slack_user_id = $2`,
    [slackTeamId, slackUserId, slackHash ?? null, at],
  );
}

/** Homes that are due, for `until` nobody else's; of those who looked last the first. */
export async function claimDueHomes<Content>(
  sql: Sql,
  claim: {
    readonly now: Instant;
    readonly until: Instant;
    readonly countMax: number;
    /** A workspace with so many publishes since then waits. */
    readonly pace: { readonly since: Instant; readonly publishesMax: number };
  },
): Promise<KnownHome<Content>[]> {
  const { rows } = await sql.query<HomeRow<Content>>(
    `with busy as (
       select p.slack_team_id
         from home_views p
        where p.published_at > $4
        group by p.slack_team_id
       having count(*) >= $5
     ), due as (
       select d.slack_team_id, d.slack_user_id
         from home_views d
        where d.due_at <= $1 and (d.leased_until is null or d.leased_until <= $1)
              and d.slack_team_id not in (select busy.slack_team_id from busy)
        order by d.visited_at desc
          for update skip locked
        limit $3
     )
     update home_views v
        set leased_until = $2, attempts = v.attempts + 1
       from due
      where v.slack_team_id = due.slack_team_id and v.slack_user_id = due.slack_user_id
  returning ${COLUMNS}`,
    [claim.now, claim.until, claim.countMax, claim.pace.since, claim.pace.publishesMax],
  );
  return rows.map((row) => homeFromRow(row));
}

/** Due at another time; undefined: not before the next change. */
export async function postpone(
  sql: Sql,
  { slackTeamId, slackUserId }: HomeKey,
  at: Instant | undefined,
): Promise<void> {
  await sql.query(
    `update home_views set due_at = $3, leased_until = null
      where slack_team_id = $1 and slack_user_id = $2`,
    [slackTeamId, slackUserId, at ?? null],
  );
}

/**
 * Slack asked for a pause: nothing of that workspace is published before. Never waits: whoever marks
 * Homes holds many of them, in any order, and the next refusal asks for the pause again.
 */
export async function pauseWorkspace(sql: Sql, slackTeamId: string, until: Instant): Promise<void> {
  await sql.query(
    `with due as materialized (
       select d.slack_user_id
         from home_views d
        where d.slack_team_id = $1 and d.due_at < $2
          for update skip locked
     )
     update home_views as v
        set due_at = $2
       from due
      where v.slack_team_id = $1 and v.slack_user_id = due.slack_user_id`,
    [slackTeamId, until],
  );
}

export async function deleteHome(sql: Sql, { slackTeamId, slackUserId }: HomeKey): Promise<void> {
  await sql.query(`delete from home_views where slack_team_id = $1 and slack_user_id = $2`, [
    slackTeamId,
    slackUserId,
  ]);
}

/** When what changes now is published: gathered for a moment after the last time. */
export interface DueTime {
  readonly visitedSince: Instant;
  readonly now: Instant;
  readonly gatherMs: number;
}

/** Makes the Homes of these people due, or everybody's; those that nobody looked at lately are left. */
export async function markDue(
  sql: Sql,
  people: readonly string[] | "everybody",
  { visitedSince, now, gatherMs }: DueTime,
): Promise<number> {
  const { rowCount } = await sql.query(
    `update home_views as v
        set change_number = v.change_number + 1, attempts = 0,
            due_at = least(coalesce(v.due_at, 'infinity'),
                           greatest($2, v.rendered_at + make_interval(secs => $3)))
      where v.visited_at >= $1 and v.content is not null
            and ($4::text[] is null or v.email = any($4))`,
    [visitedSince, now, gatherMs / 1_000, people === "everybody" ? null : people],
  );
  return rowCount ?? 0;
}

/** Makes Homes due that may be on a screen and were looked up longer ago than `renderedBefore`. */
export async function markOld(
  sql: Sql,
  old: { readonly visitedSince: Instant; readonly renderedBefore: Instant; readonly now: Instant },
): Promise<void> {
  await sql.query(
    `update home_views as v
        set due_at = $3
      where v.visited_at >= $1 and v.rendered_at < $2 and v.due_at is null`,
    [old.visitedSince, old.renderedBefore, old.now],
  );
}

function homeFromRow<Content>(row: HomeRow<Content>): KnownHome<Content> {
  return {
    slackTeamId: row.slack_team_id,
    slackUserId: row.slack_user_id,
    email: emailFrom(row.email),
    content: row.content ?? undefined,
    contentSha256: row.content_sha256 ?? undefined,
    slackHash: row.slack_hash ?? undefined,
    renderedAt: row.rendered_at === null ? undefined : instant(row.rendered_at),
    dueAt: row.due_at === null ? undefined : instant(row.due_at),
    changeNumber: row.change_number,
    openedRequestId: row.opened_request_id ?? undefined,
    attempts: row.attempts,
  };
}
