/**
 * Where charts and tables meet Slack: the two calls that send messages, and answers to commands and
 * clicks. Both go through `data-blocks.ts`; only the calls can show pictures, since Slack refuses
 * uploaded files in answers (slackapi/java-slack-sdk#1349).
 */
import type { Block } from "../block-types.ts";
import type { SlackWeb } from "../web.ts";
import { type DataBlocksDeps, sendDataBlocks } from "./data-blocks.ts";
import type { UploadPictures } from "./pictures.ts";
import { assertTaken, refusalOfAnswer, refusalOfBlocks } from "./refusals.ts";

type MessageCalls = Pick<SlackWeb, "postMessage" | "updateMessage">;

/** The same calls, for messages with blocks that a workspace may refuse. */
export function withDataBlocks(
  web: MessageCalls & Pick<SlackWeb, "authTest">,
  deps: DataBlocksDeps & { readonly upload: UploadPictures },
): MessageCalls {
  let team: Promise<string> | undefined;
  /** A token is of one workspace for ever; a failed look is not remembered. */
  async function slackTeamId(): Promise<string> {
    team ??= web.authTest().then(
      (identity) => identity.slackTeamId,
      (error: unknown) => {
        team = undefined;
        throw error;
      },
    );
    return await team;
  }
  const { upload } = deps;
  const refusalOf = refusalOfBlocks;
  return {
    async postMessage(message) {
      const attempt = async (blocks: readonly Block[]) =>
        await web.postMessage({ ...message, blocks });
      const { blocks } = message;
      return await sendDataBlocks(deps, { slackTeamId, blocks, attempt, refusalOf, upload });
    },
    async updateMessage(message) {
      const attempt = async (blocks: readonly Block[]) => {
        await web.updateMessage({ ...message, blocks });
      };
      const { blocks } = message;
      await sendDataBlocks(deps, { slackTeamId, blocks, attempt, refusalOf, upload });
    },
  };
}

/** Answers to a response_url of a workspace, with as much of the blocks as it takes. */
export async function answerDataBlocks(
  deps: DataBlocksDeps,
  { slackTeamId, blocks }: { readonly slackTeamId: string; readonly blocks: readonly Block[] },
  answer: (blocks: readonly Block[]) => Promise<unknown>,
): Promise<void> {
  await sendDataBlocks(deps, {
    slackTeamId: async () => await Promise.resolve(slackTeamId),
    blocks,
    attempt: async (taken) => {
      await assertTaken(await answer(taken));
    },
    refusalOf: refusalOfAnswer,
  });
}
