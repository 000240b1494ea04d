/**
 * Home as it is opened: what was published last is shown again at once while it is fresh, then
 * everything is looked up.
 */
import type { Email } from "../../../domain/email.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Block } from "../../../slack/blocks.ts";
import { homeView } from "../messages/page.ts";
import { isFreshEnough } from "../rules/publishing.ts";
import {
  type HomeKey,
  type KnownHome,
  markDue,
  postpone,
  updateHash,
  updateOpenedRequest,
  upsertVisit,
} from "../store/views.ts";
import { dueTime } from "./notice-changes.ts";
import { failureOf } from "./publish-failure.ts";
import { type HomeDeps, type PublishingWeb, publishHome } from "./publish-home.ts";

export interface Visit extends HomeKey {
  readonly email: Email;
}

type ShowDeps = HomeDeps & { readonly web: PublishingWeb };

export async function showHome(deps: ShowDeps, visit: Visit): Promise<void> {
  const at = deps.clock();
  const known = await upsertVisit<readonly Block[]>(deps.database, { ...visit, at });
  const shown = isFreshEnough(known, at) ? await showAgain(deps, known, at) : known;
  await publishNow(deps, shown);
}

/** Opens one request on Home, and closes the one that was open. */
export async function openRequest(deps: ShowDeps, visit: Visit, requestId: string): Promise<void> {
  const { database, clock } = deps;
  const known = await upsertVisit<readonly Block[]>(database, { ...visit, at: clock() });
  await updateOpenedRequest(database, visit, requestId);
  await publishNow(deps, { ...known, openedRequestId: requestId });
}

/** The same view as last time, with nothing looked up. */
async function showAgain(
  deps: ShowDeps,
  known: KnownHome<readonly Block[]>,
  now: Instant,
): Promise<KnownHome<readonly Block[]>> {
  const { content, renderedAt = now } = known;
  if (content === undefined) return known;
  const { hash: slackHash } = await deps.web.publishHome(
    known.slackUserId,
    homeView(content, instant(renderedAt)),
  );
  await updateHash(deps.database, known, { slackHash, at: now });
  return { ...known, slackHash };
}

/**
 * For somebody who looks: where another publish came first, the worker brings both together in a
 * moment; where Slack wants a pause, it is due after it.
 */
async function publishNow(deps: ShowDeps, known: KnownHome<readonly Block[]>): Promise<void> {
  const { database, clock } = deps;
  try {
    await publishHome(deps, known, { isConditional: true });
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.kind !== "superseded" && failure?.kind !== "retry") throw error;
    await markDue(database, [known.email], dueTime(clock()));
    if (failure.kind === "retry" && known.content === undefined) throw error;
    if (failure.kind === "superseded") await postpone(database, known, clock());
  }
}
