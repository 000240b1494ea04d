import { describe, expect, test } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { context, home, message, modal, section } from "../../src/slack/blocks.ts";
import { openModal, type SlackListeners } from "../../src/slack/listener.ts";
import { forWorkspace } from "../../src/slack/mentions.ts";
import { enqueueMessage } from "../../src/slack/outbox.ts";
import { sendDueMessages } from "../../src/slack/sender.ts";
import { useDatabase } from "../support/database.ts";
import { FIRST, type ManyInTest, SECOND, useManyWorkspaces } from "../support/fake-organization.ts";
import { PEOPLE } from "../support/fake-slack.ts";
import { signed } from "./recording-slack.ts";

const db = useDatabase();

/** Says who it was and what was said, everywhere where a bot can say something. */
const listeners: SlackListeners = {
  subcommands: [
    {
      name: "",
      usage: "",
      description: "",
      async run({ actor, text, respond, channelId }) {
        const said = `${actor.email ?? "?"} ${actor.slackUserId} in ${channelId}: ${text} <@${actor.slackUserId}>`;
        await respond(message(said, [section(said)]));
      },
    },
    {
      name: "form",
      usage: "form",
      description: "",
      async run({ web, triggerId, actor }) {
        const form = (text: string) =>
          modal({ callbackId: "form", title: "Form", submit: "Go", blocks: [section(text)] });
        await openModal(
          { web, triggerId },
          form("Loading…"),
          async () => await Promise.resolve(form(`for ${actor.email ?? "?"}`)),
        );
      },
    },
  ],
  views: [
    {
      callbackId: "form",
      validate: () => ({}),
      async run({ actor, web }) {
        const channel = await web.openDirectMessage(actor.slackUserId);
        const text = `done for ${actor.email ?? "?"}`;
        await web.postMessage({ channel, text, blocks: [section(text)], dedupeKey: text });
      },
    },
  ],
  home: {
    async run({ actor, web }) {
      await web.publishHome(actor.slackUserId, home([section(`home of ${actor.email ?? "?"}`)]));
    },
  },
};

const slack = useManyWorkspaces(db, listeners);

function first() {
  return slack().organization.workspace(FIRST);
}

function second() {
  return slack().organization.workspace(SECOND);
}

async function bothInstalled(): Promise<ManyInTest> {
  await slack().install(FIRST);
  await slack().install(SECOND);
  return slack();
}

/** Every call was made with the token of the workspace that it was for. */
function expectOwnTokens(): void {
  const calls = slack().organization.calls();
  const foreign = calls.filter(
    ({ token, slackTeamId }) =>
      token !== undefined && !token.startsWith(`xoxb-${slackTeamId ?? "?"}-`),
  );
  expect(foreign).toEqual([]);
  expect(new Set(calls.map(({ slackTeamId }) => slackTeamId)).size).toBeGreaterThan(1);
}

async function sent(key: string, channel: string | { readonly person: string }): Promise<void> {
  const destination =
    typeof channel === "string" ? { channel } : { person: emailFrom(channel.person) };
  const text = `text of ${key}`;
  const entry = {
    dedupeKey: key,
    kind: "alert",
    destination,
    message: message(text, [section(text)]),
  } as const;
  await enqueueMessage(db.pool, entry, slack().clock());
}

async function delivered(): Promise<readonly Record<string, unknown>[]> {
  const { web, directory, clock, log } = slack();
  await sendDueMessages({ database: db.pool, web, directory, clock, log: log.log });
  const { rows } = await db.pool.query<Record<string, unknown>>(
    `select dedupe_key as key, status, channel_id as channel, last_error as error
       from outbox_messages order by outbox_message_id`,
  );
  return rows;
}

const texts = (messages: readonly { readonly text: string }[]) => messages.map(({ text }) => text);

