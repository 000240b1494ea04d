/** Slack's real Bolt and WebClient against the fake: what works here works there. */
import { App, LogLevel, SocketModeReceiver } from "@slack/bolt";
import { afterEach, describe, expect, it } from "vitest";
import { CHANNELS, PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { useBolt } from "./start-bolt.ts";

const slack = useFakeSlack();
const startBolt = useBolt(slack);
const plain = (text: string) => ({ type: "plain_text", text }) as const;
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } }) as const;
describe("a Bolt app over HTTP", () => {
  it("proves its request URL", async () => {
    await startBolt(() => undefined);

    expect(await slack().verifyRequestUrl()).toBe(true);
  });

  it("answers a command: acknowledged, then responded to", async () => {
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack, respond, command }) => {
        await ack();
        await respond({
          text: `spend of ${command.text}`,
          blocks: [section(command.channel_name)],
        });
      });
    });
    const bo = slack().as(PEOPLE.bo);

    expect(await bo.command("/claude-spend search @ana <3", "#team-search")).toEqual({ ok: true });

    const answer = await bo.waitForMessage("#team-search", (message) => message.isBot);
    expect(answer).toMatchObject({
      text: `spend of search <@${PEOPLE.ana}|ana> &lt;3`,
      isEphemeral: true,
      blocks: [{ text: { text: "team-search" } }],
    });
    expect(slack().as(PEOPLE.ana).messages("#team-search")).toEqual([]);
  });

  it("answers a command with the acknowledgement itself, text or JSON", async () => {
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack, command }) => {
        await (command.text === "text"
          ? ack("plain")
          : ack({ response_type: "in_channel", text: "for all" }));
      });
    });
    const bo = slack().as(PEOPLE.bo);

    await bo.command("/claude-spend text", "#team-search");
    await bo.command("/claude-spend json", "#team-search");

    expect(bo.messages("#team-search")).toMatchObject([
      { text: "plain", isEphemeral: true },
      { text: "for all", isEphemeral: false },
    ]);
  });

  it("that acknowledges nothing has failed", async () => {
    await startBolt(
      (app) => {
        app.command("/claude-spend", async () => await Promise.resolve());
      },
      { unhandledRequestTimeoutMillis: 50 },
    );

    expect(await slack().as(PEOPLE.bo).command("/claude-spend")).toEqual({
      ok: false,
      error: "dispatch_failed",
      message: '/claude-spend failed with the error "dispatch_failed"',
    });
  });

  it("shows people what went wrong", async () => {
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack }) => {
        await ack({ blocks: [section("")] });
      });
    });
    const bo = slack().as(PEOPLE.bo);

    expect(await bo.command("/claude-spend blocks")).toMatchObject({
      error: "invalid_command_response",
    });
    await expect(bo.command("/claude-spent")).rejects.toThrow(
      "/claude-spent is not a valid command.",
    );
    slack().setRequestUrl("http://127.0.0.1:1/slack/events");
    expect(await bo.command("/claude-spend")).toMatchObject({ error: "dispatch_failed" });
  });

  it("refuses deliveries that are signed with another secret", async () => {
    await startBolt(
      (app) => {
        app.command("/claude-spend", async ({ ack }) => {
          await ack();
        });
      },
      { signingSecret: "another-secret" },
    );

    expect(await slack().as(PEOPLE.bo).command("/claude-spend")).toMatchObject({
      error: "dispatch_failed",
    });
  });

  it("updates a message when its button is clicked", async () => {
    const app = await startBolt((bolt) => {
      bolt.action(
        { type: "block_actions", action_id: "approve" },
        async ({ ack, body, client, action, respond }) => {
          await ack();
          const [channel, ts] = [body.channel?.id ?? "", body.message?.["ts"] ?? ""];
          const value = action.type === "button" ? action.value : "";
          await client.chat.update({
            channel,
            ts: ts,
            text: `${body.user.id} ${value ?? ""}`,
            blocks: [],
          });
          await respond({ text: "thank you", replace_original: false });
        },
      );
    });
    await app.client.chat.postMessage({
      channel: "#finops",
      text: "A raise?",
      blocks: [
        section("A raise?"),
        {
          type: "actions",
          elements: [{ type: "button", action_id: "approve", value: "r1", text: plain("Approve") }],
        },
      ],
    });
    const dana = slack().as(PEOPLE.dana);
    const question = await dana.waitForMessage("#finops");

    expect(await dana.click(question, "approve")).toEqual({ ok: true });

    await dana.waitForMessage(
      "#finops",
      (message) => message.isEphemeral && message.text === "thank you",
    );
    expect(slack().messages("#finops")).toMatchObject([
      { text: `${PEOPLE.dana} r1`, blocks: [], isEdited: true },
    ]);
  });

  it("replaces an ephemeral message through its response URL", async () => {
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack }) => {
        await ack({
          text: "more?",
          blocks: [
            {
              type: "actions",
              elements: [{ type: "button", action_id: "more", text: plain("More") }],
            },
          ],
        });
      });
      app.action("more", async ({ ack, respond, body }) => {
        await ack();
        await respond({ text: "message" in body ? "leaked" : "more!", replace_original: true });
      });
    });
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend");

    await bo.click(await bo.waitForMessage("#general"), "more");

    await bo.waitForMessage("#general", (message) => message.text === "more!");
    expect(bo.messages("#general")).toMatchObject([
      { text: "more!", isEphemeral: true, blocks: [] },
    ]);
  });

  it("offers options for an external select", async () => {
    await startBolt((app) => {
      app.command("/claude-spend", async ({ ack }) => {
        const element = {
          type: "external_select",
          action_id: "team",
          min_query_length: 1,
        } as const;
        await ack({ text: "which?", blocks: [{ type: "actions", elements: [element] }] });
      });
      app.options("team", async ({ ack, payload }) => {
        await ack({ options: [{ text: plain(`${payload.value}earch`), value: "search" }] });
      });
      app.action({ type: "block_actions", action_id: "team" }, async ({ ack, action, respond }) => {
        await ack();
        const chosen =
          action.type === "external_select" ? action.selected_option?.value : undefined;
        await respond({ text: `chose ${chosen ?? "nothing"}`, replace_original: true });
      });
    });
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend");
    const question = await bo.waitForMessage("#general");

    expect(await bo.options(question, "team", "S")).toMatchObject({
      options: [{ value: "search" }],
    });
    await expect(bo.click(question, "team", { value: "made-up" })).rejects.toThrow(
      "is not an option",
    );
    await bo.click(question, "team", { value: "search" });

    await bo.waitForMessage("#general", (message) => message.text === "chose search");
  });

  it("publishes an App Home when it is opened", async () => {
    await startBolt((app) => {
      app.event("app_home_opened", async ({ event, client }) => {
        await client.views.publish({
          user_id: event.user,
          view: { type: "home", blocks: [section(`hi ${event.tab}`)] },
        });
      });
    });
    const bo = slack().as(PEOPLE.bo);

    await bo.openHome();

    expect(await bo.waitForHome()).toMatchObject({ blocks: [{ text: { text: "hi home" } }] });
    expect(slack().as(PEOPLE.ana).home().viewId).toBeNull();
  });
});

