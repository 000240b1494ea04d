import { EventEmitter, once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createSlackApp, type SlackApp, type SlackAppDeps } from "../../src/slack/app.ts";
import { home, message, section } from "../../src/slack/blocks.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import type { SlackListeners, Subcommand } from "../../src/slack/listener.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import {
  aSlackUser,
  matching,
  type RecordedLog,
  type RecordingSlack,
  recordLog,
  signed,
  startRecordingSlack,
  TEAM_ID,
} from "./recording-slack.ts";

const SECRET = "a-signing-secret";
const FORM = "application/x-www-form-urlencoded";
const db = useDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");

let slack: RecordingSlack;
let server: Server | undefined;
let recorded: RecordedLog;

beforeEach(async () => {
  slack = await startRecordingSlack();
  slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
  recorded = recordLog();
});

afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  await slack.close();
});

function deps(listeners: SlackListeners, overrides: Partial<SlackAppDeps> = {}): SlackAppDeps {
  const web = createSlackWeb({ token: "xoxb-test", apiUrl: slack.apiUrl });
  return {
    config: { signingSecret: SECRET, botToken: "xoxb-test", apiUrl: slack.apiUrl },
    listeners: [listeners],
    web,
    directory: createDirectory({ database: db.pool, web, clock }),
    clock,
    log: recorded.log,
    ...overrides,
  };
}