describe("two workspaces with equal ids", () => {
  test("each hear their own answer, and nobody another's", async () => {
    await bothInstalled();
    const ana = first().as(PEOPLE.ana);
    const lia = second().as(PEOPLE.ana);

    await Promise.all([ana.command("/claude-spend one"), lia.command("/claude-spend two")]);

    const answer = await ana.waitForMessage("#general", ({ text }) => text.includes("one"));
    const other = await lia.waitForMessage("#general", ({ text }) => text.includes("two"));
    expect(answer.text).toBe(
      `ana@acme.test ${FIRST}/${PEOPLE.ana} in ${FIRST}/C01GENERAL0: one <@${PEOPLE.ana}>`,
    );
    expect(other.text).toBe(
      `lia@labs.test ${SECOND}/${PEOPLE.ana} in ${SECOND}/C01GENERAL0: two <@${PEOPLE.ana}>`,
    );
    expect(ana.messages("#general")).toHaveLength(1);
    expect(lia.messages("#general")).toHaveLength(1);
    expectOwnTokens();
  });

  test("each bring their own token, also side by side and in turn", async () => {
    await bothInstalled();
    const { web } = slack();
    const channels = [1, 2, 3].flatMap(() => [`${FIRST}/#finops`, `${SECOND}/#finops`]);
    await Promise.all(
      channels.map(async (channel, index) => {
        await web.loadUser(`${index % 2 === 0 ? SECOND : FIRST}/${PEOPLE.ana}`);
        const text = `to ${channel}`;
        await web.postMessage({ channel, text, blocks: [section(text)], dedupeKey: String(index) });
      }),
    );

    expect(new Set(texts(first().messages("#finops")))).toEqual(new Set([`to ${FIRST}/#finops`]));
    expect(new Set(texts(second().messages("#finops")))).toEqual(new Set([`to ${SECOND}/#finops`]));
    expectOwnTokens();
  });

  test("have their own forms, homes and direct messages", async () => {
    await bothInstalled();
    const people = [first().as(PEOPLE.ana), second().as(PEOPLE.ana)];
    const emails = ["ana@acme.test", "lia@labs.test"];

    await Promise.all(people.map(async (person) => await person.openHome()));
    await Promise.all(people.map(async (person) => await person.command("/claude-spend form")));

    for (const [index, person] of people.entries()) {
      const email = emails[index] ?? "";
      const shown = await person.waitForHome(({ blocks }) =>
        JSON.stringify(blocks).includes("home of"),
      );
      expect(JSON.stringify(shown.blocks)).toContain(email);
      const form = await person.waitForModal(({ blocks }) =>
        JSON.stringify(blocks).includes("for "),
      );
      expect(JSON.stringify(form.blocks)).toContain(email);
      await person.submit(form, {});
      await person.waitForMessage("dm", ({ text }) => text === `done for ${email}`);
      expect(person.messages("dm")).toHaveLength(1);
    }
    expectOwnTokens();
  });

  test("have channels of the same name: a bare one is the first's", async () => {
    await bothInstalled();
    await sent("bare", "#finops");
    await sent("named", `${SECOND}/#finops`);
    await sent("by-id", `${SECOND}/C03TEAMSRCH`);

    expect(await delivered()).toMatchObject([
      { key: "bare", status: "sent", channel: `${FIRST}/C02FINOPS00` },
      { key: "named", status: "sent", channel: `${SECOND}/C02FINOPS00` },
      { key: "by-id", status: "sent", channel: `${SECOND}/C03TEAMSRCH` },
    ]);
    expect(texts(first().messages("#finops"))).toEqual(["text of bare"]);
    expect(texts(second().messages("#finops"))).toEqual(["text of named"]);
    expectOwnTokens();
  });

  test("a message is changed where it was posted", async () => {
    await bothInstalled();
    await sent("one", `${SECOND}/#finops`);
    await delivered();
    const later = message("changed", [section("changed")]);
    const update = { dedupeKey: "two", kind: "alert", updates: "one", message: later } as const;
    const destination = { channel: `${SECOND}/#finops` };
    slack().pass(2_000);
    await enqueueMessage(db.pool, { ...update, destination }, slack().clock());
    await delivered();

    expect(texts(second().messages("#finops"))).toEqual(["changed"]);
    expect(first().messages("#finops")).toEqual([]);
  });

  test("lists the channels of both as governance.yml writes them", async () => {
    await bothInstalled();
    const finops = (await slack().web.listChannels()).filter(({ name }) => name.endsWith("finops"));
    expect(finops).toMatchObject([
      { channelId: `${FIRST}/C02FINOPS00`, name: "finops" },
      { channelId: `${SECOND}/C02FINOPS00`, name: `${SECOND}/#finops` },
    ]);
  });

  test("user groups, which decide about money, are the first's only", async () => {
    await bothInstalled();
    expect(await slack().web.listUserGroupMembers("finops-leads")).toEqual([
      `${FIRST}/${PEOPLE.dana}`,
      `${FIRST}/${PEOPLE.finn}`,
    ]);
    const groups = await slack().web.listUserGroups();
    expect(groups.map(({ handle }) => handle)).toEqual(["finops-leads"]);
  });
});

