/** The Slack plumbing against the strict fake, with what manifest.yml grants and no more. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseEmail } from "../../src/domain/email.ts";
import { type Clock, instant } from "../../src/domain/time.ts";
import { readManifest } from "../../src/sandbox/slack/index.ts";
import { createSlackApp, type SlackApp } from "../../src/slack/app.ts";
import { actions, button, home, input, message, modal, section } from "../../src/slack/blocks.ts";
import { createDirectory, type Directory } from "../../src/slack/directory.ts";
import { openModal, type SlackListeners } from "../../src/slack/listener.ts";
import { enqueueMessage, type OutboxEntry } from "../../src/slack/outbox.ts";
import { sendDueMessages } from "../../src/slack/sender.ts";
import { OPTIONAL_SCOPES, type SlackWeb } from "../../src/slack/web.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { useDatabase } from "../support/database.ts";
import { type FakeSlackInTest, PEOPLE, useFakeSlack } from "../support/fake-slack.ts";
import { matching, type RecordedLog, recordLog } from "./recording-slack.ts";

const db = useDatabase();
const manifest = readManifest(await readFile("manifest.yml", "utf8"));
/** As installed by someone who left out what is optional, and by someone who did not. */
const required = manifest.scopes.filter(
  (scope) => !OPTIONAL_SCOPES.some((optional) => optional === scope),
);
const all = [...required, ...OPTIONAL_SCOPES];

const listeners: SlackListeners = {
  subcommands: [
    {
      name: "",
      usage: "[SCOPE]",
      description: "Spend of a scope",
      async run({ actor, text, respond }) {
        const said = `${actor.email ?? "?"}: ${text}`;
        const more = button({ actionId: "more", text: "More", value: "id-7" });
        await respond(message(said, [section(said), actions([more])]));
      },
    },
  ],
  actions: [
    {
      actionId: "more",
      async run({ value, respond }) {
        await respond(message(`more of ${value}`, [section(`more of ${value}`)]));
      },
    },
  ],
  shortcuts: [
    {
      callbackId: "request_budget_raise",
      async run({ web, triggerId }) {
        const loading = modal({
          callbackId: "raise",
          title: "Raise",
          blocks: [section("Loading…")],
        });
        await openModal(
          { web, triggerId },
          loading,
          async () => await Promise.resolve(raiseForm()),
        );
      },
    },
  ],
  views: [
    {
      callbackId: "raise",
      validate: ({ amount }) => (amount === "0" ? { amount: "More than nothing" } : {}),
      async run({ actor, values, web }) {
        await web.publishHome(
          actor.slackUserId,
          home([section(`asked for ${values["amount"] ?? "?"}`)]),
        );
      },
    },
  ],
  home: {
    async run({ actor, web }) {
      await web.publishHome(actor.slackUserId, home([section(`home of ${actor.email ?? "?"}`)]));
    },
  },
};

function raiseForm(): ReturnType<typeof modal> {
  const element = { type: "plain_text_input", action_id: "amount" } as const;
  return modal({
    callbackId: "raise",
    title: "Raise",
    submit: "Ask",
    blocks: [input({ blockId: "amount", label: "Amount", element })],
  });
}

let server: Server | undefined;
let app: SlackApp | undefined;
let recorded: RecordedLog;

beforeEach(async () => {
  recorded = recordLog();
  await db.pool.query("delete from outbox_messages");
});

afterEach(async () => {
  await app?.stop();
  server?.closeAllConnections();
  server?.close();
  app = undefined;
  server = undefined;
});

/** The real time, since the fake goes by it. */
const clock: Clock = () => instant(Date.now());

interface Connected {
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly clock: Clock;
}

function connect(fake: FakeSlackInTest): Connected {
  const web = createSlackWeb({ token: fake.credentials.botToken, apiUrl: fake.apiUrl() });
  return { web, clock, directory: createDirectory({ database: db.pool, web, clock }) };
}

