/** Which process has Slack: over HTTP it arrives where HTTP does, a socket there is only one of. */
import type { Config } from "../config.ts";

type SlackSettings = Pick<Config, "ROLES" | "SLACK_APP_TOKEN">;

export function isSlackInPrimary({ ROLES: roles, SLACK_APP_TOKEN: token }: SlackSettings): boolean {
  return roles.includes("slack") && token !== undefined;
}

export function isSlackInChildren({
  ROLES: roles,
  SLACK_APP_TOKEN: token,
}: SlackSettings): boolean {
  return roles.includes("slack") && token === undefined;
}
