import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { alertListeners, explain, raiseAlert } from "../../../src/features/alerts/index.ts";
import type { SlackActor, ViewValues } from "../../../src/slack/listener.ts";
import { anAlertFact } from "../../support/alert-builders.ts";
import { acme, forgetEverything, sentLines } from "../../support/budget-builders.ts";
import { manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";

const db = useDatabase();
const time = manualClock("2026-11-23T10:00:00Z");
const people: Readonly<Record<string, string>> = { U2: "ana@acme.test", U3: "eve@acme.test" };
const listeners = alertListeners({
  get database() {
    return db.pool;
  },
  clock: time.clock,
  explain,
  directory: {
    resolveMentions: async (text) => await Promise.resolve(text),
    loadSlackUser: async (slackUserId) =>
      await Promise.resolve({
        slackUserId,
        email: people[slackUserId] === undefined ? undefined : emailFrom(people[slackUserId]),
        displayName: slackUserId,
        timeZone: undefined,
      }),
  },
});
const BO = actor("bo@acme.test");
const EVE = actor("eve@acme.test");
const NOBODY: SlackActor = { slackUserId: "U9", slackTeamId: "T1", email: undefined };

function actor(email: string): SlackActor {
  return { slackUserId: "U1", slackTeamId: "T1", email: emailFrom(email) };
}

let thread: string;

beforeEach(async () => {
  await forgetEverything(db.pool);
  await db.pool.query("truncate alert_preferences, planned_events");
  await acme(db.pool);
  await raiseAlert(db.pool, { clock: time.clock }, anAlertFact());
  const { rows } = await db.pool.query<{ readonly thread_id: string }>(
    "select t.thread_id from alert_threads t",
  );
  thread = rows[0]?.thread_id ?? "";
});

async function click(actionId: string, by = BO, value = thread) {
  const recording = recordingWeb();
  const answers: string[] = [];
  await listeners.actions
    ?.find((one) => one.actionId === actionId)
    ?.run({
      actor: by,
      web: recording.web,
      value,
      surface: "message",
      triggerId: "T",
      respond: async ({ text }) => {
        answers.push(text);
        await Promise.resolve();
      },
    });
  return { answers, modals: recording.modals };
}

async function submit(callbackId: string, values: ViewValues, by = BO) {
  const view = listeners.views?.find((one) => one.callbackId === callbackId);
  expect(view?.validate(values, time.clock())).toEqual({});
  await view?.run({
    actor: by,
    web: recordingWeb().web,
    values,
    privateMetadata: thread,
    viewId: "V1",
  });
}

/** The latest line of the outbox, updates included. */
async function lastText(): Promise<string> {
  const { rows } = await db.pool.query<{ readonly text: string }>(
    "select o.text from outbox_messages o order by o.outbox_message_id desc limit 1",
  );
  return rows[0]?.text ?? "";
}

describe("buttons of alerts", () => {
  test.each(["alert_acknowledge", "budget_acknowledge"])("%s answers privately", async (id) => {
    expect((await click(id)).answers[0]).toContain("Acknowledged.");
    expect((await click(id)).answers[0]).toContain("acknowledged this before");
    expect((await click(id, EVE)).answers[0]).toContain("Only people who may see");
    expect((await click(id, NOBODY)).answers[0]).toContain("Slack doesn't tell me");
  });

  test("Why? and Show answer with numbers and the message, or refuse", async () => {
    expect((await click("alert_why")).answers).toEqual(["Search: $0.00, as before."]);
    expect((await click("alert_show")).answers[0]).toContain("Search spends 4 times");
    expect((await click("alert_why", EVE)).answers[0]).toContain("Only people who may see");
    expect((await click("alert_show", EVE)).answers[0]).not.toContain("Search");
  });

  test.each(["alert_snooze", "alert_assign", "alert_feedback"])(
    "%s opens a form about its thread",
    async (id) => {
      const { modals } = await click(id);

      expect(modals).toHaveLength(1);
      expect(modals[0]?.private_metadata).toBe(thread);
    },
  );
});

describe("forms of alerts", () => {
  test("snooze is shown in the message", async () => {
    await submit("alert_snooze_view", { how: "hour" });

    expect(await lastText()).toContain("Snoozed by bo@acme.test.");
  });

  test("who may not act is told so, privately", async () => {
    await submit("alert_snooze_view", { how: "hour" }, EVE);

    expect((await sentLines(db.pool)).at(-1)).toMatch(
      /^email:eve@acme\.test: Only people who may see/,
    );
  });

  test("assign tells the person, once, and refuses who may not see it", async () => {
    await submit("alert_assign_view", { person: "U2" });
    await submit("alert_assign_view", { person: "U3" });

    const lines = await sentLines(db.pool);
    expect(lines.filter((line) => line.startsWith("email:ana"))).toEqual([
      "email:ana@acme.test: An alert is yours to look after: Search spends 4 times what is normal.",
    ]);
    expect(lines.at(-1)).toMatch(/^email:bo@acme\.test: eve@acme\.test may not see/);
    await expect(submit("alert_assign_view", { person: "U8" })).rejects.toThrow("address");
  });

  test("feedback that it was planned makes a plan, for who may", async () => {
    const values = { what: "planned", until: "2026-11-24", amount: "100", name: "launch" };
    await submit("alert_feedback_view", values);
    expect((await sentLines(db.pool)).at(-1)).toMatch(/^email:bo@acme\.test: Only admins/);

    await submit("alert_feedback_view", { what: "real" }, actor("ana@acme.test"));
    await submit("alert_feedback_view", values, actor("ana@acme.test"));

    expect((await sentLines(db.pool)).at(-1)).toMatch(
      /^email:ana@acme\.test: Planned: launch for Search/,
    );
    const { rows } = await db.pool.query("select e.scope from planned_events e");
    expect(rows).toEqual([{ scope: "team:search" }]);
  });

  test("a plan is announced from its form", async () => {
    const plan = listeners.subcommands?.find(({ name }) => name === "plan");
    const { web, modals } = recordingWeb();
    await plan?.run({
      actor: BO,
      web,
      text: "search",
      triggerId: "T",
      respond: async () => await Promise.resolve(),
    });
    expect(JSON.stringify(modals[0])).toContain('"initial_value":"search"');

    const values = {
      scope: "search",
      name: "launch",
      from: "2026-11-24",
      until: "2026-11-25",
      amount: "100",
    };
    await submit("alert_plan_view", values, actor("ana@acme.test"));

    expect((await sentLines(db.pool)).at(-1)).toContain("Planned: launch for Search");
  });
});