async function startBot(fake: FakeSlackInTest, isSocketMode: boolean): Promise<void> {
  const { botToken, signingSecret, appToken } = fake.credentials;
  const secret = isSocketMode ? { appToken } : { signingSecret };
  const config = { botToken, apiUrl: fake.apiUrl(), ...secret };
  app = createSlackApp({ ...connect(fake), config, listeners: [listeners], log: recorded.log });
  await app.start();
  if (app.requestListener === undefined) return;
  server = createServer(app.requestListener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  fake.setRequestUrl(`http://127.0.0.1:${String(port)}/slack/events`);
}

describe.each([
  ["over HTTP", false],
  ["in Socket Mode", true],
])("the bot %s", (_, isSocketMode) => {
  const fakeSlack = useFakeSlack({ manifest: { ...manifest, scopes: required } });

  it("answers commands, clicks, shortcuts, forms and the App Home", async () => {
    const fake = fakeSlack();
    await startBot(fake, isSocketMode);
    const bo = fake.as(PEOPLE.bo);

    await bo.command("/claude-spend search 7d");
    const answer = await bo.waitForMessage("#general", ({ text }) => text.includes("search 7d"));
    expect(answer).toMatchObject({ isEphemeral: true, text: matching(/^bo@.+: search 7d$/) });

    await bo.click(answer, "more");
    await bo.waitForMessage("#general", ({ text }) => text === "more of id-7");

    await bo.shortcut("request_budget_raise");
    const form = await bo.waitForModal(({ submit }) => submit !== null);
    expect(await bo.submit(form, { amount: "0" })).toMatchObject({
      errors: { amount: "More than nothing" },
    });
    await bo.submit(form, { amount: "100" });
    await bo.waitForHome((shown) => JSON.stringify(shown).includes("asked for 100"));

    await bo.openHome();
    await bo.waitForHome((shown) => JSON.stringify(shown).includes("home of bo@"));

    expect(recorded.lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });
});

describe("connecting", () => {
  const fakeSlack = useFakeSlack({ manifest: { ...manifest, scopes: required } });

  it("passes Slack's check of the request URL", async () => {
    await startBot(fakeSlack(), false);
    expect(await fakeSlack().verifyRequestUrl()).toBe(true);
  });
});

async function deliverTwice(fake: FakeSlackInTest, entry: OutboxEntry): Promise<void> {
  const connected = connect(fake);
  const deps = { ...connected, database: db.pool, log: recorded.log, random: () => 0 };
  await enqueueMessage(db.pool, entry, connected.clock());
  await sendDueMessages(deps);
  await db.pool.query("update outbox_messages set next_attempt_at = created_at");
  await sendDueMessages(deps);
}

describe("delivery through a line that breaks after Slack took the message", () => {
  const withHistory = useFakeSlack({ manifest: { ...manifest, scopes: all } });

  it("posts a direct message once when history can be read", async () => {
    const fake = withHistory();
    fake.faults.add({ kind: "drop_after", method: "chat.postMessage" });
    const { web } = connect(fake);
    const person = parseEmail((await web.loadUser(PEOPLE.bo)).email ?? "");
    if (person === undefined) throw new Error("people of the sandbox have addresses");

    await deliverTwice(fake, {
      dedupeKey: "alert:1",
      kind: "alert",
      destination: { person },
      message: message("80 % used", [section("80 % used")]),
    });

    expect(
      fake
        .as(PEOPLE.bo)
        .messages("dm")
        .map(({ text }) => text),
    ).toEqual(["80 % used"]);
    const { rows } = await db.pool.query("select status from outbox_messages");
    expect(rows).toEqual([{ status: "sent" }]);
  });

  it("posts to a channel once whose id Slack tells", async () => {
    const fake = withHistory();
    fake.faults.add({ kind: "drop_after", method: "chat.postMessage" });
    await deliverTwice(fake, {
      dedupeKey: "alert:2",
      kind: "alert",
      destination: { channel: "#finops" },
      message: message("80 % used", [section("80 % used")]),
    });
    expect(fake.messages("#finops")).toHaveLength(1);
  });
});

describe("delivery through such a line where the bot may not list channels", () => {
  const scopes = all.filter((scope) => !scope.endsWith(":read") || scope.startsWith("users"));
  const withHistory = useFakeSlack({ manifest: { ...manifest, scopes } });

  it("posts to a channel again, an alert only, when only its name is known", async () => {
    const fake = withHistory();
    fake.faults.add({ kind: "drop_after", method: "chat.postMessage", channel: "#finops" });
    fake.faults.add({ kind: "drop_after", method: "chat.postMessage", channel: "#team-search" });
    for (const kind of ["alert", "digest"] as const) {
      await deliverTwice(fake, {
        dedupeKey: kind,
        kind,
        destination: { channel: kind === "alert" ? "#finops" : "#team-search" },
        message: message(kind, [section(kind)]),
      });
    }
    expect(fake.messages("#team-search")).toHaveLength(1);
    expect(fake.messages("#finops")).toHaveLength(2);
  });
});
