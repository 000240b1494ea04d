/** Charts and tables on their way to workspaces that refuse them, against the strict fake. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addMs, type Clock, DAY_MS, instant } from "../../../src/domain/time.ts";
import { ACME } from "../../../src/sandbox/slack/workspace.ts";
import { createSlackApp, type SlackApp } from "../../../src/slack/app.ts";
import { type Block, chart, dataTable, message, section } from "../../../src/slack/blocks.ts";
import { answerDataBlocks } from "../../../src/slack/charts/sending.ts";
import { createDirectory } from "../../../src/slack/directory.ts";
import type { Subcommand } from "../../../src/slack/listener.ts";
import { enqueueMessage } from "../../../src/slack/outbox.ts";
import { sendDueMessages } from "../../../src/slack/sender.ts";
import type { SlackWeb } from "../../../src/slack/web.ts";
import { createSlackWeb } from "../../../src/slack/web-client.ts";
import { sortSlackError } from "../../../src/slack/web-errors.ts";
import { useDatabase } from "../../support/database.ts";
import {
  type FakeSlackInTest,
  PEOPLE,
  TEST_MANIFEST,
  useFakeSlack,
} from "../../support/fake-slack.ts";
import { matching, type RecordedLog, recordLog } from "../recording-slack.ts";

const db = useDatabase();
const TEAM_ID = ACME.slackTeamId;
const granted = { ...TEST_MANIFEST, scopes: [...TEST_MANIFEST.scopes, "channels:history"] };

const bars = chart({
  title: "Spend by team",
  kind: "bar",
  categories: ["Search", "Support"],
  series: [{ name: "Spend", values: [1234.5, 300] }],
});
const teams = dataTable({
  caption: "Teams",
  columns: [{ name: "Team" }, { name: "Spend", align: "right" }],
  rows: [
    ["Search", "$1,234.50"],
    ["Support", "$300.00"],
  ],
});

let recorded: RecordedLog;
let passedMs: number;
beforeEach(async () => {
  recorded = recordLog();
  passedMs = 0;
  await db.pool.query("delete from slack_abilities");
  await db.pool.query("delete from outbox_messages");
});
const clock: Clock = () => addMs(instant("2026-11-23T12:00:00Z"), passedMs);

/** Waiting costs nothing: both clocks are turned instead. */
function depsFor(fake: FakeSlackInTest) {
  const wait = async (ms: number) => {
    passedMs += ms;
    fake.pass(ms);
    await Promise.resolve();
  };
  return { database: db.pool, clock, log: recorded.log, wait };
}

function connect(fake: FakeSlackInTest): SlackWeb {
  return createSlackWeb({
    token: fake.credentials.botToken,
    apiUrl: fake.apiUrl(),
    dataBlocks: depsFor(fake),
  });
}

async function post(fake: FakeSlackInTest, ...blocks: readonly Block[]) {
  const key = String(fake.calls().length);
  return await connect(fake).postMessage({
    channel: "#finops",
    text: "Spend",
    blocks,
    dedupeKey: key,
  });
}

/** The blocks of each message, as the workspace shows them. */
function shown(fake: FakeSlackInTest) {
  return fake.messages("#finops").map(({ blocks }) => blocks);
}

function types(fake: FakeSlackInTest) {
  return shown(fake).map((blocks) => blocks.map(({ type }) => type));
}

async function refusals(): Promise<readonly unknown[]> {
  const { rows } = await db.pool.query<{ readonly team: string; readonly type: string }>(
    `select slack_abilities.slack_team_id as team, slack_abilities.block_type as type
       from slack_abilities order by slack_abilities.block_type`,
  );
  return rows.map(({ team, type }) => `${team} ${type}`);
}

const posts = (fake: FakeSlackInTest) => fake.calls("chat.postMessage").length;
const refuse = (fake: FakeSlackInTest, ...blockTypes: readonly string[]) => {
  fake.faults.add({ kind: "refuse_blocks", blockTypes });
};

