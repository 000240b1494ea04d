/** Commands, clicks and forms while the database, Slack or the line is not well. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, instant } from "../../src/domain/time.ts";
import { createSlackApp, type SlackApp } from "../../src/slack/app.ts";
import { home, message, modal, section } from "../../src/slack/blocks.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import { openModal, type SlackListeners } from "../../src/slack/listener.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { useDatabase } from "../support/database.ts";
import { type FakeSlackInTest, PATIENCE_MS, PEOPLE, useFakeSlack } from "../support/fake-slack.ts";
import { type RecordedLog, recordLog, signed } from "./recording-slack.ts";

const db = useDatabase();
const slack = useFakeSlack();

const FORM = (text: string) =>
  modal({ callbackId: "form", title: "Form", submit: "Go", blocks: [section(text)] });

/** What listeners wait for before they do anything. */
let slowness: () => Promise<void> = async () => await Promise.resolve();

const listeners: SlackListeners = {
  subcommands: [
    {
      name: "",
      usage: "",
      description: "",
      async run({ text, respond }) {
        const shown = message(`heard ${text}`, [
          section(`heard ${text}`, {
            type: "button",
            action_id: "more",
            text: { type: "plain_text", text: "More", emoji: true },
            value: text,
          }),
        ]);
        await respond(shown);
      },
    },
    {
      name: "form",
      usage: "form",
      description: "",
      async run({ web, triggerId }) {
        await slowness();
        await openModal({ web, triggerId }, FORM("Loading…"), async () => {
          await Promise.resolve();
          return FORM("filled");
        });
      },
    },
  ],
  actions: [
    {
      actionId: "more",
      async run({ value, respond }) {
        await slowness();
        await respond(message(`more of ${value}`, [section(`more of ${value}`)]));
      },
    },
  ],
  shortcuts: [
    {
      callbackId: "request_budget_raise",
      async run({ web, triggerId }) {
        await slowness();
        await web.openView(triggerId, FORM("x"));
      },
    },
  ],
  views: [
    {
      callbackId: "form",
      validate: () => ({}),
      async run() {
        await Promise.reject(new Error("the work failed"));
      },
    },
  ],
  home: {
    async run({ actor, web }) {
      await web.publishHome(actor.slackUserId, home([section(`home of ${actor.email ?? "?"}`)]));
    },
  },
};

let server: Server | undefined;
let app: SlackApp | undefined;
let url = "";
let log: RecordedLog;
const clock: Clock = () => instant(Date.now());

beforeEach(async () => {
  slowness = async () => await Promise.resolve();
  log = recordLog();
  await db.pool.query("truncate slack_users");
  await startBot(slack(), {});
});

