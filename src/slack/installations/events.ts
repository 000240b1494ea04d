/** What Slack says when a workspace removes the bot or revokes its token: the token is deleted. */
import type { App } from "@slack/bolt";
import type { Logger } from "pino";
import { type Instant, instant } from "../../domain/time.ts";
import { newEvents } from "../new-events.ts";

export const INSTALLATION_EVENTS = ["app_uninstalled", "tokens_revoked"] as const;

/** A workspace or Enterprise Grid that the bot is out of. */
export interface Departure {
  readonly id: string;
  readonly because: (typeof INSTALLATION_EVENTS)[number];
  /** By which second Slack knew. */
  readonly saidAt: Instant;
}

/** `onGone` is told of each once by this process; other processes may be told as well. */
export function listenToDepartures(
  bolt: App,
  { onGone, log }: { readonly onGone: (gone: Departure) => Promise<void>; readonly log: Logger },
): void {
  const isNew = newEvents();
  const tell = async (
    context: {
      readonly isEnterpriseInstall: boolean;
      readonly teamId?: string | undefined;
      readonly enterpriseId?: string | undefined;
    },
    event: { readonly event_id: string; readonly event_time: number },
    because: Departure["because"],
  ): Promise<void> => {
    const id = context.isEnterpriseInstall ? context.enterpriseId : context.teamId;
    if (id === undefined || !isNew(event.event_id)) return;
    try {
      await onGone({ id, because, saidAt: instant(event.event_time * 1_000) });
    } catch (err) {
      // Slack has its acknowledgement; it refuses the token by itself, which shows as well.
      log.error({ work: `event ${because}`, slack_team_id: id, err }, "token not deleted");
    }
  };
  bolt.event("app_uninstalled", async ({ context, body }) => {
    await tell(context, body, "app_uninstalled");
  });
  bolt.event("tokens_revoked", async ({ context, body, event }) => {
    // Tokens of single people, which we never ask for, are told here, too.
    if ((event.tokens.bot ?? []).length > 0) await tell(context, body, "tokens_revoked");
  });
}
