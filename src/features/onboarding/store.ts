/**
 * The set-up, the SQL. Owns: setup_code, channel_checks, awaited_sources. How far the set-up is, is
 * read from what is in force, so that it is the same whoever did it and however.
 */
import { type Email, emailFrom } from "../../domain/email.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { ChannelCheck, SetUpFacts } from "./rules.ts";

/** All that the progress list shows, without the setting that only the program knows. */
export async function loadFacts(sql: Sql): Promise<Omit<SetUpFacts, "isAnthropicRead">> {
  const { rows } = await sql.query<{
    readonly version: number;
    readonly admins: string[];
    readonly name: string | null;
    readonly time_zone: string | null;
    readonly finops_channel: string | null;
    readonly teams: number;
    readonly budgets: number;
    readonly has_usage: boolean;
  }>(
    `select (select coalesce(max(g.version), 0) from governance_documents g) as version,
            array(select a.email from admins a order by a.email) as admins,
            s.name, s.time_zone, s.finops_channel,
            (select count(*)::integer from teams t) as teams,
            (select count(*)::integer from budgets b where b.archived_at is null) as budgets,
            exists (select from spend_dimensions d) as has_usage
       from (select 1) as one
       left join organization_settings s on true`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("a select of one row has one");
  return {
    version: row.version,
    admins: row.admins,
    organization:
      row.name === null || row.time_zone === null
        ? undefined
        : {
            name: row.name,
            timeZone: row.time_zone,
            finopsChannel: row.finops_channel ?? undefined,
          },
    teams: row.teams,
    budgets: row.budgets,
    hasUsage: row.has_usage,
    digests: await listDigests(sql),
    sources: await listAwaited(sql),
    channels: await listChannelChecks(sql),
  };
}

/** The organization's and teams' own; people's are their own business. */
async function listDigests(sql: Sql): Promise<SetUpFacts["digests"]> {
  const { rows } = await sql.query<{ destination: string | null; next_run_at: Date | null }>(
    `select r.destination,
            (select min(d.next_run_at) from digests d
              where d.channel = r.destination and d.scope = r.scope) as next_run_at
       from digest_rules r
      order by r.scope <> 'org', r.rule_key
      limit 20`,
  );
  return rows.map((row) => ({
    channel: row.destination ?? undefined,
    nextAt: row.next_run_at === null ? undefined : instant(row.next_run_at),
  }));
}

/** Sources of the set-up and others that are known, with whether anything of them is recorded. */
async function listAwaited(sql: Sql): Promise<SetUpFacts["sources"]> {
  const { rows } = await sql.query<{ name: string; has_sent: boolean }>(
    `select s.source as name,
            exists (select from spend_dimensions d where d.source = s.source) as has_sent
       from sources s
      where s.removed_at is null
      order by s.created_at desc, s.source
      limit 5`,
  );
  return rows.map((row) => ({ name: row.name, hasSent: row.has_sent }));
}

async function listChannelChecks(sql: Sql): Promise<readonly ChannelCheck[]> {
  const { rows } = await sql.query<{
    channel: string;
    status: ChannelCheck["status"];
    problem: string | null;
  }>(
    `select c.channel, c.status, c.problem from channel_checks c order by c.checked_at desc limit 100`,
  );
  return rows.map((row) => ({ ...row, problem: row.problem ?? undefined }));
}

/** True for the one caller who is to say hello: nobody does so now, and nobody has. */
export async function claimChannelCheck(
  sql: Sql,
  channel: string,
  { now, abandonedBefore }: { readonly now: Instant; readonly abandonedBefore: Instant },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into channel_checks as c (channel, status, checked_at)
     values ($1, 'posting', $2)
         on conflict (channel) do update
        set status = 'posting', problem = null, checked_at = excluded.checked_at
      where c.status = 'refused' or (c.status = 'posting' and c.checked_at < $3)`,
    [channel, now, abandonedBefore],
  );
  return rowCount === 1;
}

export async function updateChannelCheck(
  sql: Sql,
  { channel, status, problem }: ChannelCheck,
  now: Instant,
): Promise<void> {
  await sql.query(
    `update channel_checks set status = $2, problem = $3, checked_at = $4 where channel = $1`,
    [channel, status, problem ?? null, now],
  );
}

export async function listAdmins(sql: Sql): Promise<readonly Email[]> {
  const { rows } = await sql.query<{ email: string }>(
    `select a.email from admins a order by a.email`,
  );
  return rows.map((row) => emailFrom(row.email));
}

/** The code that is valid: the one given, unless there is one. */
export async function findOrInsertCode(sql: Sql, code: string, now: Instant): Promise<string> {
  const { rows } = await sql.query<{ code: string }>(
    `insert into setup_code as s (code, made_at) values ($1, $2)
         on conflict (only_row) do update set code = s.code
     returning s.code`,
    [code, now],
  );
  return rows[0]?.code ?? code;
}

export async function findCode(sql: Sql): Promise<string | undefined> {
  const { rows } = await sql.query<{ code: string }>(`select s.code from setup_code s`);
  return rows[0]?.code;
}

/** Whether the code is the right one and was nobody else's before; it is theirs then. */
export async function claimCode(
  sql: Sql,
  { code, email }: { readonly code: string; readonly email: string },
  now: Instant,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update setup_code
        set claimed_by = $2, claimed_at = $3
      where setup_code.code = $1
        and (setup_code.claimed_by is null or setup_code.claimed_by = $2)`,
    [code, email, now],
  );
  return rowCount === 1;
}

export async function isCodeClaimedBy(sql: Sql, email: string): Promise<boolean> {
  const { rows } = await sql.query(`select from setup_code s where s.claimed_by = $1`, [email]);
  return rows.length === 1;
}

export async function deleteCode(sql: Sql): Promise<void> {
  await sql.query(`delete from setup_code`);
}

export async function insertAwaited(
  sql: Sql,
  awaited: { readonly source: string; readonly askedBy: string },
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into awaited_sources (source, asked_by, asked_at) values ($1, $2, $3)
         on conflict (source) do nothing`,
    [awaited.source, awaited.askedBy, now],
  );
}

/** Sources whose first event came and of which nobody was told; they count as told from now on. */
export async function claimArrived(
  sql: Sql,
  now: Instant,
): Promise<readonly { readonly source: string; readonly askedBy: string }[]> {
  const { rows } = await sql.query<{ source: string; asked_by: string }>(
    `update awaited_sources
        set told_at = $1
      where awaited_sources.told_at is null
        and exists (select from spend_dimensions d where d.source = awaited_sources.source)
     returning awaited_sources.source, awaited_sources.asked_by`,
    [now],
  );
  return rows.map((row) => ({ source: row.source, askedBy: row.asked_by }));
}
