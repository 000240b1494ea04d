/**
 * How a person hears what came of their command, click or form: through the response_url, in the
 * open modal, or by direct message where Slack takes neither any more. A clear answer is not lost
 * because it came late.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { RespondFn } from "@slack/bolt";
import type { Logger } from "pino";
import type { Block, Modal } from "./blocks.ts";
import type { DataBlocksDeps } from "./charts/data-blocks.ts";
import { answerDataBlocks } from "./charts/sending.ts";
import type { Directory } from "./directory.ts";
import type { Respond } from "./listener.ts";
import type { SlackWeb } from "./web.ts";
import { sortSlackError } from "./web-errors.ts";
import type { SlackHere } from "./workspaces.ts";

export interface AnswerDeps {
  /** Where the request came from: `response_url`s and forms are of that workspace. */
  readonly here: SlackHere;
  /** Posts to people wherever they are. */
  readonly web: Pick<SlackWeb, "postMessage">;
  readonly directory: Pick<Directory, "openDirectMessage">;
  readonly log: Logger;
  /** Which workspace the response_urls are of, and what is known of it; absent: nothing is. */
  readonly dataBlocks?: (DataBlocksDeps & { readonly slackTeamId: string }) | undefined;
}

/**
 * Answers through the response_url, which lives half an hour and five answers long, or else by
 * direct message. Never throws: by now the work is done, and must not be reported as failed.
 */
export function respondTo(
  deps: AnswerDeps,
  slackUserId: string,
  answer: RespondFn | undefined,
  replacesOriginal = false,
): Respond {
  const tellDirectly = directMessageTo(deps, slackUserId);
  return async (message) => {
    try {
      if (answer === undefined) throw new Error("this request has no response_url");
      const { text, blocks } = await deps.here.shown(message);
      const shown = { response_type: "ephemeral", replace_original: replacesOriginal } as const;
      await answerWith(deps, blocks, async (taken) => {
        return await answer({ ...shown, text, blocks: [...taken] });
      });
    } catch (err) {
      if (answer !== undefined) {
        deps.log.warn({ slack_user_id: slackUserId, err }, "response_url refused the answer");
      }
      try {
        await tellDirectly(message);
      } catch (dmErr) {
        deps.log.warn({ slack_user_id: slackUserId, err: dmErr }, "answer not delivered");
      }
    }
  };
}

/** Never throws: the outbox brings the same a moment later. */
export function replaceBy(deps: AnswerDeps, answer: RespondFn): Respond {
  const { here, log } = deps;
  return async (message) => {
    try {
      const { text, blocks } = await here.shown(message);
      await answerWith(deps, blocks, async (taken) => {
        return await answer({ replace_original: true, text, blocks: [...taken] });
      });
    } catch (err) {
      log.debug({ err }, "message not replaced at once");
    }
  };
}

/** Without the charts and tables that the workspace refuses. */
async function answerWith(
  { dataBlocks }: AnswerDeps,
  blocks: readonly Block[],
  answer: (blocks: readonly Block[]) => Promise<unknown>,
): Promise<void> {
  if (dataBlocks === undefined) await answer(blocks);
  else await answerDataBlocks(dataBlocks, { ...dataBlocks, blocks }, answer);
}

/** In place of what was shown while it worked; by direct message where the modal was closed. */
export function tellInModal(
  { here, log }: AnswerDeps,
  { working, view }: { readonly working: Modal; readonly view: { readonly id: string } },
  tellDirectly: Respond,
): Respond {
  return async (problem) => {
    try {
      await here.web.updateView(view.id, { ...working, blocks: problem.blocks });
    } catch (err) {
      log.debug({ err }, "modal is closed");
      await tellDirectly(problem);
    }
  };
}

const DIRECT_ATTEMPTS = 3;
const ATTEMPT_PAUSE_MS = 1_000;
/** Nobody waits longer for an answer. */
const ATTEMPT_PAUSE_MAX_MS = 30_000;

/** Tries again while Slack is busy: this is the last way that an answer has. */
export function directMessageTo({ web, directory }: AnswerDeps, slackUserId: string): Respond {
  return async ({ text, blocks }) => {
    const dedupeKey = `answer:${randomUUID()}`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- each attempt follows from the one before
        const channel = await directory.openDirectMessage(slackUserId);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await web.postMessage({ channel, text, blocks, dedupeKey });
        return;
      } catch (error) {
        const verdict = sortSlackError(error);
        if (verdict.kind !== "retry" || attempt === DIRECT_ATTEMPTS) throw error;
        const pauseMs = verdict.afterMs ?? ATTEMPT_PAUSE_MS;
        if (pauseMs > ATTEMPT_PAUSE_MAX_MS) throw error;
        // oxlint-disable-next-line no-await-in-loop -- as above
        await sleep(pauseMs);
      }
    }
  };
}
