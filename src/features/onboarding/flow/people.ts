/**
 * People and channels of the document as Slack's fields have them, and back. A field may not be able
 * to show somebody: of another workspace, unknown to Slack, or while Slack does not answer. So a form
 * remembers what it showed, and only that can be taken out in it.
 */
import { createHash } from "node:crypto";
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import type { SlackChannel, SlackWeb } from "../../../slack/web.ts";
import { isChannelName } from "../../../slack/workspace-id.ts";
import type { FormOrigin } from "../messages/fields.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";

/** A field shows no more; of a larger team the rest stays as it is. */
const SHOWN_MAX = 100;
/** Two of a few hundred are hardly ever alike, and two hundred fit into what a form remembers. */
const MARK_CHARS = 6;

/** What fields show as chosen, and how a form remembers it. */
export interface ShownPeople {
  readonly ids: string;
  readonly marks: readonly string[];
}

/** The people whom a field can show here. */
export async function shownPeople(
  { directory }: Pick<SetUpDeps, "directory">,
  { web }: Pick<Visitor, "web">,
  { field, emails }: { readonly field: string; readonly emails: readonly Email[] },
): Promise<ShownPeople> {
  const found = await Promise.all(
    emails.slice(0, SHOWN_MAX).map(async (email) => {
      try {
        return { email, id: (await directory.findSlackUserByEmail(email))?.slackUserId };
      } catch (error) {
        if (error instanceof AppError) return { email, id: undefined };
        throw error;
      }
    }),
  );
  const shown = found.filter(({ id }) => id !== undefined && isOfPlace(web, id));
  return {
    ids: shown.map(({ id }) => id).join(","),
    marks: shown.map(({ email }) => markOf(`${field} ${email}`)),
  };
}

function isOfPlace({ canChoose }: Pick<SlackWeb, "canChoose">, id: string): boolean {
  return canChoose === undefined || canChoose(id);
}

function markOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, MARK_CHARS);
}

function wasShown({ shown = [] }: FormOrigin, text: string): boolean {
  return shown.includes(markOf(text));
}

export type ChosenPeople =
  | { readonly kind: "people"; readonly emails: readonly Email[] }
  /** Somebody whose address Slack does not tell: they can't be a person of the document. */
  | { readonly kind: "unknown"; readonly slackUserId: string };

/**
 * The addresses after a choice: those that the field did not show stay, in their order, and so do
 * those that were chosen again; new ones come behind.
 */
export async function chosenPeople(
  deps: Pick<SetUpDeps, "directory">,
  chosen: string | undefined,
  of: {
    readonly field: string;
    readonly before: readonly Email[];
    readonly origin: FormOrigin;
  },
): Promise<ChosenPeople> {
  const ids = (chosen ?? "").split(",").filter((id) => id !== "");
  const people = await Promise.all(
    ids.map(async (id) => ({ id, ...(await deps.directory.loadSlackUser(id)) })),
  );
  const stranger = people.find(({ email }) => email === undefined);
  if (stranger !== undefined) return { kind: "unknown", slackUserId: stranger.id };
  const emails = people.flatMap(({ email }) => (email === undefined ? [] : [email]));
  const kept = of.before.filter(
    (email) => emails.includes(email) || !wasShown(of.origin, `${of.field} ${email}`),
  );
  return { kind: "people", emails: [...new Set([...kept, ...emails])] };
}

/** What a field shows as the channel here, and how a form remembers it. */
export interface ShownChannel {
  readonly id: string | undefined;
  readonly marks: readonly string[];
}

export async function shownChannel(
  { web }: Pick<Visitor, "web">,
  channel: string | undefined,
): Promise<ShownChannel> {
  const id = channel === undefined ? undefined : channelId(channel, await listChannels(web));
  return channel === undefined || id === undefined || !isOfPlace(web, id)
    ? { id: undefined, marks: [] }
    : { id, marks: [markOf(channel)] };
}

/**
 * What the document says after a choice: a name that means the chosen one stays a name, and an empty
 * field says something only where it showed the channel before.
 */
export async function chosenChannel(
  { web }: Pick<Visitor, "web">,
  chosen: string | undefined,
  { before, origin }: { readonly before: string | undefined; readonly origin: FormOrigin },
): Promise<string | undefined> {
  if (before === undefined) return chosen;
  if (chosen === undefined) return wasShown(origin, before) ? undefined : before;
  return channelId(before, await listChannels(web)) === chosen ? before : chosen;
}

/** Channels by name and id; empty while Slack does not say. */
async function listChannels(web: SlackWeb): Promise<readonly SlackChannel[]> {
  try {
    return await web.listChannels();
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** "#finops" as the id that Slack knows; undefined when Slack tells of none. */
function channelId(channel: string, channels: readonly SlackChannel[]): string | undefined {
  const known = channels.find(
    ({ name, bareId }) => [`#${name}`, name].includes(channel) || bareId === channel,
  );
  return known?.channelId ?? (isChannelName(channel) ? undefined : channel);
}
