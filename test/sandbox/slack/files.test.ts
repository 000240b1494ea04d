/** Uploads as the real Slack takes them: step by step, each once, and not shown before it looked. */
import { describe, expect, it } from "vitest";
import { TEST_MANIFEST, useFakeSlack } from "../../support/fake-slack.ts";
import { type Answer, call } from "./call-api.ts";

const slack = useFakeSlack({ fileProcessingMs: 2_000 });
const bare = useFakeSlack({ manifest: { ...TEST_MANIFEST, scopes: ["chat:write"] } });
const PNG = Buffer.from("\x89PNG\r\n\x1A\n and so on", "latin1");

async function begin(length = PNG.length): Promise<{ readonly id: string; readonly url: string }> {
  const answer = await call(slack(), "files.getUploadURLExternal", { filename: "a.png", length });
  return { id: String(answer["file_id"]), url: String(answer["upload_url"]) };
}

async function send(url: string, body: Buffer | FormData = PNG): Promise<number> {
  const response = await fetch(url, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
}

async function complete(id: string): Promise<Answer> {
  return await call(slack(), "files.completeUploadExternal", { files: [{ id, title: "A" }] });
}

async function upload(body = PNG): Promise<string> {
  const { id, url } = await begin(body.length);
  await send(url, body);
  await complete(id);
  return id;
}

async function post(id: string): Promise<Answer> {
  const blocks = [{ type: "image", alt_text: "a", slack_file: { id } }];
  return await call(slack(), "chat.postMessage", { channel: "#finops", text: "a", blocks });
}

const REFUSED = {
  ok: false,
  error: "invalid_blocks",
  errors: ["invalid slack file [json-pointer:/blocks/0/slack_file]"],
};

describe("an uploaded picture", () => {
  it("can be shown once Slack has looked at it, and is served to the page", async () => {
    const id = await upload();
    expect(await post(id)).toMatchObject(REFUSED);
    slack().pass(2_000);

    expect(await post(id)).toMatchObject({ ok: true });
    const shown = await fetch(new URL(`/sandbox/slack/files/${id}`, slack().apiUrl()));
    expect(shown.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await shown.arrayBuffer()).equals(PNG)).toBe(true);
  });

  it("is there after a restart", async () => {
    const id = await upload();
    slack().pass(2_000);
    const kept = slack().snapshot();
    slack().restore({ version: 1, lastMicros: 0, messages: [], lastRead: [], homes: [] });
    expect(await post(id)).toMatchObject(REFUSED);

    slack().restore(JSON.parse(JSON.stringify(kept)));

    expect(await post(id)).toMatchObject({ ok: true });
  });

  it("is refused when it is none, or nobody uploaded it", async () => {
    const id = await upload(Buffer.from("no picture at all"));
    slack().pass(2_000);

    expect(await post(id)).toMatchObject(REFUSED);
    expect(await post("F0000000000")).toMatchObject(REFUSED);
    const served = await fetch(new URL(`/sandbox/slack/files/${id}`, slack().apiUrl()));
    expect(served.status).toBe(404);
  });
});

describe("an upload", () => {
  it("takes as much as was announced, once", async () => {
    const { url } = await begin();

    expect(await send(url, Buffer.concat([PNG, PNG]))).toBe(400);
    expect(await send(url)).toBe(200);
    expect(await send(url)).toBe(404);
  });

  it("takes a form with the file, as Slack's own client sends it", async () => {
    const { id, url } = await begin();
    const form = new FormData();
    form.set("file", new Blob([PNG]), "a.png");

    expect(await send(url, form)).toBe(200);
    expect(await complete(id)).toMatchObject({ ok: true, files: [{ id, title: "A" }] });
  });

  it("is completed with its content only, and once", async () => {
    const { id, url } = await begin();
    expect(await complete(id)).toMatchObject({ ok: false, error: "file_not_found" });
    await send(url);

    expect(await complete(id)).toMatchObject({ ok: true });
    expect(await complete(id)).toMatchObject({ ok: false, error: "file_not_found" });
  });

  it("needs files:write", async () => {
    const answer = await call(bare(), "files.getUploadURLExternal", { filename: "a", length: 1 });

    expect(answer).toMatchObject({ ok: false, error: "missing_scope", needed: "files:write" });
  });
});

describe("a workspace that does not know a block", () => {
  it("refuses it by its type until it is told otherwise", async () => {
    slack().faults.add({ kind: "refuse_blocks" });
    const blocks = [
      { type: "divider" },
      { type: "data_table", caption: "c", rows: [[RAW], [RAW]] },
    ];
    const tryIt = async () =>
      await call(slack(), "chat.postMessage", { channel: "#finops", text: "a", blocks });

    expect(await tryIt()).toMatchObject({
      error: "invalid_blocks",
      errors: ["unsupported type: data_table [json-pointer:/blocks/1/type]"],
    });
    expect(await tryIt()).toMatchObject({ ok: false });
    slack().faults.clear();
    expect(await tryIt()).toMatchObject({ ok: true });
  });
});

const RAW = { type: "raw_text", text: "x" };
