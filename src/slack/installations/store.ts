/**
 * Which workspaces have installed the bot, with their tokens, and the links by which they may.
 * Tokens stand encrypted; who reads them has the key. Owns: slack_installations,
 * slack_install_links.
 */
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";

export interface Installation {
  /** "T…" of a workspace, "E…" of an Enterprise Grid. */
  readonly id: string;
  readonly name: string;
  readonly enterpriseId: string | undefined;
  /** The workspaces that its token speaks for. */
  readonly slackTeamIds: readonly string[];
  /** Undefined once revoked. */
  readonly sealedToken: Buffer | undefined;
  readonly botUserId: string;
  readonly scopes: readonly string[];
  readonly installedBy: string;
  readonly installedAt: Instant;
  readonly revokedAt: Instant | undefined;
  readonly revokedBecause: string | undefined;
}

interface InstallationRow {
  readonly slack_installation_id: string;
  readonly name: string;
  readonly enterprise_id: string | null;
  readonly slack_team_ids: readonly string[];
  readonly bot_token: Buffer | null;
  readonly bot_user_id: string;
  readonly scopes: readonly string[];
  readonly installed_by: string;
  readonly installed_at: Date;
  readonly revoked_at: Date | null;
  readonly revoked_because: string | null;
}

/** All of them, those that are revoked as well; the first of all first. */
export async function listInstallations(sql: Sql): Promise<Installation[]> {
  const { rows } = await sql.query<InstallationRow>(
    `select i.slack_installation_id, i.name, i.enterprise_id, i.slack_team_ids, i.bot_token,
            i.bot_user_id, i.scopes, i.installed_by, i.installed_at, i.revoked_at, i.revoked_because
       from slack_installations i
      order by i.first_installed_at, i.slack_installation_id`,
  );
  return rows.map((row) => ({
    id: row.slack_installation_id,
    name: row.name,
    enterpriseId: row.enterprise_id ?? undefined,
    slackTeamIds: row.slack_team_ids,
    sealedToken: row.bot_token ?? undefined,
    botUserId: row.bot_user_id,
    scopes: row.scopes,
    installedBy: row.installed_by,
    installedAt: instant(row.installed_at),
    revokedAt: row.revoked_at === null ? undefined : instant(row.revoked_at),
    revokedBecause: row.revoked_because ?? undefined,
  }));
}

export type NewInstallation = Omit<Installation, "sealedToken" | "revokedAt" | "revokedBecause"> & {
  readonly sealedToken: Buffer;
};

/** A second installation replaces the token and what was revoked; it stays as old as it was. */
export async function upsertInstallation(sql: Sql, one: NewInstallation): Promise<void> {
  await sql.query(
    `insert into slack_installations
            (slack_installation_id, name, enterprise_id, slack_team_ids, bot_token, bot_user_id,
             scopes, installed_by, first_installed_at, installed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (slack_installation_id) do update
            set name = excluded.name, enterprise_id = excluded.enterprise_id,
                slack_team_ids = excluded.slack_team_ids, bot_token = excluded.bot_token,
                bot_user_id = excluded.bot_user_id, scopes = excluded.scopes,
                installed_by = excluded.installed_by, installed_at = excluded.installed_at,
                revoked_at = null, revoked_because = null`,
    [
      one.id,
      one.name,
      one.enterpriseId ?? null,
      one.slackTeamIds,
      one.sealedToken,
      one.botUserId,
      one.scopes,
      one.installedBy,
      one.installedAt,
    ],
  );
}

/**
 * Deletes the token; true when there was one. What Slack says of an earlier installation comes late
 * at times and changes nothing: `saidAt` is the second in which Slack said it.
 */
export async function revokeInstallation(
  sql: Sql,
  id: string,
  event: { readonly because: string; readonly saidAt: Instant; readonly now: Instant },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update slack_installations
        set bot_token = null, revoked_at = $2, revoked_because = $3
      where slack_installations.slack_installation_id = $1
        and slack_installations.revoked_at is null
        and slack_installations.installed_at < $4::timestamptz + interval '1 second'`,
    [id, event.now, event.because, event.saidAt],
  );
  return rowCount === 1;
}

/** Workspaces join and leave an Enterprise Grid after it has installed. */
export async function updateEnterpriseTeams(
  sql: Sql,
  { id, slackTeamIds }: { readonly id: string; readonly slackTeamIds: readonly string[] },
): Promise<void> {
  if (slackTeamIds.length === 0) return;
  await sql.query(
    `update slack_installations set slack_team_ids = $2
      where slack_installations.slack_installation_id = $1`,
    [id, slackTeamIds],
  );
}

export interface InstallLink {
  readonly sha256: Buffer;
  /** The workspace or Enterprise Grid that it is for; undefined: any. */
  readonly onlyFor: string | undefined;
  readonly madeBy: string;
  readonly madeAt: Instant;
  readonly expiresAt: Instant;
}

export async function insertInstallLink(sql: Sql, link: InstallLink): Promise<void> {
  await sql.query(
    `insert into slack_install_links (link_sha256, only_for, made_by, made_at, expires_at)
     values ($1, $2, $3, $4, $5)`,
    [link.sha256, link.onlyFor ?? null, link.madeBy, link.madeAt, link.expiresAt],
  );
}

/** Whether the link still lets somebody in. Uses nothing up: programs that preview links look, too. */
export async function isLinkGood(sql: Sql, sha256: Buffer, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select from slack_install_links l
      where l.link_sha256 = $1 and l.used_at is null and l.expires_at > $2`,
    [sha256, now],
  );
  return rowCount === 1;
}

/** Uses the link up; undefined when it is no good any more. A rolled back transaction gives it back. */
export async function useInstallLink(
  sql: Sql,
  sha256: Buffer,
  now: Instant,
): Promise<{ readonly onlyFor: string | undefined; readonly madeBy: string } | undefined> {
  const { rows } = await sql.query<{
    readonly only_for: string | null;
    readonly made_by: string;
  }>(
    `update slack_install_links
        set used_at = $2
      where slack_install_links.link_sha256 = $1 and slack_install_links.used_at is null
        and slack_install_links.expires_at > $2
  returning slack_install_links.only_for, slack_install_links.made_by`,
    [sha256, now],
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { onlyFor: row.only_for ?? undefined, madeBy: row.made_by };
}

/** Nothing was installed with it: it may be used again. */
export async function returnInstallLink(sql: Sql, sha256: Buffer): Promise<void> {
  await sql.query(
    `update slack_install_links set used_at = null where slack_install_links.link_sha256 = $1`,
    [sha256],
  );
}
