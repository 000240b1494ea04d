/**
 * Uploads the pictures of a message's charts. Whatever goes wrong with a picture never holds up its
 * message: the chart is shown as text then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { AppError } from "../../domain/errors.ts";
import type { Block, ChartBlock } from "../block-types.ts";
import { slackFailure, sortSlackError } from "../web-errors.ts";
import { drawPicture } from "./picture.ts";
import { altTextOf } from "./plot.ts";

/** Ids of files at Slack, by the place of the chart among the blocks. */
export type Pictures = ReadonlyMap<number, string>;

/** Pictures of the charts among these blocks; those for which that failed are absent. */
export type UploadPictures = (blocks: readonly Block[]) => Promise<Pictures>;

/** Three calls, each usually far below a second. */
const PICTURE_TIMEOUT_MS = 6_000;

/**
 * Uploads without a channel: a file shows only in messages that name it. Pictures are drawn one after
 * the other, since each takes some megabytes meanwhile, and uploaded side by side.
 */
export function pictureUploads(client: WebClient, log: Logger): UploadPictures {
  let last: Promise<unknown> = Promise.resolve();
  async function drawInTurn(block: ChartBlock): Promise<Uint8Array | undefined> {
    const drawn = last.then(async () => await drawPicture(block));
    last = drawn.catch(() => undefined);
    return await drawn;
  }
  async function picture(block: ChartBlock): Promise<string | undefined> {
    const png = await drawInTurn(block);
    return png === undefined ? undefined : await upload(client, block, png);
  }
  return async (blocks) => {
    const pictures = await Promise.all(
      blocks.map(async (block, index) => {
        if (block.type !== "data_visualization") return undefined;
        try {
          const id = await inTime(picture(block));
          return id === undefined ? undefined : ([index, id] as const);
        } catch (err) {
          const { reason } = sortSlackError(err);
          const says = "picture not uploaded; text takes its place";
          // The scope is optional: without it this is how it goes every time.
          if (reason === "missing_scope") log.debug({ reason }, says);
          else log.warn({ err, reason }, says);
          return undefined;
        }
      }),
    );
    return new Map(pictures.filter((one) => one !== undefined));
  };
}

async function upload(client: WebClient, block: ChartBlock, png: Uint8Array): Promise<string> {
  try {
    const uploaded = await client.filesUploadV2({
      file: Buffer.from(png),
      filename: "chart.png",
      alt_text: altTextOf(block),
      title: block.title,
    });
    const id = uploaded.files.flatMap(({ files = [] }) => files)[0]?.id;
    if (id === undefined) throw new Error("Slack answered without the file's id");
    return id;
  } catch (error) {
    throw slackFailure("files.completeUploadExternal", error);
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = sleep(PICTURE_TIMEOUT_MS, undefined, { signal: stop.signal }).then(() => {
    const message = "Slack took too long to take a picture.";
    throw new AppError({ code: "unavailable", message, retryable: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    stop.abort();
  }
}