describe("a message with a chart", () => {
  const slack = useFakeSlack({ manifest: granted });

  it("arrives as it is where the workspace takes it", async () => {
    await post(slack(), bars, teams);

    expect(types(slack())).toEqual([["data_visualization", "data_table"]]);
    expect(posts(slack())).toBe(1);
    expect(await refusals()).toEqual([]);
  });

  it("arrives once, as a picture with its numbers, where the workspace refuses it", async () => {
    refuse(slack(), "data_visualization");

    const posted = await post(slack(), section("Spend"), bars);

    expect(
      slack()
        .messages("#finops")
        .map(({ ts }) => ts),
    ).toEqual([posted.ts]);
    const [, picture] = shown(slack())[0] ?? [];
    expect(picture).toMatchObject({
      type: "image",
      alt_text: "Bar chart of Spend by team. Search $1,234.50, Support $300.00.",
      title: { text: "Spend by team" },
    });
    expect(await refusals()).toEqual([`${TEAM_ID} data_visualization`]);
  });

  it("goes out right at once when the workspace is known to refuse it", async () => {
    refuse(slack(), "data_visualization");
    await post(slack(), bars);
    slack().pass(60_000);
    slack().clearCalls();

    await post(slack(), bars);

    const bodies = slack()
      .calls("chat.postMessage")
      .map(({ args }) => String(args["blocks"]));
    expect(bodies.filter((body) => body.includes("data_visualization"))).toEqual([]);
    expect(types(slack())).toEqual([["image"], ["image"]]);
  });

  it("is shown again as it is a week later, when the workspace takes it by then", async () => {
    refuse(slack(), "data_visualization");
    await post(slack(), bars);
    slack().faults.clear();
    passedMs += 6 * DAY_MS;
    await post(slack(), bars);
    passedMs += 2 * DAY_MS;
    await post(slack(), bars);

    expect(types(slack())).toEqual([["image"], ["image"], ["data_visualization"]]);
    expect(await refusals()).toEqual([]);
  });

  it("is tried again only after another week when it is still refused", async () => {
    refuse(slack(), "data_visualization");
    await post(slack(), bars);
    passedMs += 8 * DAY_MS;
    await post(slack(), bars);
    slack().faults.clear();
    passedMs += 5 * DAY_MS;
    await post(slack(), bars);

    expect(types(slack())).toEqual([["image"], ["image"], ["image"]]);
  });

  it("is changed in place in the same way", async () => {
    refuse(slack(), "data_visualization");
    const { channelId, ts } = await post(slack(), section("before"));

    await connect(slack()).updateMessage({ channel: channelId, ts, text: "x", blocks: [bars] });

    expect(types(slack())).toEqual([["image"]]);
  });

  it("waits for a rate limit that the refused attempt used up", async () => {
    refuse(slack(), "data_visualization");
    slack().faults.add({ kind: "slow", method: "chat.postMessage", delayMs: 0 });
    slack().faults.add({ kind: "ratelimited", method: "chat.postMessage", retryAfterSeconds: 1 });

    await post(slack(), bars);

    expect(types(slack())).toEqual([["image"]]);
  });

  it("leaves a long rate limit to the outbox, knowing the workspace by then", async () => {
    refuse(slack(), "data_visualization");
    slack().faults.add({ kind: "slow", method: "chat.postMessage", delayMs: 0 });
    slack().faults.add({ kind: "ratelimited", method: "chat.postMessage", retryAfterSeconds: 30 });

    await expect(post(slack(), bars)).rejects.toMatchObject({ code: "unavailable" });

    expect(await refusals()).toEqual([`${TEAM_ID} data_visualization`]);
    expect(types(slack())).toEqual([]);
  });

  it("begins no attempt that another sender could have begun by then", async () => {
    refuse(slack(), "data_visualization");
    const wait = async () => {
      passedMs += 20_000;
      await Promise.resolve();
    };
    const late = createSlackWeb({
      token: slack().credentials.botToken,
      apiUrl: slack().apiUrl(),
      dataBlocks: { ...depsFor(slack()), wait },
    });
    slack().faults.add({ kind: "slow", method: "chat.postMessage", delayMs: 0 });
    slack().faults.add({ kind: "ratelimited", method: "chat.postMessage", retryAfterSeconds: 1 });
    const sending = late.postMessage({
      channel: "#finops",
      text: "Spend",
      blocks: [bars],
      dedupeKey: "late",
    });

    const error: unknown = await sending.catch((thrown: unknown) => thrown);
    expect(sortSlackError(error)).toEqual({ kind: "retry", reason: "unavailable" });
    expect(posts(slack())).toBe(2);
  });

  it("fails for good when its other blocks are refused, and blames no chart", async () => {
    const broken: Block = { type: "section", text: { type: "mrkdwn", text: "", verbatim: true } };

    await expect(post(slack(), bars, broken)).rejects.toMatchObject({
      code: "internal",
      message: matching(/\/blocks\/1\/text\/text/),
    });

    expect(types(slack())).toEqual([]);
    expect(await refusals()).toEqual([]);
  });

  it("arrives without a chart of ours that is wrong, and blames no workspace", async () => {
    const wrong: Block = { ...bars, title: "x".repeat(60) };

    await post(slack(), wrong);

    expect(types(slack())).toEqual([["image"]]);
    expect(await refusals()).toEqual([]);
  });
});

