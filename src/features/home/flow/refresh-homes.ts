/**
 * Publishes the Homes that are due, a few at a time and no more a minute than Slack takes. Each is
 * claimed, so that replicas share them; what one died with is due again after its claim.
 */
import type { Logger } from "pino";
import { addMs, type Instant, MINUTE_MS } from "../../../domain/time.ts";
import type { Block } from "../../../slack/blocks.ts";
import type { Directory } from "../../../slack/directory.ts";
import {
  decideAfterFailure,
  isConditional,
  PUBLISHES_PER_MINUTE_MAX,
  type PublishFailure,
} from "../rules/publishing.ts";
import {
  claimDueHomes,
  deleteHome,
  type KnownHome,
  pauseWorkspace,
  postpone,
} from "../store/views.ts";
import { noticeChanges } from "./notice-changes.ts";
import { failureOf } from "./publish-failure.ts";
import { type HomeDeps, type PublishingWeb, publishHome } from "./publish-home.ts";

export interface RefreshDeps extends HomeDeps {
  readonly log: Logger;
  readonly directory: Pick<Directory, "loadSlackUser">;
  /** How a workspace is spoken to; undefined where it is not ours any more. */
  readonly webOf: (slackTeamId: string) => Promise<PublishingWeb | undefined>;
}

/** So many are looked up one after the other, before somebody else may have a turn. */
const PORTION_MAX = 10;
/** Much longer than a portion takes. */
const CLAIM_MS = 2 * MINUTE_MS;

/** Notices what changed and publishes a portion of what is due; how much there was to do. */
export async function refreshHomes(deps: RefreshDeps): Promise<number> {
  const changes = await noticeChanges(deps);
  const now = deps.clock();
  const homes = await claimDueHomes<readonly Block[]>(deps.database, {
    now,
    until: addMs(now, CLAIM_MS),
    countMax: PORTION_MAX,
    pace: { since: addMs(now, -MINUTE_MS), publishesMax: PUBLISHES_PER_MINUTE_MAX },
  });
  let pausedUntil: Instant | undefined;
  for (const home of homes) {
    pausedUntil =
      pausedUntil === undefined
        ? // oxlint-disable-next-line no-await-in-loop -- one at a time, so that clicks come first
          await refresh(deps, home)
        : // oxlint-disable-next-line no-await-in-loop -- one at a time
          await putOff(deps, home, pausedUntil);
  }
  return changes + homes.length;
}

/** Until when Slack wants nothing more, where it says so. */
async function refresh(
  deps: RefreshDeps,
  home: KnownHome<readonly Block[]>,
): Promise<Instant | undefined> {
  const { database, clock, log } = deps;
  try {
    const web = await deps.webOf(home.slackTeamId);
    const { email } = await deps.directory.loadSlackUser(home.slackUserId);
    // Authority hangs on the address: with another one, or none, it is another person's Home.
    if (web === undefined || email !== home.email) {
      await deleteHome(database, home);
      return undefined;
    }
    await publishHome({ ...deps, web }, home, { isConditional: isConditional(home.attempts) });
    return undefined;
  } catch (err) {
    const failure = failureOf(err) ?? { kind: "retry", afterMs: undefined };
    if (failure.kind !== "superseded") {
      log.warn({ work: "home refresh", outcome: failure.kind, err }, "home not published");
    }
    return await settle(deps, home, { failure, now: clock() });
  }
}

async function settle(
  { database }: RefreshDeps,
  home: KnownHome<readonly Block[]>,
  { failure, now }: { readonly failure: PublishFailure; readonly now: Instant },
): Promise<Instant | undefined> {
  const next = decideAfterFailure(failure, home.attempts, now);
  switch (next.kind) {
    case "forgotten":
      await deleteHome(database, home);
      return undefined;
    case "given-up":
      await postpone(database, home, undefined);
      return undefined;
    case "again":
      await postpone(database, home, next.at);
      if (failure.kind !== "retry" || failure.afterMs === undefined) return undefined;
      await pauseWorkspace(database, home.slackTeamId, next.at);
      return next.at;
  }
}

async function putOff(
  { database }: RefreshDeps,
  home: KnownHome<readonly Block[]>,
  until: Instant,
): Promise<Instant> {
  await postpone(database, home, until);
  return until;
}
