/** People and channels of the document as Slack's fields have them, and back. */
import type { Email } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import type { SlackChannel } from "../../../slack/web.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";

/** A field shows no more; of a larger team the rest stays as it is. */
const SHOWN_MAX = 100;

/** The people whom a field can show, and the addresses that stay out of its reach. */
export interface ShownPeople {
  readonly ids: readonly string[];
  readonly emails: readonly Email[];
}

/** Whom Slack knows of these; while Slack does not answer, nobody: then nobody is taken away. */
export async function shownPeople(
  { directory }: Pick<SetUpDeps, "directory">,
  emails: readonly Email[],
): Promise<ShownPeople> {
  const found = await Promise.all(
    emails.slice(0, SHOWN_MAX).map(async (email) => {
      try {
        return { email, person: await directory.findSlackUserByEmail(email) };
      } catch (error) {
        if (error instanceof AppError) return { email, person: undefined };
        throw error;
      }
    }),
  );
  const known = found.flatMap(({ email, person }) =>
    person === undefined ? [] : [{ email, id: person.slackUserId }],
  );
  return { ids: known.map(({ id }) => id), emails: known.map(({ email }) => email) };
}

export type ChosenPeople =
  | { readonly kind: "people"; readonly emails: readonly Email[] }
  /** Somebody whose address Slack does not tell: they can't be a person of the document. */
  | { readonly kind: "unknown"; readonly slackUserId: string };

/**
 * The addresses after a choice: those that were out of the field's reach stay, in their order, and
 * so do those that were chosen again; new ones come behind.
 */
export async function chosenPeople(
  deps: Pick<SetUpDeps, "directory">,
  chosen: string | undefined,
  before: readonly Email[],
): Promise<ChosenPeople> {
  const ids = (chosen ?? "").split(",").filter((id) => id !== "");
  const people = await Promise.all(
    ids.map(async (id) => ({ id, ...(await deps.directory.loadSlackUser(id)) })),
  );
  const stranger = people.find(({ email }) => email === undefined);
  if (stranger !== undefined) return { kind: "unknown", slackUserId: stranger.id };
  const emails = people.flatMap(({ email }) => (email === undefined ? [] : [email]));
  const shown = await shownPeople(deps, before);
  const kept = before.filter((email) => emails.includes(email) || !shown.emails.includes(email));
  return { kind: "people", emails: [...new Set([...kept, ...emails])] };
}

/** Channels by name and id; empty while Slack does not say. */
export async function listChannels({
  web,
}: Pick<Visitor, "web">): Promise<readonly SlackChannel[]> {
  try {
    return await web.listChannels();
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** "#finops" as the id that a field can show; undefined when it can't. */
export function channelId(
  channel: string | undefined,
  channels: readonly SlackChannel[],
): string | undefined {
  if (channel === undefined || !channel.startsWith("#")) return channel;
  return channels.find(({ name }) => `#${name}` === channel)?.channelId;
}

/** What the document says after a choice: a name that means the chosen one stays a name. */
export function chosenChannel(
  chosen: string | undefined,
  before: string | undefined,
  channels: readonly SlackChannel[],
): string | undefined {
  const shown = channelId(before, channels);
  if (chosen === shown) return before;
  return chosen;
}
