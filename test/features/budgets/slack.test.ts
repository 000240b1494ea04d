import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../../src/app/appliers.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  budgetListeners,
  raiseButtonValue,
  replaceGovernedBudgets,
} from "../../../src/features/budgets/index.ts";
import type { Modal, SlackMessage } from "../../../src/slack/blocks.ts";
import type { SlackActor, ViewValues } from "../../../src/slack/listener.ts";
import type { SlackWeb } from "../../../src/slack/web.ts";
import {
  acme,
  aGovernedBudget,
  forgetEverything,
  sentLines,
  spend,
} from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { applyAcme } from "../../support/governance-builders.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const clock = fixedClock(NOW);
const listeners = budgetListeners({
  get database() {
    return db.pool;
  },
  clock,
  appliers: governanceAppliers,
  directory: {
    resolveMentions: async (text) =>
      await Promise.resolve(text.replace(/<@UBO(\|[^>]*)?>/, "bo@acme.test")),
    loadSlackUser: async (slackUserId) =>
      await Promise.resolve({
        slackUserId,
        email: slackUserId === "UBO" ? emailFrom("bo@acme.test") : undefined,
        displayName: slackUserId,
        timeZone: undefined,
      }),
  },
});

const BO = actor("bo@acme.test");
const ANA = actor("ana@acme.test");
const NOBODY: SlackActor = { slackUserId: "U9", slackTeamId: "T1", email: undefined };

function actor(email: string): SlackActor {
  return { slackUserId: "U1", slackTeamId: "T1", email: emailFrom(email) };
}

beforeEach(async () => {
  await forgetEverything(db.pool);
  await acme(db.pool);
  await replaceGovernedBudgets(
    db.pool,
    [aGovernedBudget(), aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(40) })],
    instant("2026-10-01T00:00:00Z"),
  );
  await spend(db.pool, {
    amount: usd(100),
    at: NOW,
    of: { projectKey: "checkout", userEmail: emailFrom("ana@acme.test") },
  });
});

async function refuse(): Promise<never> {
  return await Promise.reject(new Error("budgets call nothing else of Slack"));
}

/** Slack as far as listeners reach it: the views that it was given. */
function recordingWeb(): { readonly web: SlackWeb; readonly views: Modal[] } {
  const views: Modal[] = [];
  const web: SlackWeb = {
    authTest: refuse,
    postMessage: refuse,
    updateMessage: refuse,
    findMessage: refuse,
    openDirectMessage: refuse,
    findUserByEmail: refuse,
    loadUser: refuse,
    listUserGroupMembers: refuse,
    listUserGroups: refuse,
    listChannels: refuse,
    listPrivateMembers: refuse,
    publishHome: refuse,
    openView: async (_, view) => {
      views.push(view);
      return await Promise.resolve({ viewId: "V1" });
    },
    updateView: async (_, view) => {
      views.push(view);
      await Promise.resolve();
    },
  };
  return { web, views };
}

async function type(name: string, text: string, by = BO, byClick = false) {
  const { web, views } = recordingWeb();
  const answers: SlackMessage[] = [];
  const subcommand = listeners.subcommands?.find((one) => one.name === name);
  await subcommand?.run({
    actor: by,
    web,
    text,
    triggerId: randomUUID(),
    respond: async (message) => {
      answers.push(message);
      await Promise.resolve();
    },
    ...(byClick ? { byClick } : {}),
  });
  return { answer: answers[0]?.text ?? "", answers, views };
}

async function click(actionId: string, value: string, by = BO) {
  const { web, views } = recordingWeb();
  const answers: string[] = [];
  const action = listeners.actions?.find((one) => one.actionId === actionId);
  await action?.run({
    actor: by,
    web,
    value,
    surface: "message",
    triggerId: randomUUID(),
    respond: async (message) => {
      answers.push(message.text);
      await Promise.resolve();
    },
  });
  return { answers, views };
}

const view = listeners.views?.[0];
const FILLED_IN: ViewValues = {
  budget: "search-monthly|",
  amount: "$200",
  until: "2026-11-27",
  reason: "Launch week",
};

async function submit(values: ViewValues, by = BO): Promise<void> {
  await view?.run({
    actor: by,
    web: recordingWeb().web,
    values,
    privateMetadata: "",
    viewId: randomUUID(),
  });
}

