/**
 * Names of people, channels and forms where the bot serves several Slack workspaces: `T123/U456`,
 * `T123/C456`, `T123/#finops`. Without the first part: of the organization's first workspace. With
 * one workspace by token nothing has a first part.
 */

export interface PlacedId {
  /** Undefined: of the first workspace. */
  readonly slackTeamId: string | undefined;
  /** As Slack knows it. */
  readonly id: string;
}

const PLACED = /^([TE][A-Z0-9]{2,20})\/(.+)$/s;

/** An id that already names a workspace keeps it. */
export function placeId(slackTeamId: string, id: string): string {
  return PLACED.test(id) ? id : `${slackTeamId}/${id}`;
}

export function splitId(text: string): PlacedId {
  const [, slackTeamId, id = ""] = PLACED.exec(text) ?? [];
  return slackTeamId === undefined ? { slackTeamId: undefined, id: text } : { slackTeamId, id };
}

/** Whether it is a name rather than an id, in whichever workspace. */
export function isChannelName(channel: string): boolean {
  return splitId(channel).id.startsWith("#");
}

/** `<@U1|bo>` and `<#C1|search>` as typed in a workspace, with the workspace named. */
export function placeMentions(slackTeamId: string, text: string): string {
  return text.replaceAll(/<([@#])([A-Z0-9]+)(?=[|>])/g, `<$1${slackTeamId}/$2`);
}