describe("two workspaces", () => {
  const slack = useFakeSlack({ manifest: granted });
  const other = useFakeSlack({ manifest: granted, team: { ...ACME, slackTeamId: "T02OTHER000" } });

  it("each get what they take, whoever comes first", async () => {
    refuse(slack(), "data_visualization");
    await Promise.all([post(slack(), bars), post(other(), bars)]);
    await Promise.all([post(other(), bars), post(slack(), bars)]);

    expect(types(slack())).toEqual([["image"], ["image"]]);
    expect(types(other())).toEqual([["data_visualization"], ["data_visualization"]]);
    expect(await refusals()).toEqual([`${TEAM_ID} data_visualization`]);
  });
});

describe("a chart that can be no picture", () => {
  const slack = useFakeSlack({ manifest: granted });
  const slow = useFakeSlack({ manifest: granted, fileProcessingMs: DAY_MS });
  const scopes = granted.scopes.filter((scope) => scope !== "files:write");
  const without = useFakeSlack({ manifest: { ...granted, scopes } });

  async function expectText(fake: FakeSlackInTest, block: Block = bars): Promise<string> {
    refuse(fake, "data_visualization");
    await post(fake, block);
    expect(types(fake)).toEqual([["section"]]);
    return JSON.stringify(shown(fake));
  }

  it("is text when the bot may not write files", async () => {
    expect(await expectText(without())).toContain("Search  ▇▇▇▇▇▇▇▇▇▇ $1,234.50");
  });

  it.each([
    ["ratelimited", "files.getUploadURLExternal"],
    ["drop_after", "files.getUploadURLExternal"],
    ["http_500", "files.completeUploadExternal"],
  ] as const)("is text when the upload meets %s at %s", async (kind, method) => {
    slack().faults.add({ kind, method });
    expect(await expectText(slack())).toContain("$1,234.50");
  });

  it("is text when Slack looks at pictures for too long, after a few tries", async () => {
    expect(await expectText(slow())).toContain("$1,234.50");
    expect(posts(slow())).toBeLessThan(9);
  });

  it("is text when the names have letters that the font has not", async () => {
    const block = chart({
      title: "Teams",
      kind: "bar",
      categories: ["検索", "فريق البحث"],
      series: [{ name: "Spend", values: [1, 2] }],
    });
    expect(await expectText(slack(), block)).toContain("検索");
    expect(slack().calls("files.getUploadURLExternal")).toEqual([]);
  });
});

describe("a message with a table", () => {
  const slack = useFakeSlack({ manifest: granted });

  it("has a plain table where the workspace refuses the other", async () => {
    refuse(slack(), "data_table");
    await post(slack(), bars, teams);

    expect(types(slack())).toEqual([["data_visualization", "table"]]);
    expect(shown(slack())[0]?.[1]).toMatchObject({
      column_settings: [{ align: "left" }, { align: "right" }],
    });
    expect(await refusals()).toEqual([`${TEAM_ID} data_table`]);
  });

  it("has columns of text where the workspace knows no table at all", async () => {
    refuse(slack(), "data_visualization", "data_table", "table");
    await post(slack(), bars, teams);

    expect(types(slack())).toEqual([["image", "section"]]);
    expect(shown(slack())[0]?.[1]).toMatchObject({
      text: {
        text: "*Teams*\n```\nTeam         Spend\nSearch   $1,234.50\nSupport    $300.00\n```",
      },
    });
    expect(await refusals()).toHaveLength(3);
  });
});

describe("delivery by the outbox", () => {
  const slack = useFakeSlack({ manifest: granted });
  const quick = useFakeSlack({ manifest: granted, fileProcessingMs: 0 });

  async function deliver(fake: FakeSlackInTest, times: number): Promise<readonly string[]> {
    const web = connect(fake);
    const directory = createDirectory({ database: db.pool, web, clock });
    const deps = { database: db.pool, web, directory, clock, log: recorded.log };
    const entry = {
      dedupeKey: "digest:1",
      kind: "digest",
      destination: { channel: "#finops" },
      message: message("Spend", [section("Spend"), bars, teams]),
    } as const;
    await enqueueMessage(db.pool, entry, clock());
    for (let time = 0; time < times; time += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await sendDueMessages(deps);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await db.pool.query("update outbox_messages set next_attempt_at = created_at");
    }
    const { rows } = await db.pool.query<{ readonly status: string }>(
      "select outbox_messages.status from outbox_messages",
    );
    return rows.map(({ status }) => status);
  }

  it("brings it once to a workspace that refuses both blocks", async () => {
    refuse(slack(), "data_visualization", "data_table");

    expect(await deliver(slack(), 2)).toEqual(["sent"]);
    expect(types(slack())).toEqual([["section", "image", "table"]]);
  });

  it("finds what it posted in another form when the answer gets lost", async () => {
    const fake = quick();
    refuse(fake, "data_visualization", "data_table");
    fake.faults.add({ kind: "slow", method: "chat.postMessage", delayMs: 0 });
    fake.faults.add({ kind: "drop_after", method: "chat.postMessage" });

    expect(await deliver(fake, 1)).toEqual(["unknown"]);
    expect(types(fake)).toEqual([["section", "image", "table"]]);
    expect(await deliver(fake, 1)).toEqual(["sent"]);
    expect(types(fake)).toEqual([["section", "image", "table"]]);
  });

  it("brings it once when the line breaks between picture and message", async () => {
    refuse(slack(), "data_visualization", "data_table");
    slack().faults.add({ kind: "slow", method: "chat.postMessage", delayMs: 0 });
    slack().faults.add({ kind: "drop_before", method: "chat.postMessage" });

    expect(await deliver(slack(), 2)).toEqual(["sent"]);
    expect(types(slack())).toEqual([["section", "image", "table"]]);
  });

  it("fails a message for good that is refused in every form", async () => {
    refuse(slack(), "data_visualization", "data_table", "table", "section");

    expect(await deliver(slack(), 1)).toEqual(["failed"]);
  });
});

