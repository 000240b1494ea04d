/** Whether the bot can post in a channel: it says hello there, once in the channel's life. */
import { AppError } from "../../../domain/errors.ts";
import { addMs, MINUTE_MS } from "../../../domain/time.ts";
import { helloMessage } from "../messages/answers.ts";
import * as store from "../store.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";

/** Whoever says hello for longer than that has stopped in the middle of it. */
const ABANDONED_MS = MINUTE_MS;

/**
 * Says hello, unless it was said; what came of it is kept for the progress list. Never throws for
 * what Slack answers: a channel that refuses is what was to be found out.
 */
export async function sayHello(
  { database, clock }: Pick<SetUpDeps, "database" | "clock">,
  { web }: Pick<Visitor, "web">,
  channel: string,
): Promise<void> {
  const now = clock();
  const claim = { now, abandonedBefore: addMs(now, -ABANDONED_MS) };
  if (!(await store.claimChannelCheck(database, channel, claim))) return;
  try {
    await web.postMessage({ channel, ...helloMessage(), dedupeKey: `setup-hello:${channel}` });
    await store.updateChannelCheck(
      database,
      { channel, status: "posted", problem: undefined },
      clock(),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const problem = reasonOf(error);
    await store.updateChannelCheck(database, { channel, status: "refused", problem }, clock());
  }
}

/** Slack's own word, where there is one. */
function reasonOf(error: AppError): string {
  const [, word = "unreachable"] = /\b([a-z]+(?:_[a-z]+)+)\b/.exec(error.message) ?? [];
  return word;
}

/** Tries the channels again that refused; what came of it is kept. */
export async function recheckChannels(
  deps: Pick<SetUpDeps, "database" | "clock">,
  visitor: Pick<Visitor, "web">,
): Promise<void> {
  const { channels } = await store.loadFacts(deps.database);
  for (const { channel, status } of channels) {
    // oxlint-disable-next-line no-await-in-loop -- a few, one call of Slack after the other
    if (status !== "posted") await sayHello(deps, visitor, channel);
  }
}
