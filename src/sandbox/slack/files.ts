/**
 * Uploaded files: what a bot sends to the address that it was given, and what the page shows. The
 * methods that give addresses and complete uploads are `web-api-files.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonObject } from "./json.ts";
import type { Slack, StoredFile } from "./state.ts";

export const UPLOAD_PATH = "/sandbox/slack/upload/";
export const FILE_PATH = "/sandbox/slack/files/";
const FILE_BYTES_MAX = 10_000_000;

/** What Slack shows as a picture, by how the content begins. */
const PICTURES: readonly (readonly [type: string, start: Buffer])[] = [
  ["image/png", Buffer.from("\x89PNG\r\n\x1A\n", "latin1")],
  ["image/jpeg", Buffer.from([0xff, 0xd8, 0xff])],
  ["image/gif", Buffer.from("GIF8")],
];

/** The file that an image names by its id. */
export function fileOf(slack: Slack, slackFile: unknown): StoredFile | undefined {
  return isJsonObject(slackFile) ? slack.state.files.get(String(slackFile["id"])) : undefined;
}

/** Whether a message may show it: complete, a picture, and looked at. */
export function isShowable(slack: Slack, file: StoredFile | undefined): boolean {
  const isReady =
    file?.readyAt !== undefined && file.readyAt !== null && file.readyAt <= slack.now();
  return isReady && pictureType(file) !== undefined;
}

function pictureType({ content }: StoredFile): string | undefined {
  return PICTURES.find(
    ([, start]) => content?.subarray(0, start.length).equals(start) === true,
  )?.[0];
}

/** Takes the content, once, and only as much as was announced. */
export async function takeUpload(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "", "http://sandbox");
  const secret = pathname.slice(UPLOAD_PATH.length);
  const content = await readContent(request);
  const file = slack.state.files.get(slack.state.uploads.get(secret) ?? "");
  if (request.method !== "POST" || file === undefined) {
    response.writeHead(404).end("no such upload");
    return;
  }
  if (content?.length !== file.length) {
    response.writeHead(400).end("not the announced length");
    return;
  }
  slack.state.uploads.delete(secret);
  slack.state.files.set(file.id, { ...file, content });
  response.writeHead(200).end(`OK - ${String(content.length)}`);
}

/** The body itself, or the one file of a form: Slack takes either. */
async function readContent(request: IncomingMessage): Promise<Buffer | undefined> {
  const body = await readBytes(request);
  const type = request.headers["content-type"] ?? "";
  if (body === undefined || !type.startsWith("multipart/form-data")) return body;
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- a small form, and a stand-in on one machine
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    const [file] = [...form.values()];
    return file instanceof Blob ? Buffer.from(await file.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) return undefined;
    length += part.length;
    if (length <= FILE_BYTES_MAX) parts.push(part);
  }
  return length <= FILE_BYTES_MAX ? Buffer.concat(parts) : undefined;
}

/** The picture for the page; nothing else is ever served. */
export function answerFile(slack: Slack, id: string, response: ServerResponse): void {
  const file = slack.state.files.get(id);
  const type = file === undefined ? undefined : pictureType(file);
  if (file === undefined || type === undefined || !isShowable(slack, file)) {
    response.writeHead(404).end();
    return;
  }
  const headers = { "content-type": type, "x-content-type-options": "nosniff" };
  response.writeHead(200, { ...headers, "cache-control": "private, max-age=3600" });
  response.end(file.content);
}
