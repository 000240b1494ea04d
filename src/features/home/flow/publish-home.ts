/**
 * One person's Home, published: what is new goes to Slack, what is the same does not. Every publish
 * but a repeated one names what it replaces, so that of two at once the later view is never lost.
 */
import { createHash } from "node:crypto";
import type { Email } from "../../../domain/email.ts";
import type { Block } from "../../../slack/blocks.ts";
import type { SlackWeb } from "../../../slack/web.ts";
import { homeBlocks, homeView } from "../messages/page.ts";
import { type HomeKey, type KnownHome, savePublished, saveUnchanged } from "../store/views.ts";
import { loadPage, type PageDeps } from "./load-page.ts";

/** A part of Home that another feature draws: nothing for whom it does not concern. */
export type HomePart = (email: Email) => Promise<readonly Block[]>;

export interface HomeDeps extends PageDeps {
  /** Shown below one's own numbers, for example what is left to set up. */
  readonly parts: readonly HomePart[];
}

export type PublishingWeb = Pick<SlackWeb, "publishHome">;

export type PublishResult = "published" | "unchanged";

/**
 * Looks everything up and publishes it where it differs from what was published. Rejects as the
 * call to Slack does.
 */
export async function publishHome(
  deps: HomeDeps & { readonly web: PublishingWeb },
  known: KnownHome<readonly Block[]>,
  options: { readonly isConditional: boolean },
): Promise<PublishResult> {
  const { database, clock } = deps;
  const { page, opened } = await loadPage(deps, known.email, known.openedRequestId);
  const further = await Promise.all(deps.parts.map(async (part) => await part(known.email)));
  const content = homeBlocks(page, { opened, further });
  const contentSha256 = sha256(content);
  const key: HomeKey = known;
  const { changeNumber } = known;
  if (contentSha256 === known.contentSha256) {
    await saveUnchanged(database, key, { changeNumber, at: page.now });
    return "unchanged";
  }
  const { hash: slackHash } = await deps.web.publishHome(
    known.slackUserId,
    homeView(content, page.now),
    options.isConditional ? known.slackHash : undefined,
  );
  await savePublished(database, key, {
    content,
    contentSha256,
    slackHash,
    spend: page.spend.cost,
    changeNumber,
    at: clock(),
  });
  return "published";
}

function sha256(blocks: readonly Block[]): string {
  return createHash("sha256").update(JSON.stringify(blocks)).digest("hex");
}