describe("a Bolt app over Socket Mode", () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(stops.splice(0).map(async (stop) => await stop()));
  });

  it("gets commands and events, and answers with its acknowledgement", async () => {
    const fake = slack();
    const clientOptions = {
      slackApiUrl: fake.apiUrl(),
      retryConfig: { retries: 5, minTimeout: 10 },
    };
    const receiver = new SocketModeReceiver({
      appToken: fake.credentials.appToken,
      installerOptions: { clientOptions },
      logLevel: LogLevel.ERROR,
    });
    const app = new App({
      token: fake.credentials.botToken,
      receiver,
      clientOptions: { slackApiUrl: fake.apiUrl() },
      convoStore: false,
      deferInitialization: true,
      logLevel: LogLevel.ERROR,
    });
    app.command("/claude-spend", async ({ ack, command }) => {
      await ack({ text: `over a socket: ${command.text}` });
    });
    app.event("app_home_opened", async ({ event, client }) => {
      await client.views.publish({
        user_id: event.user,
        view: { type: "home", blocks: [section("socket")] },
      });
    });
    await app.init();
    await app.start();
    stops.push(async () => await app.stop());
    const bo = fake.as(PEOPLE.bo);

    expect(await bo.command("/claude-spend search")).toEqual({ ok: true });
    await bo.openHome();

    await bo.waitForMessage("#general", (message) => message.text === "over a socket: search");
    await bo.waitForHome();
  });
});

describe("a person", () => {
  it("gives commands only where they are a member", async () => {
    const command = slack().as(PEOPLE.bo).command("/claude-spend", CHANNELS.support);

    await expect(command).rejects.toThrow("is in no channel");
  });
});
