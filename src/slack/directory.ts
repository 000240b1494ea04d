/**
 * Who is who in Slack: user ids, e-mail addresses, direct message channels. Keeps what it learns
 * for a day, since every command asks. What a person may do is decided elsewhere. Somebody with a
 * user in each of several workspaces is one person, by the address (ADR 0032).
 * Owns: slack_users.
 */
import { type Email, emailFrom, parseEmail } from "../domain/email.ts";
import { addMs, type Clock, DAY_MS, type Instant, instant, MINUTE_MS } from "../domain/time.ts";
import type { Database, Sql } from "../store/database.ts";
import type { SlackUser, SlackWeb } from "./web.ts";
import { sortSlackError } from "./web-errors.ts";
import { splitId } from "./workspace-id.ts";

export interface SlackPerson {
  readonly slackUserId: string;
  /** Undefined when Slack tells none, or none that can be trusted. */
  readonly email: Email | undefined;
  readonly displayName: string;
  readonly timeZone: string | undefined;
}

export interface Directory {
  /** Undefined when no member has the address; of several workspaces, where they were last. */
  findSlackUserByEmail(email: Email): Promise<SlackPerson | undefined>;
  loadSlackUser(slackUserId: string): Promise<SlackPerson>;
  /** They did something there just now. With one workspace nothing depends on it. */
  noteUse(slackUserId: string): Promise<void>;
  /** The channel of the bot's conversation with that person; opens it when there is none. */
  openDirectMessage(slackUserId: string): Promise<string>;
  /** `<@U1|bo>` becomes the person's address (or `@bo`), `<#C1|search>` `#search`, escapes plain text. */
  resolveMentions(text: string): Promise<string>;
}

/** People change their address about once in a career; a new one is known the day after. */
const PERSON_AGE_MAX_MS = DAY_MS;
/** Which workspace somebody used last is kept as exactly as this: not each click is a write. */
const USE_STEP_MS = 10 * MINUTE_MS;
/** More people than this only cost a query each. */
const REMEMBERED_MAX = 5_000;

export function createDirectory(deps: {
  readonly database: Database;
  readonly web: SlackWeb;
  readonly clock: Clock;
  /** Ids name their workspace. */
  readonly hasManyWorkspaces?: boolean;
}): Directory {
  const { database, web, clock, hasManyWorkspaces = false } = deps;
  const people = new Map<string, KnownPerson>();
  const directMessages = new Map<string, string>();

  async function learn(user: SlackUser): Promise<SlackPerson> {
    const person = personFrom(user);
    const known = { person, seenAt: clock() };
    await upsertSlackUser(database, known);
    remember(people, person.slackUserId, known);
    return person;
  }

  async function loadSlackUser(slackUserId: string): Promise<SlackPerson> {
    const oldest = addMs(clock(), -PERSON_AGE_MAX_MS);
    const remembered = people.get(slackUserId);
    if (remembered !== undefined && remembered.seenAt > oldest) return remembered.person;
    const stored = await findSlackUser(database, slackUserId);
    if (stored !== undefined && stored.seenAt > oldest) {
      remember(people, slackUserId, stored);
      return stored.person;
    }
    return await learn(await web.loadUser(slackUserId));
  }

  async function findSlackUserByEmail(email: Email): Promise<SlackPerson | undefined> {
    const stored = await findSlackUserOf(database, email, hasManyWorkspaces);
    if (stored !== undefined && stored.seenAt > addMs(clock(), -PERSON_AGE_MAX_MS)) {
      return stored.person;
    }
    if (stored !== undefined && hasManyWorkspaces) {
      const again = await loadAgain(stored.person.slackUserId);
      if (again?.email === email) return again;
    }
    const user = await web.findUserByEmail(email);
    return user === undefined ? undefined : await learn(user);
  }

  /** Undefined when that user is gone; they may still be elsewhere. */
  async function loadAgain(slackUserId: string): Promise<SlackPerson | undefined> {
    try {
      return await learn(await web.loadUser(slackUserId));
    } catch (error) {
      if (sortSlackError(error).kind === "permanent") return undefined;
      throw error;
    }
  }

  return {
    loadSlackUser,
    findSlackUserByEmail,

    noteUse: hasManyWorkspaces ? usesNotedIn(deps) : async () => await Promise.resolve(),

    async openDirectMessage(slackUserId) {
      const known = directMessages.get(slackUserId);
      if (known !== undefined) return known;
      const channelId = await web.openDirectMessage(slackUserId);
      remember(directMessages, slackUserId, channelId);
      return channelId;
    },

    async resolveMentions(text) {
      return await resolveMentions(text, loadSlackUser);
    },
  };
}

