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

/** The id of the uploaded file, which messages to this workspace can show some seconds later. */
export type PictureUpload = (picture: {
  readonly png: Uint8Array;
  readonly altText: string;
  readonly title: string;
}) => Promise<string>;

/** Three calls, each usually far below a second. */
const PICTURE_TIMEOUT_MS = 6_000;

/** Drawn and uploaded side by side; charts for which that failed are absent. */
export async function uploadPictures(
  blocks: readonly Block[],
  { upload, log }: { readonly upload: PictureUpload; readonly log: Logger },
): Promise<Pictures> {
  const pictures = await Promise.all(
    blocks.map(async (block, index) => {
      if (block.type !== "data_visualization") return undefined;
      try {
        const id = await inTime(uploadPicture(block, upload));
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
  return new Map(pictures.filter((picture) => picture !== undefined));
}

async function uploadPicture(
  block: ChartBlock,
  upload: PictureUpload,
): Promise<string | undefined> {
  const png = await drawPicture(block);
  if (png === undefined) return undefined;
  return await upload({ png, altText: altTextOf(block), title: block.title });
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

/** Uploads without a channel: the file shows only in messages that name it. */
export function pictureUpload(client: WebClient): PictureUpload {
  return async ({ png, altText, title }) => {
    try {
      const uploaded = await client.filesUploadV2({
        file: Buffer.from(png),
        filename: "chart.png",
        alt_text: altText,
        title,
      });
      const id = uploaded.files.flatMap(({ files = [] }) => files)[0]?.id;
      if (id === undefined) throw new Error("Slack answered without the file's id");
      return id;
    } catch (error) {
      throw slackFailure("files.completeUploadExternal", error);
    }
  };
}