async function startBot(
  fake: FakeSlackInTest,
  {
    isSocketMode = false,
    timeoutMs = PATIENCE_MS,
  }: { readonly isSocketMode?: boolean; readonly timeoutMs?: number },
): Promise<void> {
  await stopBot();
  const { botToken, signingSecret, appToken } = fake.credentials;
  const web = createSlackWeb({ token: botToken, apiUrl: fake.apiUrl(), timeoutMs });
  const directory = createDirectory({ database: db.pool, web, clock });
  const config = {
    botToken,
    apiUrl: fake.apiUrl(),
    // Also how long it pauses after a failure to connect.
    ...(isSocketMode ? { appToken, pingTimeoutMs: 3_000 } : { signingSecret }),
  };
  app = createSlackApp({ web, directory, clock, config, log: log.log, listeners: [listeners] });
  await app.start();
  if (app.requestListener === undefined) return;
  server = createServer(app.requestListener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}/slack/events`;
  fake.setRequestUrl(url);
}

async function stopBot(): Promise<void> {
  await app?.stop();
  server?.closeAllConnections();
  server?.close();
  app = undefined;
  server = undefined;
}

afterEach(stopBot);

const bo = () => slack().as(PEOPLE.bo);
const heard = (text: string) => (shown: { readonly text: string }) => shown.text === text;

test("a command is acknowledged although the database is locked, and answered when it is not any more", async () => {
  const locking = await db.pool.connect();
  await locking.query("begin; lock table slack_users in access exclusive mode");
  expect(await bo().command("/claude-spend hello")).toEqual({ ok: true });

  expect(bo().messages("#general")).toEqual([]); // Nor that the database is away: it was not waited for.
  await locking.query("rollback");
  locking.release();
  await bo().waitForMessage("#general", heard("heard hello"));
});

describe("a trigger that expired meanwhile", () => {
  beforeEach(() => {
    slowness = async () => {
      slack().pass(3_500);
      await Promise.resolve();
    };
  });

  test("is told in the answer to the command", async () => {
    await bo().command("/claude-spend form");
    await bo().waitForMessage("#general", ({ text }) =>
      text.startsWith("Slack stopped waiting before the form could open."),
    );
    expect(bo().modal()).toBeUndefined();
  });

  test("is told by direct message after a shortcut, which has no other place", async () => {
    expect(await bo().shortcut("request_budget_raise")).toEqual({ ok: true });
    await bo().waitForMessage("dm", ({ text }) => text.startsWith("Slack stopped waiting"));
  });
});

describe("an answer that comes too late for its response_url", () => {
  test("after half an hour goes to the person directly", async () => {
    await bo().command("/claude-spend hello");
    const shown = await bo().waitForMessage("#general", heard("heard hello"));
    slowness = async () => {
      slack().pass(31 * 60_000);
      await Promise.resolve();
    };
    expect(await bo().click(shown, "more")).toEqual({ ok: true });
    await bo().waitForMessage("dm", heard("more of hello"));
  });

  test("also while Slack is busy: it waits as long as Slack asks", async () => {
    await bo().command("/claude-spend hello");
    const shown = await bo().waitForMessage("#general", heard("heard hello"));
    slowness = async () => {
      slack().pass(31 * 60_000);
      await Promise.resolve();
    };
    slack().faults.add({ kind: "ratelimited", method: "chat.postMessage", retryAfterSeconds: 0.1 });
    slack().faults.add({
      kind: "ratelimited",
      method: "conversations.open",
      retryAfterSeconds: 0.1,
    });
    await bo().click(shown, "more");
    await bo().waitForMessage("dm", heard("more of hello"));
    expect(bo().messages("dm")).toHaveLength(1);
  });
});

test("a double click is answered twice and fails nowhere", async () => {
  await bo().command("/claude-spend hello");
  const shown = await bo().waitForMessage("#general", heard("heard hello"));
  const clicks = await Promise.all([bo().click(shown, "more"), bo().click(shown, "more")]);
  expect(clicks).toEqual([{ ok: true }, { ok: true }]);
  await expect.poll(() => bo().messages("#general").filter(heard("more of hello"))).toHaveLength(2);
  expect(log.lines.filter((line) => line["outcome"] === "failed")).toEqual([]);
});

test("a form whose work fails is told to the person who sent it", async () => {
  await bo().command("/claude-spend form");
  const form = await bo().waitForModal(({ blocks }) => JSON.stringify(blocks).includes("filled"));
  expect(await bo().submit(form, {})).toMatchObject({ ok: true });
  await bo().waitForMessage("dm", ({ text }) =>
    text.startsWith("Something went wrong on our side"),
  );
});

describe("while Slack is slow or busy", () => {
  test("a person whom it does not name in time is told to try again", async () => {
    await startBot(slack(), { timeoutMs: 1_500 });
    slack().faults.add({ kind: "slow", method: "users.info", delayMs: 10_000 });
    expect(await bo().command("/claude-spend hello")).toEqual({ ok: true });
    await bo().waitForMessage(
      "#general",
      heard("Slack can't be reached right now. Try again in a minute."),
    );
  });

  test("so is one whom it does not name for its limits; the next try works", async () => {
    slack().faults.add({ kind: "ratelimited", method: "users.info" });
    expect(await bo().command("/claude-spend hello")).toEqual({ ok: true });
    await bo().waitForMessage(
      "#general",
      heard("Slack can't be reached right now. Try again in a minute."),
    );
    await bo().command("/claude-spend hello");
    await bo().waitForMessage("#general", heard("heard hello"));
  });
});

describe("requests as Slack may send them tomorrow", () => {
  const future = { is_new: true, context: { of: ["tomorrow"] }, user_locale: "de-DE" };
  const person = { id: PEOPLE.bo, team_id: "T01ACMECORP", name: "bo", ...future };
  const interaction = async (payload: Record<string, unknown>): Promise<Response> => {
    const body = {
      team: { id: "T01ACMECORP", domain: "acme", ...future },
      user: person,
      api_app_id: "A0",
      trigger_id: "t",
      ...future,
      ...payload,
    };
    return await send(new URLSearchParams({ payload: JSON.stringify(body) }).toString());
  };
  const send = async (body: string, contentType = "application/x-www-form-urlencoded") =>
    await fetch(url, signed(body, { secret: slack().credentials.signingSecret, contentType }));

  test("are understood: a command", async () => {
    const body = new URLSearchParams({
      command: "/claude-spend",
      text: "later",
      user_id: PEOPLE.bo,
      team_id: "T01ACMECORP",
      channel_id: "C01GENERAL0",
      response_url: "http://127.0.0.1:1/gone",
      trigger_id: "t",
      new_field: "1",
    });
    expect((await send(body.toString())).status).toBe(200);
    await bo().waitForMessage("dm", heard("heard later"));
  });

  test("are understood: a click, and a form", async () => {
    const action = { type: "button", action_id: "more", block_id: "b", value: "later", ...future };
    expect((await interaction({ type: "block_actions", actions: [action] })).status).toBe(200);
    await bo().waitForMessage("dm", heard("more of later"));

    const values = { a: { b: { type: "field_of_tomorrow", rich: future, value: null } } };
    const view = {
      id: "V1",
      type: "modal",
      callback_id: "form",
      private_metadata: "",
      state: { values },
      ...future,
    };
    const answer = await interaction({ type: "view_submission", view });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  test("are understood: an event; one that nobody knows is taken and left", async () => {
    const envelope = { type: "event_callback", team_id: "T01ACMECORP", ...future };
    const opened = {
      type: "app_home_opened",
      user: PEOPLE.bo,
      tab: "home",
      channel: "D0",
      event_ts: "1.1",
      ...future,
    };
    const json = "application/json";
    const taken = [
      await send(JSON.stringify({ ...envelope, event_id: "Ev1", event: opened }), json),
      await send(
        JSON.stringify({ ...envelope, event_id: "Ev2", event: { type: "from_tomorrow" } }),
        json,
      ),
    ];
    expect(taken.map(({ status }) => status)).toEqual([200, 200]);
    await bo().waitForHome(({ blocks }) => JSON.stringify(blocks).includes("home of bo@acme.test"));
  });
});

test("an event that Slack repeats is worked on once", async () => {
  const event = {
    type: "app_home_opened",
    user: PEOPLE.bo,
    tab: "home",
    channel: "D0",
    event_ts: "1.1",
  };
  const body = JSON.stringify({
    type: "event_callback",
    team_id: "T01ACMECORP",
    event_id: "EvAgain",
    event,
  });
  for (const attempt of ["0", "1", "2"]) {
    const request = signed(body, {
      secret: slack().credentials.signingSecret,
      contentType: "application/json",
    });
    const headers = new Headers(request.headers);
    if (attempt !== "0") headers.set("x-slack-retry-num", attempt);
    expect((await fetch(url, { ...request, headers })).status).toBe(200);
  }
  await bo().waitForHome();
  await app?.stop();
  expect(slack().calls("views.publish")).toHaveLength(1);
});

test("Socket Mode comes back when Slack renews the connection, also through errors", async () => {
  await startBot(slack(), { isSocketMode: true });
  await bo().command("/claude-spend one");
  await bo().waitForMessage("#general", heard("heard one"));
  const opened = slack().calls("apps.connections.open").length;

  slack().faults.add({ kind: "http_500", method: "apps.connections.open" });
  slack().socketMode.refresh();

  await expect
    .poll(
      () =>
        slack()
          .calls("apps.connections.open")
          .filter(({ status }) => status === 200).length,
    )
    .toBeGreaterThan(opened);
  await expect.poll(() => slack().socketMode.isConnected()).toBe(true);
  expect(await bo().command("/claude-spend two")).toEqual({ ok: true });
  await bo().waitForMessage("#general", heard("heard two"));
});