function usesNotedIn({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Directory["noteUse"] {
  const lastUses = new Map<string, Instant>();
  return async (slackUserId) => {
    const now = clock();
    const last = lastUses.get(slackUserId);
    if (last !== undefined && last > addMs(now, -USE_STEP_MS)) return;
    await updateLastUse(database, slackUserId, now);
    remember(lastUses, slackUserId, now);
  };
}

interface KnownPerson {
  readonly person: SlackPerson;
  readonly seenAt: Instant;
}

function personFrom(user: SlackUser): SlackPerson {
  return { ...user, email: user.email === undefined ? undefined : parseEmail(user.email) };
}

function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  memory.set(key, value);
  const oldest = memory.keys().next().value;
  if (memory.size > REMEMBERED_MAX && oldest !== undefined) memory.delete(oldest);
}

/** Where there are several workspaces, an id begins with its own. */
const MENTION = /<@((?:[TE][A-Z0-9]+\/)?[UW][A-Z0-9]+)(?:\|([^>]*))?>/g;

async function resolveMentions(
  text: string,
  load: (slackUserId: string) => Promise<SlackPerson>,
): Promise<string> {
  let resolved = text;
  for (const [mention, slackUserId = "", name = splitId(slackUserId).id] of text.matchAll(
    MENTION,
  )) {
    const { email } = await load(slackUserId);
    resolved = resolved.replace(mention, () => email ?? `@${name}`);
  }
  return resolved
    .replace(/<#(?:[TE][A-Z0-9]+\/)?([A-Z0-9]+)(?:\|([^>]*))?>/g, (_, id: string, name?: string) =>
      name === undefined || name === "" ? id : `#${name}`,
    )
    .replace(/<(?:mailto:)?[^<>|]*\|([^<>]*)>/g, "$1")
    .replace(/<(?:mailto:)?([^<>|]*)>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

interface SlackUserRow {
  readonly slack_user_id: string;
  readonly email: string | null;
  readonly display_name: string;
  readonly time_zone: string | null;
  readonly seen_at: Date;
}

const COLUMNS = `slack_users.slack_user_id, slack_users.email, slack_users.display_name,
                 slack_users.time_zone, slack_users.seen_at`;

async function findSlackUser(sql: Sql, slackUserId: string): Promise<KnownPerson | undefined> {
  const { rows } = await sql.query<SlackUserRow>(
    `select ${COLUMNS} from slack_users where slack_users.slack_user_id = $1`,
    [slackUserId],
  );
  return rows[0] === undefined ? undefined : knownPersonFromRow(rows[0]);
}

/**
 * The one seen last, should an address have moved from one Slack user to another; of several
 * workspaces the user that was last active, where the bot still is.
 */
async function findSlackUserOf(
  sql: Sql,
  email: Email,
  hasManyWorkspaces: boolean,
): Promise<KnownPerson | undefined> {
  const { rows } = await sql.query<SlackUserRow>(
    `select ${COLUMNS} from slack_users
      where slack_users.email = $1
        and case when $2 then exists (select from slack_installations i
                                       where i.revoked_at is null
                                         and slack_users.slack_team_id = any(i.slack_team_ids))
                 else slack_users.slack_team_id is null end
      order by slack_users.last_used_at desc nulls last, slack_users.seen_at desc limit 1`,
    [email, hasManyWorkspaces],
  );
  return rows[0] === undefined ? undefined : knownPersonFromRow(rows[0]);
}

function knownPersonFromRow(row: SlackUserRow): KnownPerson {
  return {
    person: {
      slackUserId: row.slack_user_id,
      email: row.email === null ? undefined : emailFrom(row.email),
      displayName: row.display_name,
      timeZone: row.time_zone ?? undefined,
    },
    seenAt: instant(row.seen_at),
  };
}

async function upsertSlackUser(sql: Sql, { person, seenAt }: KnownPerson): Promise<void> {
  await sql.query(
    `insert into slack_users (slack_user_id, email, display_name, time_zone, seen_at, slack_team_id)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (slack_user_id) do update
            set email = excluded.email, display_name = excluded.display_name,
                time_zone = excluded.time_zone, seen_at = excluded.seen_at`,
    [
      person.slackUserId,
      person.email ?? null,
      person.displayName,
      person.timeZone ?? null,
      seenAt,
      splitId(person.slackUserId).slackTeamId ?? null,
    ],
  );
}

async function updateLastUse(sql: Sql, slackUserId: string, at: Instant): Promise<void> {
  await sql.query(`update slack_users set last_used_at = $2 where slack_users.slack_user_id = $1`, [
    slackUserId,
    at,
  ]);
}