describe("/claude-spend budget", () => {
  test("lists what concerns the person", async () => {
    const { answer } = await type("budget", "");

    expect(answer).toBe("Monthly budget of Search: $100.00 of $500.00 (20%), and 1 more.");
  });

  test("lists a scope, named in any way", async () => {
    expect((await type("budget", "Search")).answer).toContain("Monthly budget of Search");
    expect((await type("budget", "<@UBO|bo>")).answer).toContain("$0.00 of $40.00");
  });

  test("tells nothing of a scope that the person may not see", async () => {
    const { answers } = await type("budget", "ana@acme.test");

    expect(JSON.stringify(answers)).not.toContain("$");
    expect(answers[0]?.text).toContain("You may not see “ana@acme.test”");
  });

  test("names the nearest scopes for one that nobody knows", async () => {
    expect((await type("budget", "serach")).answer).toContain("Did you mean Search?");
  });

  test("says what to do when Slack tells no address", async () => {
    expect((await type("budget", "", NOBODY)).answer).toContain(
      "Slack doesn't tell me your e-mail",
    );
    expect((await type("raise", "search 5", NOBODY)).answer).toContain("Slack doesn't tell me");
  });
});

describe("a period beside the name", () => {
  test.each([
    ["budget", "search monthly", "Monthly budget of Search: $100.00 of $500.00 (20%)."],
    ["budget", "monthly search", "Monthly budget of Search: $100.00 of $500.00 (20%)."],
    ["budget", "search this month", "Monthly budget of Search: $100.00 of $500.00 (20%)."],
    ["budget", "search per month", "Monthly budget of Search: $100.00 of $500.00 (20%)."],
    ["budget", "monthly", "Monthly budget of Search: $100.00 of $500.00 (20%), and 1 more."],
    ["forecast", "search this month", "Search: $100.00 so far"],
    ["forecast", "search weekly", "Search: $100.00 so far"],
  ])("%s %j is understood", async (name, text, answer) => {
    expect((await type(name, text)).answer).toContain(answer);
  });

  test("of which there is no budget is said, and what there is is shown", async () => {
    const { answers } = await type("budget", "search weekly");

    expect(JSON.stringify(answers)).toContain("There is no weekly budget of Search.");
    expect(JSON.stringify(answers)).toContain("$100.00 of $500");
  });

  test("without a budget of it forecasts the spend itself", async () => {
    const { answers } = await type("forecast", "search weekly");

    expect(JSON.stringify(answers)).toContain("*This week*, no budget");
  });

  test.each(["budget", "forecast"])("that is over leads from %s to a report", async (name) => {
    const { answers } = await type(name, "search last month");

    const shown = JSON.stringify(answers);
    expect(shown).toContain("$100.00");
    expect(shown).toContain("Report: Last month");
    expect(shown).toContain('"value":"search last-month"');
  });

  test.each([
    ["budget", "serach since monday", "budget search 2026-11-23..", "since Mon, Nov 23"],
    ["forecast", "serach this week", "forecast search weekly", "forecast search weekly"],
  ])("%s %j is kept where a typo is mended", async (name, text, command, said) => {
    const { answers } = await type(name, text);

    expect(JSON.stringify(answers)).toContain(`"value":"${command}"`);
    expect(JSON.stringify(answers)).toContain(said);
  });
});

describe("/claude-spend budget set", () => {
  test("a typo is mended with all that was typed, and no click sets anything", async () => {
    await applyAcme({ database: db.pool, clock });
    const { answers } = await type("budget", "set project:chekout 500 monthly", ANA);
    const command = "budget set project:checkout 500 monthly";
    expect(JSON.stringify(answers)).toContain(`"value":"${command}"`);

    const { answer } = await type("budget", command.slice(7), ANA, true);

    expect(answer).toContain(`Type it: \`/claude-spend ${command}\``);
    expect((await type("budget", "project:checkout", ANA)).answer).toContain("There is no budget");
  });

  test("sets a limit", async () => {
    await applyAcme({ database: db.pool, clock });

    const { answer } = await type("budget", "set project:checkout 500 monthly", ANA);

    expect(answer).toContain("The monthly budget of project checkout is $500.00.");
    expect(answer).toContain("$100.00 of $500.00 (20%)");
  });

  test.each([
    ["set", "Write `/claude-spend budget set"],
    ["set search", "Write `/claude-spend budget set"],
    ["set search 500", "End with a period"],
    ["set search 0 monthly", "Enter an amount above $0."],
    ["set search 200 EUR monthly", "Amounts are in US dollars"],
    ["set search 500 weekly", "You can't set the budget of Search yourself."],
  ])("answers %j", async (text, answer) => {
    expect((await type("budget", text)).answer).toContain(answer);
  });
});

