import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { alertListeners, explain, raiseAlert } from "../../../src/features/alerts/index.ts";
import type { Modal } from "../../../src/slack/blocks.ts";
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
});

describe("a plan", () => {
  const ANA = actor("ana@acme.test");
  const LAUNCH = {
    scope: "search",
    name: "launch",
    from: "2026-11-24",
    until: "2026-11-25",
    amount: "100",
  };

  /** The windows that a command opens, the latest last. */
  async function type(text: string, by = ANA): Promise<readonly Modal[]> {
    const plan = listeners.subcommands?.find(({ name }) => name === "plan");
    const { web, modals } = recordingWeb();
    const respond = async (): Promise<void> => await Promise.resolve();
    await plan?.run({ actor: by, web, text, triggerId: "T", respond });
    return modals;
  }

  /** The commands of the buttons in the latest direct message. */
  async function lastCommands(): Promise<readonly string[]> {
    const { rows } = await db.pool.query<{ readonly blocks: unknown }>(
      "select o.blocks from outbox_messages o order by o.outbox_message_id desc limit 1",
    );
    return commandsOf(rows[0]?.blocks);
  }

  function commandsOf(blocks: unknown): readonly string[] {
    return [...JSON.stringify(blocks).matchAll(/"value":\s*"(plan [^"]*)"/g)].map(
      ([, command = ""]) => command,
    );
  }

  test("is announced from its form", async () => {
    const [form] = await type("search");
    expect(JSON.stringify(form)).toContain('"initial_value":"search"');

    await submit("alert_plan_view", LAUNCH, ANA);
    expect((await sentLines(db.pool)).at(-1)).toContain("Planned: launch for Search");
  });

  test("opens with everything that was typed, by a button, too", async () => {
    const [form] = await type("search from 2026-11-24 until 2026-11-25 up to 100 for launch");

    const shown = JSON.stringify(form);
    for (const value of ["search", "100", "launch"]) {
      expect(shown).toContain(`"initial_value":"${value}"`);
    }
    expect(shown.match(/"initial_date":"[^"]*"/g)).toEqual([
      '"initial_date":"2026-11-24"',
      '"initial_date":"2026-11-25"',
    ]);
  });

  test.each([
    ["serach up to 5", ANA, "I don't know “serach”", ["plan search up to 5"]],
    ["ads", ANA, "You may not see “ads”", ["plan search"]],
    ["search for x", BO, "Only admins", []],
    ["me for x", ANA, "Only admins", ["plan search for x"]],
  ])("of %j says so in place of the form", async (text, by, says, commands) => {
    const modals = await type(text, by);

    expect(modals).toHaveLength(2);
    expect(JSON.stringify(modals[1])).toContain(says);
    expect(modals[1]?.submit).toBeUndefined();
    expect(commandsOf(modals[1]?.blocks)).toEqual(commands);
  });

  test("needs an address", async () => {
    const modals = await type("search", NOBODY);
    expect(JSON.stringify(modals)).toContain("Slack doesn't tell me");
  });

  test("for a team that is a typo comes back with what was typed in it", async () => {
    await submit("alert_plan_view", { ...LAUNCH, scope: "serach" }, ANA);

    expect(await lastText()).toBe("I don't know “serach”. Did you mean Search?");
    const [command = ""] = await lastCommands();
    expect(command).toBe("plan search from 2026-11-24 until 2026-11-25 up to 100 for launch");
    const again = await type(command.replace("plan ", ""));
    expect(again).toHaveLength(1);
    expect(JSON.stringify(again)).toContain('"initial_value":"launch"');
  });

  test("of days that are over in the organization's zone says which field is wrong", async () => {
    const late = { ...LAUNCH, from: "2026-11-01", until: "2026-11-22" };
    await submit("alert_plan_view", late, ANA);

    expect(await lastText()).toContain("Nothing was planned: its last day is over");
    expect(await lastCommands()).toEqual([
      "plan search from 2026-11-01 until 2026-11-22 up to 100 for launch",
    ]);
  });
});