describe("an answer to a command", () => {
  const slack = useFakeSlack({ manifest: granted });
  let app: SlackApp | undefined;
  let server: Server | undefined;
  afterEach(async () => {
    await app?.stop();
    server?.closeAllConnections();
    server?.close();
  });

  async function startBot(fake: FakeSlackInTest): Promise<void> {
    const web = connect(fake);
    const { botToken, signingSecret } = fake.credentials;
    const deps = depsFor(fake);
    const run: Subcommand["run"] = async ({ respond }) => {
      await respond(message("Spend", [section("Spend"), bars, teams]));
    };
    app = createSlackApp({
      ...deps,
      web,
      directory: createDirectory({ ...deps, web }),
      config: { botToken, signingSecret, apiUrl: fake.apiUrl() },
      listeners: [{ subcommands: [{ name: "", usage: "", description: "Spend", run }] }],
      dataBlocks: deps,
    });
    await app.start();
    server = createServer(app.requestListener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    fake.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
  }

  async function ask(fake: FakeSlackInTest): Promise<readonly string[]> {
    const bo = fake.as(PEOPLE.bo);
    const before = bo.messages("#general").length;
    await bo.command("/claude-spend");
    const answer = await bo.waitForMessage("#general", () => {
      return bo.messages("#general").length > before;
    });
    expect(answer.isEphemeral).toBe(true);
    return answer.blocks.map(({ type }) => type);
  }

  it("has text, never a picture, where the workspace refuses a chart", async () => {
    await startBot(slack());
    refuse(slack(), "data_visualization");

    expect(await ask(slack())).toEqual(["section", "section", "table"]);
    expect(await ask(slack())).toEqual(["section", "section", "table"]);
    expect(await refusals()).toEqual([`${TEAM_ID} data_table`, `${TEAM_ID} data_visualization`]);
    expect(slack().calls("files.getUploadURLExternal")).toEqual([]);
    expect(slack().calls("chat.postMessage")).toEqual([]);
  });

  it("has both where the workspace takes them", async () => {
    await startBot(slack());

    expect(await ask(slack())).toEqual(["section", "data_visualization", "data_table"]);
  });

  it.each([
    ["ok", ["data_visualization"]],
    ['{"ok":false,"error":"invalid_blocks"}', ["data_visualization", "section"]],
  ])("is tried as often as Slack's words %s ask for, whatever the status", async (said, tried) => {
    const attempts: string[] = [];
    await answerDataBlocks(
      depsFor(slack()),
      { slackTeamId: "T", blocks: [bars] },
      async (blocks) => {
        attempts.push(...blocks.map(({ type }) => type));
        return await Promise.resolve(new Response(attempts.length > 1 ? "ok" : said));
      },
    );

    expect(attempts).toEqual(tried);
  });

  it("fails when Slack takes no answer any more, whatever the status", async () => {
    const to = { slackTeamId: "T", blocks: [bars] };
    const answering = answerDataBlocks(depsFor(slack()), to, async () => {
      return await Promise.resolve(new Response('{"ok":false,"error":"expired_url"}'));
    });

    await expect(answering).rejects.toThrow("expired_url");
    expect(await refusals()).toEqual([]);
  });

  it("knows from answers what messages need not try, and the other way round", async () => {
    await startBot(slack());
    refuse(slack(), "data_visualization");
    await post(slack(), bars);

    expect(await ask(slack())).toEqual(["section", "section", "data_table"]);
  });
});