describe("a person with a user in both workspaces", () => {
  test("is one person, whose direct messages go where they were last", async () => {
    await bothInstalled();
    const { pass } = slack();
    const atHome = first().as(PEOPLE.bo);
    const atLabs = second().as("U0LABSBO000");

    await sent("before", { person: "bo@acme.test" });
    await delivered();
    await atLabs.command("/claude-spend x");
    await atLabs.waitForMessage("#general", ({ text }) => text.startsWith("bo@acme.test"));
    pass(2_000);
    await sent("at-labs", { person: "bo@acme.test" });
    await delivered();
    pass(20 * 60_000);
    await atHome.command("/claude-spend y");
    await atHome.waitForMessage("#general", ({ text }) => text.startsWith("bo@acme.test"));
    await sent("at-home", { person: "bo@acme.test" });
    await delivered();

    expect(texts(atHome.messages("dm"))).toEqual(["text of before", "text of at-home"]);
    expect(texts(atLabs.messages("dm"))).toEqual(["text of at-labs"]);
    expectOwnTokens();
  });

  test("is mentioned by their user of that place, and others by name", async () => {
    await bothInstalled();
    const { web, directory } = slack();
    await directory.loadSlackUser(`${FIRST}/${PEOPLE.bo}`);
    await directory.loadSlackUser(`${SECOND}/U0LABSBO000`);
    await directory.loadSlackUser(`${FIRST}/${PEOPLE.ana}`);
    const text = `<@${FIRST}/${PEOPLE.bo}>, <@${FIRST}/${PEOPLE.ana}>, <@${FIRST}/U0NOBODY>, <#${FIRST}/C02FINOPS00>`;
    for (const [channel, dedupeKey] of [
      [`${FIRST}/#finops`, "1"],
      [`${SECOND}/#finops`, "2"],
    ] as const) {
      await web.postMessage({ channel, text, blocks: [section(text), context(text)], dedupeKey });
    }

    expect(texts(first().messages("#finops"))).toEqual([
      `<@${PEOPLE.bo}>, <@${PEOPLE.ana}>, <@U0NOBODY>, <#C02FINOPS00>`,
    ]);
    const [shown] = second().messages("#finops");
    expect(shown?.text).toBe(
      "<@U0LABSBO000>, @ana, somebody of another workspace, a channel of another workspace",
    );
    expect(JSON.stringify(shown?.blocks)).not.toContain(FIRST);
  });

  test("typed in a command means the user of the place where it was typed", async () => {
    await bothInstalled();
    expect(await slack().directory.resolveMentions(`<@${SECOND}/${PEOPLE.ana}|lia> 7d`)).toBe(
      "lia@labs.test 7d",
    );
    expect(await slack().directory.resolveMentions(`<@${FIRST}/${PEOPLE.ana}|ana> 7d`)).toBe(
      "ana@acme.test 7d",
    );
  });
});

describe("a workspace that has not installed the bot", () => {
  test("is told so, and nothing is done for it", async () => {
    await slack().install(FIRST);
    const lia = second().as(PEOPLE.ana);
    await lia.command("/claude-spend x");
    const answer = await lia.waitForMessage("#general");
    expect(answer.text).toBe(
      "This bot serves another Slack workspace than yours, so nothing was changed.",
    );
  });

  test("gets no message by the token of another", async () => {
    await slack().install(FIRST);
    await sent("one", `${SECOND}/#finops`);
    expect(await delivered()).toMatchObject([{ status: "pending", error: "not_installed" }]);
    expect(second().messages("#finops")).toEqual([]);
    expect(
      slack()
        .organization.calls()
        .filter(({ slackTeamId }) => slackTeamId === SECOND),
    ).toEqual([]);
  });
});