describe("/claude-spend raise", () => {
  test("asks at once when the amount is there", async () => {
    const { answer, views } = await type("raise", "search 200 until friday Launch week");

    expect(answer).toBe(
      "Asked ana@acme.test and dana@acme.test for $200.00 more in the monthly budget of Search, through Nov 27. I'll tell you what they decide.",
    );
    expect(views).toEqual([]);
  });

  test("opens the form, filled in, when something is missing", async () => {
    const { views, answers } = await type("raise", "search until friday launch week");

    expect(answers).toEqual([]);
    expect(views).toHaveLength(2);
    expect(JSON.stringify(views[1])).toContain('"initial_value":"launch week"');
    expect(JSON.stringify(views[1])).toContain('"initial_date":"2026-11-27"');
    expect(JSON.stringify(views[1])).toContain('"value":"search-monthly|"');
  });

  test("says what is expected instead of opening a form for something else", async () => {
    const { views } = await type("raise", "search dayly");

    expect(views.at(-1)?.submit).toBeUndefined();
    expect(JSON.stringify(views.at(-1))).toContain(
      "I don't understand “dayly” after `search`: next comes an amount",
    );
  });

  test.each([
    ["search 0", "Enter an amount above $0."],
    ["search 1000001", "Enter at most $1,000,000."],
    ["search $2OO", "Enter an amount in US dollars"],
    ["search 200 until yesterday", "Enter a date"],
    ["serach 200", "I don't know “serach”. Did you mean Search?"],
    ["search dayly 200", "I don't understand “dayly” after `search`"],
    ["search daily 200", "There is no daily budget of Search to raise, only a monthly one."],
    ["ads 200", "You may not see “ads”."],
  ])("answers %j and asks nobody", async (text, answer) => {
    expect((await type("raise", text)).answer).toContain(answer);
    expect(await sentLines(db.pool)).toEqual([]);
  });

  test("says in the form why a scope can't be chosen, without an amount of it, and offers one's own", async () => {
    const { views } = await type("raise", "ana@acme.test");

    const shown = JSON.stringify(views[1]);
    expect(shown).toContain("You may not see “ana@acme.test”. Yours are below.");
    expect(shown).toContain('"value":"search-monthly|"');
    expect(shown).not.toContain('"value":"per-person|ana@acme.test"');
  });

  test("opens the form with the nearest budget for a name that nobody knows", async () => {
    const { views } = await type("raise", "serach until friday launch week");

    const shown = JSON.stringify(views[1]);
    expect(shown).toContain("I don't know “serach”. Did you mean Search?");
    expect(shown).toContain(
      '"initial_option":{"text":{"type":"plain_text","text":"Search · monthly',
    );
    expect(shown).toContain('"initial_value":"launch week"');
  });

  test("a suggestion carries all that was typed, and a click on it only opens the form", async () => {
    const { answers } = await type("raise", "serach monthly 200 until friday launch week");
    const command = "raise search monthly 200 until friday launch week";
    expect(JSON.stringify(answers[0]?.blocks)).toContain(`"value":"${command}"`);

    const { views, answers: none } = await type("raise", command.slice(6), BO, true);

    expect(none).toEqual([]);
    expect(JSON.stringify(views[1])).toContain('"initial_value":"200"');
    expect(JSON.stringify(views[1])).toContain('"initial_value":"launch week"');
    expect(await sentLines(db.pool)).toEqual([]);
  });
});

describe("buttons and shortcut", () => {
  test("Request raise opens the form with that budget", async () => {
    const value = raiseButtonValue({ budgetId: "search-monthly", memberKey: "" });

    const { views } = await click("budget_request_raise", value);

    expect(JSON.stringify(views[1])).toContain(
      '"initial_option":{"text":{"type":"plain_text","text":"Search',
    );
  });

  test("Request raise of App Home names no budget and offers the person's own", async () => {
    const { views } = await click("budget_request_raise", "any");

    expect(JSON.stringify(views[1])).toContain("Search");
    expect(JSON.stringify(views[1])).not.toContain("You may not see");
  });

  test("Request raise of somebody else's budget tells nothing", async () => {
    const value = raiseButtonValue({ budgetId: "per-person", memberKey: "ana@acme.test" });

    const { views } = await click("budget_request_raise", value);

    expect(JSON.stringify(views[1])).toContain("You may not see “ana@acme.test”");
    expect(JSON.stringify(views[1])).not.toContain('"value":"per-person|ana@acme.test"');
  });

  test("the shortcut offers the person's budgets", async () => {
    const { web, views } = recordingWeb();

    await listeners.shortcuts?.[0]?.run({ actor: BO, web, triggerId: "T" });

    expect(listeners.shortcuts?.[0]?.callbackId).toBe("request_budget_raise");
    expect(JSON.stringify(views[1])).toContain("per-person|bo@acme.test");
  });

  test("says what to do where there is no budget, or no address", async () => {
    const { web, views } = recordingWeb();
    await listeners.shortcuts?.[0]?.run({ actor: NOBODY, web, triggerId: "T" });
    await replaceGovernedBudgets(db.pool, [], clock());

    await listeners.shortcuts?.[0]?.run({ actor: BO, web, triggerId: "T" });

    expect(JSON.stringify(views[1])).toContain("Slack doesn't tell me");
    expect(JSON.stringify(views[3])).toContain("No budget covers you");
  });
});