async function serve(
  listeners: SlackListeners,
  overrides: Partial<SlackAppDeps> = {},
): Promise<{ readonly app: SlackApp; readonly url: string }> {
  const app = createSlackApp(deps(listeners, overrides));
  const { requestListener } = app;
  if (requestListener === undefined) throw new Error("HTTP mode has a request listener");
  server = createServer(requestListener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${String(port)}/slack/events` };
}

async function command(
  url: string,
  text: string,
  responseUrl = slack.responseUrl,
): Promise<Response> {
  const form = new URLSearchParams({
    command: "/claude-spend",
    text,
    user_id: "U0BO",
    team_id: TEAM_ID,
    channel_id: "C1",
    trigger_id: "t1",
    response_url: responseUrl,
  });
  return await fetch(url, signed(form.toString(), { secret: SECRET, contentType: FORM }));
}

async function interaction(url: string, payload: Record<string, unknown>): Promise<Response> {
  const body = {
    user: { id: "U0BO", name: "bo", team_id: TEAM_ID },
    team: { id: TEAM_ID, domain: "acme" },
    trigger_id: "t1",
    ...payload,
  };
  const form = new URLSearchParams({ payload: JSON.stringify(body) });
  return await fetch(url, signed(form.toString(), { secret: SECRET, contentType: FORM }));
}

async function homeOpened(url: string, eventId: string, tab = "home"): Promise<Response> {
  const event = { type: "app_home_opened", user: "U0BO", tab, channel: "D0BO", event_ts: "1.1" };
  const body = { type: "event_callback", team_id: TEAM_ID, event_id: eventId, event };
  return await fetch(
    url,
    signed(JSON.stringify(body), { secret: SECRET, contentType: "application/json" }),
  );
}

/** A promise that a test resolves. */
function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const opened = new EventEmitter();
  return {
    promise: once(opened, "open").then(() => undefined),
    resolve: () => void opened.emit("open"),
  };
}

function subcommand(name: string, run: Subcommand["run"]): Subcommand {
  return { name, usage: name, description: name, run };
}

/** Says back what it was given. */
function echo(name: string): Subcommand {
  return subcommand(name, async ({ actor, text, respond }) => {
    const said = `${name}|${text}|${actor.email ?? "?"}`;
    await respond(message(said, [section(said)]));
  });
}

const answers = (): readonly unknown[] => slack.responses.map(({ text }) => text);
const summary = (work: string): Record<string, unknown> | undefined =>
  recorded.lines.find((line) => line["work"] === work);

describe("/claude-spend", () => {
  it.each([
    ["raise team-x 100", "raise|team-x 100|bo@acme.test"],
    ["  RAISE   team-x", "raise|team-x|bo@acme.test"],
    ["raise", "raise||bo@acme.test"],
    ["raised team-x", "|raised team-x|bo@acme.test"],
    ["<@U0BO|bo> 7d", "|<@U0BO|bo> 7d|bo@acme.test"],
    ["", "||bo@acme.test"],
  ])("with %j answers %j, to that person only", async (typed, answer) => {
    const { url } = await serve({ subcommands: [echo("raise"), echo("")] });

    expect((await command(url, typed)).status).toBe(200);

    await expect.poll(answers).toEqual([answer]);
    expect(slack.responses[0]).toMatchObject({
      response_type: "ephemeral",
      replace_original: false,
      blocks: [{ type: "section" }],
    });
    await expect.poll(() => recorded.lines).toHaveLength(1);
    expect(recorded.lines[0]).toMatchObject({
      level: 30,
      outcome: "done",
      duration_ms: 0,
      slack_user_id: "U0BO",
    });
  });

  it("is acknowledged before the database or Slack is asked anything", async () => {
    let isAsked = false;
    const { promise: asked, resolve: answer } = gate();
    const { directory } = deps({});
    const { url } = await serve(
      { subcommands: [echo("")] },
      {
        directory: {
          ...directory,
          async loadSlackUser(id) {
            isAsked = true;
            await asked;
            return await directory.loadSlackUser(id);
          },
        },
      },
    );

    const response = await command(url, "search");

    expect(response.status).toBe(200);
    expect(isAsked).toBe(true);
    expect(slack.calls).toEqual([]);
    answer();
    await expect.poll(answers).toEqual(["|search|bo@acme.test"]);
  });

  it("passes on that Slack tells no address", async () => {
    slack.users.set("U0BO", aSlackUser("U0BO", undefined));
    await db.pool.query("delete from slack_users");
    const { url } = await serve({ subcommands: [echo("")] });
    await command(url, "x");
    await expect.poll(answers).toEqual(["|x|?"]);
    await db.pool.query("delete from slack_users");
  });

  it("answers by direct message when the response_url has expired", async () => {
    const { url } = await serve({ subcommands: [echo("")] });

    await command(url, "x", slack.expiredResponseUrl);

    await expect
      .poll(() => slack.posted)
      .toMatchObject([{ channel: "D0BO", text: "|x|bo@acme.test" }]);
    await expect.poll(() => summary("command")).toMatchObject({ outcome: "done" });
  });
});

describe("a failure", () => {
  it.each([
    [
      "of our own",
      new TypeError("secret detail"),
      /^Something went wrong on our side \(id [0-9a-f]{8}\)\. Nothing was changed\.$/,
      50,
    ],
    [
      "of the database",
      new AppError({ code: "unavailable", message: "The database can't be reached right now." }),
      /^The database can't be reached right now\. Try again in a minute\.$/,
      40,
    ],
    [
      "of the database that pg reports itself",
      Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
      /^The database can't be reached right now\. Try again in a minute\.$/,
      40,
    ],
    [
      "with a sentence for people",
      new AppError({ code: "not-found", message: "There is no team “serch”." }),
      /^There is no team “serch”\.$/,
      40,
    ],
    [
      "of the token",
      new AppError({ code: "unauthorized", message: "Slack refuses the bot's token (x)." }),
      /^Slack doesn't let this bot do that \(id [0-9a-f]{8}\)\. Please tell whoever runs it\.$/,
      50,
    ],
  ])("%s is one sentence for the person and one line for us", async (_, error, sentence, level) => {
    const failing = subcommand("", async () => await Promise.reject(error));
    const { url } = await serve({ subcommands: [failing] });

    expect((await command(url, "x")).status).toBe(200);

    await expect.poll(answers).toEqual([expect.stringMatching(sentence)]);
    const failures = recorded.lines.filter((line) => line["outcome"] === "failed");
    expect(failures).toMatchObject([{ level, work: "command", slack_user_id: "U0BO" }]);
    const shownId = /\(id ([0-9a-f]{8})\)/.exec(String(answers()[0]))?.[1];
    expect([undefined, failures[0]?.["problem_id"]]).toContain(shownId);
  });

  it("in a form is told by direct message", async () => {
    const { url } = await serve({
      views: [
        {
          callbackId: "raise",
          validate: () => ({}),
          run: async () => await Promise.reject(new Error("bug")),
        },
      ],
    });

    await interaction(url, viewSubmission({}));

    await expect
      .poll(() => slack.posted)
      .toMatchObject([{ channel: "D0BO", text: matching(/went wrong/) }]);
  });
});

function viewSubmission(values: Record<string, unknown>): Record<string, unknown> {
  const view = {
    id: "V1",
    type: "modal",
    callback_id: "raise",
    private_metadata: "budget-1",
    state: { values },
  };
  return { type: "view_submission", view };
}

function filled(amount: string | null): Record<string, unknown> {
  return viewSubmission({
    amount: { a: { type: "plain_text_input", value: amount } },
    until: { d: { type: "datepicker", selected_date: "2026-12-01" } },
    scope: { s: { type: "static_select", selected_option: { value: "team:search" } } },
    reason: { r: { type: "plain_text_input", value: null } },
  });
}

describe("a form", () => {
  it("stays open with the problems beside its fields, and nothing runs", async () => {
    const runs: unknown[] = [];
    const { url } = await serve({
      views: [
        {
          callbackId: "raise",
          validate: ({ amount }) => (amount === undefined ? { amount: "Say how much" } : {}),
          run: async ({ values, privateMetadata, actor }) => {
            await Promise.resolve();
            runs.push({ values, privateMetadata, email: actor.email });
          },
        },
      ],
    });

    const refused = await interaction(url, filled(null));
    expect(await refused.json()).toEqual({
      response_action: "errors",
      errors: { amount: "Say how much" },
    });
    expect(runs).toEqual([]);

    const accepted = await interaction(url, filled("100"));
    expect(await accepted.text()).toBe("");
    await expect
      .poll(() => runs)
      .toEqual([
        {
          values: { amount: "100", until: "2026-12-01", scope: "team:search", reason: undefined },
          privateMetadata: "budget-1",
          email: "bo@acme.test",
        },
      ]);
  });

  it("whose check breaks is not taken as accepted", async () => {
    const { url } = await serve({
      views: [
        {
          callbackId: "raise",
          validate: () => {
            throw new Error("bug");
          },
          run: async () => await Promise.reject(new Error("must not run")),
        },
      ],
    });
    const response = await interaction(
      url,
      viewSubmission({ amount: { a: { type: "plain_text_input", value: "1" } } }),
    );
    expect(await response.json()).toMatchObject({
      errors: { amount: matching(/went wrong on our side/) },
    });
  });
});

function clicked(actionId: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const button = { type: "button", action_id: actionId, block_id: "b", value: "request-7" };
  return {
    type: "block_actions",
    response_url: slack.responseUrl,
    actions: [{ ...button, ...more }],
  };
}

describe("a button", () => {
  const listeners: SlackListeners = {
    actions: [
      {
        actionId: "approve",
        run: async ({ value, actor, respond, triggerId }) => {
          const said = `${value} ${actor.email ?? "?"} ${triggerId}`;
          await respond(message(said, [section(said)]));
        },
      },
    ],
  };

  it("runs the listener of its action with its value", async () => {
    const { url } = await serve(listeners);
    expect((await interaction(url, clicked("approve"))).status).toBe(200);
    await expect.poll(answers).toEqual(["request-7 bo@acme.test t1"]);
  });

  it("of an earlier version says so", async () => {
    const { url } = await serve(listeners);
    expect((await interaction(url, clicked("gone"))).status).toBe(200);
    await expect.poll(answers).toEqual([expect.stringContaining("earlier version")]);
  });

  it("that is a link is acknowledged and no more", async () => {
    const { url } = await serve(listeners);
    const link = clicked("open", { url: "https://example.test" });
    expect((await interaction(url, link)).status).toBe(200);
    expect(slack.responses).toEqual([]);
    expect(recorded.lines).toEqual([]);
  });

  it("of the App Home, which has no response_url, is answered by direct message", async () => {
    const { url } = await serve(listeners);
    const { response_url: _, ...fromHome } = clicked("approve");
    await interaction(url, fromHome);
    await expect
      .poll(() => slack.posted)
      .toMatchObject([{ channel: "D0BO", text: matching(/^request-7 bo@/) }]);
  });
});

it("a shortcut runs its listener with the trigger", async () => {
  const { url } = await serve({
    shortcuts: [
      {
        callbackId: "request_budget_raise",
        run: async ({ web, triggerId }) => {
          const view = { type: "modal", callback_id: "raise", private_metadata: "" } as const;
          const title = { type: "plain_text", text: "Raise", emoji: true } as const;
          await web.openView(triggerId, { ...view, title, close: title, blocks: [] });
        },
      },
    ],
  });
  await interaction(url, { type: "shortcut", callback_id: "request_budget_raise" });
  await expect
    .poll(() => slack.callsOf("views.open"))
    .toMatchObject([{ params: { trigger_id: "t1" } }]);
});

describe("the App Home", () => {
  const listeners: SlackListeners = {
    home: {
      run: async ({ actor, web }) => {
        await web.publishHome(actor.slackUserId, home([section(actor.email ?? "?")]));
      },
    },
  };

  it("is shown once for an event that Slack repeats, and not for the messages tab", async () => {
    const { app, url } = await serve(listeners);
    await homeOpened(url, "Ev1");
    await homeOpened(url, "Ev1");
    await homeOpened(url, "Ev2", "messages");
    await homeOpened(url, "Ev3");
    await app.stop();
    expect(slack.callsOf("views.publish")).toHaveLength(2);
  });

  it("shows what went wrong", async () => {
    const { url } = await serve({
      home: { run: async () => await Promise.reject(new Error("bug")) },
    });
    await homeOpened(url, "Ev1");
    await expect
      .poll(() => slack.callsOf("views.publish").map(({ params }) => params["view"]))
      .toEqual([expect.stringContaining("went wrong on our side")]);
  });
});

describe("a request that is not Slack's", () => {
  const body = new URLSearchParams({
    command: "/claude-spend",
    text: "",
    user_id: "U0BO",
  }).toString();
  const now = Math.floor(Date.now() / 1_000);

  it.each([
    ["signed with another secret", { secret: "wrong", contentType: FORM }, 401],
    ["older than five minutes", { secret: SECRET, contentType: FORM, atSeconds: now - 301 }, 401],
  ])("is refused: %s", async (_, options, status) => {
    const { url } = await serve({ subcommands: [echo("")] });
    expect((await fetch(url, signed(body, options))).status).toBe(status);
    expect(recorded.lines.filter((line) => line["work"] !== undefined)).toEqual([]);
  });

  it("is refused: a body changed after signing, a body too large, another method", async () => {
    const { url } = await serve({ subcommands: [echo("")] });
    const options = { secret: SECRET, contentType: FORM };
    const changed = { ...signed(body, options), body: `${body}&text=org` };
    expect((await fetch(url, changed)).status).toBe(401);
    expect((await fetch(url, signed("x".repeat(1_100_000), options))).status).toBe(413);
    expect((await fetch(url)).status).toBe(404);
  });
});

describe("start", () => {
  it("says what to do when Slack refuses the token", async () => {
    const { app } = await serve({});
    slack.fail("auth.test", { kind: "error", error: "invalid_auth" });
    await expect(app.start()).rejects.toMatchObject({
      code: "unauthorized",
      message: matching(/SLACK_BOT_TOKEN \(invalid_auth\).*OAuth & Permissions/),
    });
    await app.start();
  });

  it("says that Slack is away, which may pass", async () => {
    const { app } = await serve({});
    slack.fail("auth.test", { kind: "drop-before" });
    await expect(app.start()).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });

  it("says which app token Socket Mode needs", async () => {
    slack.answer("apps.connections.open", { ok: false, error: "invalid_auth" });
    const config = { botToken: "xoxb-test", appToken: "xapp-wrong", apiUrl: slack.apiUrl };
    const app = createSlackApp(deps({}, { config }));
    expect(app.requestListener).toBeUndefined();
    await expect(app.start()).rejects.toMatchObject({
      code: "unauthorized",
      message: matching(/SLACK_APP_TOKEN/),
    });
    await app.stop();
    expect(JSON.stringify(recorded.lines)).not.toContain("xapp-wrong");
  });

  it("needs a signing secret in HTTP mode", () => {
    const config = { botToken: "xoxb-test" };
    expect(() => createSlackApp(deps({}, { config }))).toThrow(/SLACK_SIGNING_SECRET/);
  });
});

it("stop waits for running work and takes nothing new", async () => {
  const { promise: finished, resolve: finish } = gate();
  const slow = subcommand("", async ({ respond }) => {
    await finished;
    await respond(message("done", [section("done")]));
  });
  const { app, url } = await serve({ subcommands: [slow] });
  await command(url, "");

  const stopped = app.stop();
  expect((await command(url, "")).status).toBe(503);
  finish();
  await stopped;

  expect(answers()).toEqual(["done"]);
});

it("two listeners for the same thing are refused at once", () => {
  expect(() => createSlackApp(deps({ subcommands: [echo("raise"), echo("Raise")] }))).toThrow(
    /one listener for subcommand "raise"/,
  );
});
