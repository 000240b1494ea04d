/** What App Home shows of alerts: one's settings, and for admins the channels that are closed. Pure. */
import { actions, type Block, button, section } from "../../../slack/blocks.ts";
import { lineText } from "./wording.ts";

export const SETTINGS_ACTION = "alert_settings";

export function homeAlertBlocks(of: {
  readonly dead: readonly { readonly destination: string; readonly reason: string }[];
}): Block[] {
  const closed = of.dead.map(({ destination, reason }) =>
    destination === "*"
      ? `Slack refuses the bot (${lineText(reason)}).`
      : `${lineText(destination)} is closed to me (${lineText(reason)}): its alerts come to the fallback.`,
  );
  return [
    ...(closed.length === 0 ? [] : [section(`:mailbox_with_no_mail: ${closed.join("\n")}`)]),
    actions([button({ actionId: SETTINGS_ACTION, text: "Notification settings", value: "home" })]),
  ];
}
