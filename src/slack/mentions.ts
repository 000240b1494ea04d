/**
 * Mentions where there are several workspaces. The program writes `<@T1/U1>`; Slack knows only its
 * own users, so what goes to a workspace says `<@U1>` to theirs and a name for everybody else.
 */
import type { Sql } from "../store/database.ts";
import { escapeText } from "./blocks.ts";
import { splitId } from "./workspace-id.ts";

/** Of forms: which person or channel is chosen at the beginning. */
const CHOSEN_ID_FIELDS: ReadonlySet<string> = new Set([
  "initial_user",
  "initial_users",
  "initial_channel",
  "initial_conversation",
]);
const MENTION = /<([@#])([TE][A-Z0-9]+\/[A-Z0-9]+)>/g;

/** A copy for that workspace. `sql` is asked only where somebody of another one is mentioned. */
export async function forWorkspace<T>(sql: Sql, slackTeamId: string, content: T): Promise<T> {
  const copy = structuredClone(content);
  const named = new Set<string>();
  visitTexts(copy, (text) => {
    for (const [, , id = ""] of text.matchAll(MENTION)) named.add(id);
    return text;
  });
  const shown = new Map<string, string>();
  for (const id of named) {
    // oxlint-disable-next-line no-await-in-loop -- hardly ever more than one
    shown.set(id, await shownIn(sql, slackTeamId, id));
  }
  visitTexts(copy, (text, field) =>
    CHOSEN_ID_FIELDS.has(field)
      ? chosenIn(slackTeamId, text)
      : text.replaceAll(MENTION, (mention, _kind, id: string) => shown.get(id) ?? mention),
  );
  return copy;
}

/** Slack refuses a form in which somebody is chosen whom it does not know. */
function chosenIn(slackTeamId: string, placedId: string): string | undefined {
  const chosen = splitId(placedId);
  return chosen.slackTeamId === undefined || chosen.slackTeamId === slackTeamId
    ? chosen.id
    : undefined;
}

async function shownIn(sql: Sql, slackTeamId: string, placedId: string): Promise<string> {
  const { slackTeamId: theirTeamId, id } = splitId(placedId);
  const isPerson = /^[UW]/.test(id);
  const sign = isPerson ? "@" : "#";
  if (theirTeamId === slackTeamId) return `<${sign}${id}>`;
  if (!isPerson) return "a channel of another workspace";
  const { rows } = await sql.query<{
    readonly display_name: string;
    readonly here_slack_user_id: string | null;
  }>(
    `select u.display_name, here.slack_user_id as here_slack_user_id
       from slack_users u
       left join slack_users here on here.email = u.email and here.slack_team_id = $2
      where u.slack_user_id = $1
      order by here.seen_at desc nulls last
      limit 1`,
    [placedId, slackTeamId],
  );
  const [row] = rows;
  if (row === undefined) return "somebody of another workspace";
  return row.here_slack_user_id === null
    ? `@${escapeText(row.display_name)}`
    : `<@${splitId(row.here_slack_user_id).id}>`;
}

/**
 * Replaces every text of a JSON value, in place, or leaves it out; a list's texts count under the
 * list's field.
 */
function visitTexts(
  value: unknown,
  replace: (text: string, field: string) => string | undefined,
  field = "",
): void {
  if (Array.isArray(value)) {
    const kept = value.flatMap((inner: unknown) => {
      if (typeof inner === "string") return replace(inner, field) ?? [];
      visitTexts(inner, replace, field);
      return [inner];
    });
    value.splice(0, value.length, ...kept);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== "string") {
      visitTexts(inner, replace, key);
      continue;
    }
    const replaced = replace(inner, key);
    if (replaced === undefined) Reflect.deleteProperty(value, key);
    else Reflect.set(value, key, replaced);
  }
}