describe("a workspace that removed the bot", () => {
  test("keeps its messages waiting, and has them as soon as it is back; the other goes on", async () => {
    await bothInstalled();
    await slack().organization.uninstall(SECOND);
    await expect
      .poll(
        async () =>
          (await db.pool.query("select from slack_installations where revoked_at is not null"))
            .rowCount,
      )
      .toBe(1);
    await sent("one", `${SECOND}/#finops`);
    await sent("other", "#finops");

    expect(await delivered()).toMatchObject([
      { key: "one", status: "pending", error: "not_installed" },
      { key: "other", status: "sent" },
    ]);
    const { rows: closed } = await db.pool.query(
      "select destination, reason from dead_destinations",
    );
    expect(closed).toEqual([{ destination: `${SECOND}/#finops`, reason: "not_installed" }]);

    slack().pass(2_000);
    await slack().install(SECOND);
    expect(await delivered()).toMatchObject([{ key: "one", status: "sent" }, {}]);
    expect(texts(second().messages("#finops"))).toEqual(["text of one"]);
    expect((await db.pool.query("select from dead_destinations")).rowCount).toBe(0);
  });

  test("without saying so closes its own channels, not every one", async () => {
    await bothInstalled();
    await slack().organization.uninstall(SECOND, { isTold: false });
    await sent("one", `${SECOND}/#finops`);

    expect(await delivered()).toMatchObject([{ status: "pending", error: "token_revoked" }]);
    const { rows: closed } = await db.pool.query("select destination from dead_destinations");
    expect(closed).toEqual([{ destination: `${SECOND}/#finops` }]);
  });

  test("without saying so hides nobody who is elsewhere", async () => {
    await bothInstalled();
    await slack().organization.uninstall(FIRST, { isTold: false });
    await sent("lia", { person: "lia@labs.test" });
    await sent("ana", { person: "ana@acme.test" });

    expect(await delivered()).toMatchObject([
      { key: "lia", status: "sent", channel: `${SECOND}/D02ANASILVA` },
      { key: "ana", status: "pending", error: "token_revoked" },
    ]);
  });

  test("a person who was only there is waited for; one who is elsewhere as well is found there", async () => {
    await bothInstalled();
    const { directory } = slack();
    await directory.loadSlackUser(`${SECOND}/U0LABSBO000`);
    await directory.noteUse(`${SECOND}/U0LABSBO000`);
    await directory.loadSlackUser(`${SECOND}/${PEOPLE.ana}`);
    await slack().organization.uninstall(SECOND);
    await expect
      .poll(
        async () =>
          (await db.pool.query("select from slack_installations where revoked_at is not null"))
            .rowCount,
      )
      .toBe(1);
    await sent("lia", { person: "lia@labs.test" });
    await sent("bo", { person: "bo@acme.test" });

    expect(await delivered()).toMatchObject([
      { key: "lia", status: "pending", error: "not_installed" },
      { key: "bo", status: "sent", channel: `${FIRST}/D03BOCHEN00` },
    ]);
    expect((await db.pool.query("select from dead_destinations")).rowCount).toBe(0);

    slack().pass(11 * 60_000);
    await slack().install(SECOND);
    expect(await delivered()).toMatchObject([{ key: "lia", status: "sent" }, {}]);
  });
});

test("a form chooses only people and channels of the place where it opens", async () => {
  await bothInstalled();
  const form = {
    blocks: [
      { initial_users: [`${FIRST}/U1`, `${SECOND}/U2`], initial_conversation: `${FIRST}/C1` },
      { element: { initial_user: `${SECOND}/U3` }, private_metadata: `${FIRST}/U1` },
    ],
  };

  expect(await forWorkspace(db.pool, SECOND, form)).toEqual({
    blocks: [
      { initial_users: ["U2"] },
      { element: { initial_user: "U3" }, private_metadata: `${FIRST}/U1` },
    ],
  });
  expect(form.blocks[0]?.initial_conversation).toBe(`${FIRST}/C1`);
});

describe("in a channel that workspaces share", () => {
  /** A form sent through the first workspace by somebody of another one. */
  async function submittedBy(slackTeamId: string): Promise<void> {
    const view = {
      id: "V1",
      type: "modal",
      callback_id: "form",
      private_metadata: "",
      state: { values: {} },
    };
    const payload = {
      type: "view_submission",
      team: { id: FIRST, domain: "acme" },
      user: { id: PEOPLE.ana, name: "ana", team_id: slackTeamId },
      view: { ...view, app_installed_team_id: FIRST },
      trigger_id: "t",
    };
    const secret = slack().organization.signingSecret;
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const request = signed(body, { secret, contentType: "application/x-www-form-urlencoded" });
    expect((await fetch(`${slack().url}/slack/events`, request)).status).toBe(200);
  }

  test("somebody of the other one is who they are there", async () => {
    await bothInstalled();
    await submittedBy(SECOND);
    await second()
      .as(PEOPLE.ana)
      .waitForMessage("dm", ({ text }) => text === "done for lia@labs.test");
    expect(first().as(PEOPLE.ana).messages("dm")).toEqual([]);
  });

  test("somebody of a workspace without the bot is nobody, also under the id of a known person", async () => {
    await bothInstalled();
    await submittedBy("T0STRANGERS");
    await expect.poll(() => slack().log.lines.map((line) => line["outcome"])).toContain("failed");
    expect(first().as(PEOPLE.ana).messages("dm")).toEqual([]);
    expect(second().as(PEOPLE.ana).messages("dm")).toEqual([]);
  });
});