describe("the raise form", () => {
  test("accepted, asks the approvers", async () => {
    expect(view?.validate(FILLED_IN, clock())).toEqual({});

    await submit(FILLED_IN);

    expect((await sentLines(db.pool)).map((line) => line.split(": ")[0])).toEqual([
      "email:ana@acme.test",
      "email:dana@acme.test",
      "email:bo@acme.test",
    ]);
  });

  test.each<[string, ViewValues, readonly string[]]>([
    ["nothing", {}, ["budget", "amount", "reason"]],
    ["no amount", { ...FILLED_IN, amount: "lots" }, ["amount"]],
    ["a past date", { ...FILLED_IN, until: "2026-11-01" }, ["until"]],
    ["a date too far ahead", { ...FILLED_IN, until: "2028-11-01" }, ["until"]],
    ["a blank reason", { ...FILLED_IN, reason: "  " }, ["reason"]],
  ])("with %s stays open and says where", (_, values, fields) => {
    expect(Object.keys(view?.validate(values, clock()) ?? {})).toEqual(fields);
  });

  test("without a date lasts until the end of the period", async () => {
    const { until: _, ...withoutDate } = FILLED_IN;
    expect(view?.validate(withoutDate, clock())).toEqual({});

    await submit(withoutDate);

    const { rows } = await db.pool.query("select r.ends_at from approval_requests r");
    expect(rows).toEqual([{ ends_at: instant("2026-12-01T00:00:00Z") }]);
  });

  test("refused, tells the person by direct message", async () => {
    await submit({ ...FILLED_IN, budget: "per-person|ana@acme.test" });

    expect(await sentLines(db.pool)).toEqual([
      "email:bo@acme.test: You may not see “ana@acme.test”.",
    ]);
  });

  test("from somebody without an address is refused", async () => {
    await expect(submit(FILLED_IN, NOBODY)).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("bad input is answered privately and changes nothing", () => {
  test.each([
    ["raise", "search 1e9", "Enter an amount in US dollars"],
    ["raise", "search -5", "Enter an amount above $0"],
    ["raise", "search 200 EUR", "Amounts are in US dollars"],
    ["raise", "search $2OO", "Enter an amount in US dollars"],
    ["raise", "search 0%", "Enter a percentage above 0%"],
    ["raise", "search 200 until 2026-11-01", "Choose a date that is not over yet"],
    ["raise", `search 200 ${"x".repeat(5_000)}`, "in at most 500 characters"],
    ["raise", "search 200 for eve@acme.test", "an admin or an owner of their team"],
  ])("%s %.40s", async (name, text, answer) => {
    const command = listeners.subcommands?.find((known) => known.name === name);
    const answers: string[] = [];

    await command?.run({
      actor: BO,
      web: recordingWeb().web,
      text,
      triggerId: randomUUID(),
      respond: async (message) => {
        answers.push(message.text);
        await Promise.resolve();
      },
    });

    expect(answers).toHaveLength(1);
    expect(answers[0]).toContain(answer);
    const { rowCount } = await db.pool.query(`select from approval_requests`);
    expect(rowCount).toBe(0);
  });

  test("a raise of a budget that was removed meanwhile grants nothing and says so", async () => {
    const { approve } = await import("../../../src/features/approvals/flow/decide-approval.ts");
    const { raiseEffects } = await import("../../../src/features/budgets/index.ts");
    const command = listeners.subcommands?.find(({ name }) => name === "raise");
    await command?.run({
      actor: BO,
      web: recordingWeb().web,
      text: "search 200",
      triggerId: randomUUID(),
      respond: async () => await Promise.resolve(),
    });
    const { rows } = await db.pool.query<{ readonly id: string }>(
      `select r.approval_request_id as id from approval_requests r`,
    );
    await replaceGovernedBudgets(db.pool, [], instant(NOW));
    const effects = { budget_raise: raiseEffects, anthropic_limit_increase: raiseEffects };

    await expect(
      approve(
        { database: db.pool, clock, appliers: effects },
        { requestId: rows[0]?.id ?? "", actorEmail: emailFrom("ana@acme.test") },
      ),
    ).rejects.toThrow("This budget was removed since the raise was asked for");

    const { rows: after } = await db.pool.query<{ readonly status: string }>(
      `select r.status from approval_requests r`,
    );
    expect(after).toEqual([{ status: "requested" }]);
  });
});
