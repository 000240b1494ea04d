import { beforeEach, describe, expect, test } from "vitest";
import type { AlertFact } from "../../../src/domain/alert.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { addMs, HOUR_MS, MINUTE_MS, timeZone } from "../../../src/domain/time.ts";
import { type AlertAction, actOnAlert } from "../../../src/features/alerts/flow/act.ts";
import { listAlerts } from "../../../src/features/alerts/flow/list-alerts.ts";
import { showAlert, whyAlert } from "../../../src/features/alerts/flow/look.ts";
import { planEvent } from "../../../src/features/alerts/flow/plan-event.ts";
import { savePreferences } from "../../../src/features/alerts/flow/preferences.ts";
import {
  explain,
  raiseAlert,
  raiseAlerts,
  releaseHeldAlerts,
  resolveThread,
} from "../../../src/features/alerts/index.ts";
import { DEFAULT_PREFERENCES } from "../../../src/features/alerts/rules/preferences.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { anAlertFact } from "../../support/alert-builders.ts";
import { acme, forgetEverything, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const time = manualClock("2026-11-23T10:00:00Z");
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");
const DANA = emailFrom("dana@acme.test");
const EVE = emailFrom("eve@acme.test");
const deps = {
  get database() {
    return db.pool;
  },
  clock: time.clock,
  explain,
};

beforeEach(async () => {
  time.set("2026-11-23T10:00:00Z");
  await forgetEverything(db.pool);
  await db.pool.query("truncate alert_preferences, planned_events, alert_gatherings, slack_users");
  await acme(db.pool);
});

async function raise(overrides: Partial<AlertFact> = {}) {
  return await inTransaction(
    db.pool,
    async (sql) => await raiseAlert(sql, deps, anAlertFact(overrides)),
  );
}

/** The numbered fact of the thread, with a text of its own. */
async function raiseNumber(number: number, overrides: Partial<AlertFact> = {}) {
  const content = { happened: [`fact ${String(number)}.`], brief: `brief ${String(number)}` };
  return await raise({ factKey: `fact:${String(number)}`, content, ...overrides });
}

async function resolve(because = "spend was corrected down.") {
  await inTransaction(db.pool, async (sql) => {
    await resolveThread(sql, deps, { threadKey: anAlertFact().threadKey, because });
  });
}

/** "post #team-search: …", "update …", "reply …", in order. */
async function outbox(): Promise<string[]> {
  const { rows } = await db.pool.query<{ readonly line: string }>(
    `select case when o.updates_dedupe_key is not null then 'update '
                 when o.reply_to_dedupe_key is not null then 'reply ' else 'post ' end
            || o.destination || ': ' || o.text as line
       from outbox_messages o order by o.outbox_message_id`,
  );
  return rows.map((row) => row.line);
}

/** "email:bo@acme.test not_sent preference", the oldest fact first. */
async function deliveries(): Promise<string[]> {
  const alerts = await listAlerts(db.pool, { alertsMax: 100 });
  return alerts
    .toReversed()
    .flatMap(({ alert, deliveries: all }) =>
      alert.notSentBecause === undefined
        ? all.map(({ to, status, because }) => [to, status, because].filter(Boolean).join(" "))
        : [`silent ${alert.notSentBecause}`],
    );
}

async function threadId(): Promise<string> {
  const { rows } = await db.pool.query<{ readonly thread_id: string }>(
    "select t.thread_id from alert_threads t",
  );
  return rows[0]?.thread_id ?? "";
}

async function act(action: AlertAction, email = BO) {
  return await actOnAlert(deps, {
    threadId: await threadId(),
    actor: { email, slackUserId: `U${email.slice(0, 2).toUpperCase()}` },
    action,
  });
}

describe("raiseAlert", () => {
  test("posts one message, then updates it in place with the news as a reply", async () => {
    expect(await raiseNumber(1)).toMatchObject({ kind: "announced" });
    expect(await raiseNumber(2)).toMatchObject({ kind: "announced" });

    expect(await outbox()).toEqual([
      "post #team-search: fact 1.",
      "update #team-search: fact 2.",
      "reply #team-search: fact 2.",
    ]);
    const { rows } = await db.pool.query<{ readonly blocks: unknown }>(
      "select o.blocks from outbox_messages o where o.updates_dedupe_key is not null",
    );
    expect(JSON.stringify(rows[0]?.blocks)).toContain("Before: brief 1");
  });

  test("says a fact once, also when two find it at once", async () => {
    const results = await Promise.all([raiseNumber(1), raiseNumber(1), raiseNumber(1)]);

    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["announced", "known", "known"]);
    expect(await outbox()).toHaveLength(1);
  });

  test("facts of one thread that are found at once become one message and a reply", async () => {
    await Promise.all([raiseNumber(1), raiseNumber(2)]);

    expect((await outbox()).map((line) => line.split(" ")[0])).toEqual(["post", "update", "reply"]);
  });

  test("many threads in any order, from two replicas, end without a deadlock", async () => {
    const facts = Array.from({ length: 12 }, (_, i) =>
      anAlertFact({ factKey: `f${String(i)}`, threadKey: `t${String(i % 4)}` }),
    );
    const run = async (some: readonly AlertFact[]) =>
      await inTransaction(db.pool, async (sql) => await raiseAlerts(sql, deps, some));

    const [first, second] = await Promise.all([run(facts), run(facts.toReversed())]);

    const announced = [...first, ...second].filter(({ kind }) => kind === "announced");
    expect(announced).toHaveLength(12);
    expect((await outbox()).filter((line) => line.startsWith("post"))).toHaveLength(4);
  });

  test("keeps a silent fact with its reason and sends nothing", async () => {
    expect(await raise({ silentBecause: "limit-changed" })).toMatchObject({
      kind: "silent",
      because: "limit-changed",
    });

    expect(await outbox()).toEqual([]);
    expect(await deliveries()).toEqual(["silent limit-changed"]);
  });

  test("sends nothing about a period that is over", async () => {
    const period = { start: addMs(time.clock(), -HOUR_MS), end: time.clock() };

    expect(await raise({ period })).toMatchObject({ kind: "silent", because: "period-over" });
    expect(await outbox()).toEqual([]);
  });

  test("a message that waits is not sent once its period is over", async () => {
    await raise();

    const { rows } = await db.pool.query("select valid_until from outbox_messages");
    expect(rows).toEqual([{ valid_until: new Date("2026-12-01T00:00:00Z") }]);
  });

  test("commits or vanishes with the caller's transaction", async () => {
    await expect(
      inTransaction(db.pool, async (sql) => {
        await raiseAlert(sql, deps, anAlertFact());
        throw new Error("later");
      }),
    ).rejects.toThrow("later");

    expect(await outbox()).toEqual([]);
    expect(await raise()).toMatchObject({ kind: "announced" });
  });

  test("names of any kind are stored", async () => {
    const content = { happened: ["a\0b \uD800 \\u0000"], brief: "\uDFFF" };

    expect(await raise({ content })).toMatchObject({ kind: "announced" });
    expect((await listAlerts(db.pool, { alertsMax: 1 }))[0]?.text).toBe("ab \uFFFD \\u0000");
  });
});

describe("resolveThread", () => {
  test("wakes nobody in their quiet hours: their message says so in place", async () => {
    await raise({ scope: scopeFrom("user:bo@acme.test") });
    await savePreferences(deps, BO, {
      ...DEFAULT_PREFERENCES,
      quietHours: { from: "09:00", until: "11:00" },
      timeZone: timeZone("UTC"),
    });

    await resolve();

    const lines = await outbox();
    expect(lines.filter((line) => line.startsWith("update"))).toHaveLength(1);
    expect(lines.at(-1)).toContain("No longer the case");
    expect(lines.filter((line) => line.startsWith("reply"))).toEqual([]);
  });

  test("says so once where it was said, and a new fact opens it again", async () => {
    await raiseNumber(1);
    await resolve();
    await resolve();
    await raiseNumber(2);

    expect(await outbox()).toEqual([
      "post #team-search: fact 1.",
      "update #team-search: fact 1. No longer the case: spend was corrected down.",
      "reply #team-search: No longer the case: spend was corrected down.",
      "update #team-search: fact 2.",
      "reply #team-search: fact 2.",
    ]);
  });

  test("is silent where nothing was said, and once the period is over", async () => {
    await resolve();
    await raiseNumber(1);
    time.set("2026-12-01T00:00:00Z");
    await resolve();

    expect(await outbox()).toEqual(["post #team-search: fact 1."]);
  });

  test("whoever may no longer see the scope learns nothing new of it", async () => {
    await savePreferences(deps, ANA, { ...DEFAULT_PREFERENCES, wantsTeams: true });
    await raiseNumber(1);
    await db.pool.query("delete from team_members where email = $1", [ANA]);

    await raiseNumber(2);
    await act({ kind: "acknowledge" });
    await resolve();

    const toAna = (await outbox()).filter((line) => line.includes(ANA));
    expect(toAna).toEqual(["post email:ana@acme.test: fact 1."]);
    expect(await outbox()).toContain(
      "reply #team-search: No longer the case: spend was corrected down.",
    );
  });

  test("drops what was held back", async () => {
    await quiet(BO);
    await raise({ scope: scopeFrom("user:bo@acme.test") });
    await resolve();
    time.advance(24 * HOUR_MS);
    await releaseHeldAlerts(deps);

    expect(await outbox()).toEqual([]);
    expect(await deliveries()).toEqual(["email:bo@acme.test not_sent resolved"]);
  });
});

/** From 09:00 to 12:00 in Berlin: 10:00 UTC lies within. */
async function quiet(person: typeof BO): Promise<void> {
  await savePreferences(deps, person, {
    ...DEFAULT_PREFERENCES,
    quietHours: { from: "09:00", until: "12:00" },
    timeZone: timeZone("Europe/Berlin"),
  });
}

describe("recipients", () => {
  const own = { scope: scopeFrom("user:bo@acme.test") };

  test("quiet hours delay a direct message until they end, the latest news only", async () => {
    await quiet(BO);
    await raiseNumber(1, own);
    await raiseNumber(2, own);
    expect(await deliveries()).toEqual([
      "email:bo@acme.test held quiet-hours",
      "email:bo@acme.test held quiet-hours",
    ]);

    time.set("2026-11-23T10:59:00Z");
    await releaseHeldAlerts(deps);
    expect(await outbox()).toEqual([]);
    time.set("2026-11-23T11:00:00Z");
    const replica = { ...deps, database: db.openPool() };
    await Promise.all([releaseHeldAlerts(deps), releaseHeldAlerts(replica)]);

    expect(await outbox()).toEqual(["post email:bo@acme.test: fact 2."]);
    expect(await deliveries()).toEqual([
      "email:bo@acme.test not_sent newer-alert",
      "email:bo@acme.test pending",
    ]);
  });

  test("what is held back and can't be said keeps nothing else back", async () => {
    for (const person of [ANA, BO]) {
      await quiet(person);
      const scope = scopeFrom(`user:${person}`);
      await raiseNumber(1, { scope, factKey: person, threadKey: person });
    }
    time.set("2026-11-23T11:00:00Z");
    await db.pool.query(
      `alter table outbox_messages add constraint no_poison check (destination <> 'email:${ANA}')`,
    );
    await expect(releaseHeldAlerts(deps)).rejects.toThrow("no_poison");
    await db.pool.query(`alter table outbox_messages drop constraint no_poison`);

    expect(await outbox()).toEqual(["post email:bo@acme.test: fact 1."]);
  });

  test("what is held back is not said once its period is over", async () => {
    await quiet(BO);
    await raise({ ...own, period: { start: time.clock(), end: addMs(time.clock(), MINUTE_MS) } });
    time.set("2026-11-23T11:00:00Z");

    await releaseHeldAlerts(deps);

    expect(await outbox()).toEqual([]);
    expect(await deliveries()).toEqual(["email:bo@acme.test not_sent period-over"]);
  });

  test("what was held is not told after what came when they were over", async () => {
    await quiet(BO);
    await raiseNumber(1, { scope: scopeFrom("user:bo@acme.test") });
    time.set("2026-11-23T12:00:20Z");
    await raiseNumber(2, { scope: scopeFrom("user:bo@acme.test") });
    expect(await deliveries()).toEqual([
      "email:bo@acme.test not_sent newer-alert",
      "email:bo@acme.test pending",
    ]);

    expect(await releaseHeldAlerts(deps)).toBe(0);
    expect(await outbox()).toHaveLength(1);
  });

  test("quiet hours of people do not delay a channel", async () => {
    await quiet(ANA);
    await raise();

    expect(await outbox()).toHaveLength(1);
  });

  test("who wants no messages about their own spend gets none; it is on record", async () => {
    await savePreferences(deps, BO, { ...DEFAULT_PREFERENCES, wantsOwn: false });
    await raise(own);

    expect(await outbox()).toEqual([]);
    expect(await deliveries()).toEqual(["email:bo@acme.test not_sent preference"]);
  });

  test("who muted its kind gets none of it; what comes for want of a channel can't be muted", async () => {
    const muted = { ...DEFAULT_PREFERENCES, muted: ["budgets", "unusual"] as const };
    await savePreferences(deps, BO, muted);
    await raise(own);
    expect(await deliveries()).toEqual(["email:bo@acme.test not_sent preference"]);

    await savePreferences(deps, BO, { ...muted, muted: ["forecasts"] });
    await raise({ ...own, factKey: "another", threadKey: "another" });
    expect(await outbox()).toHaveLength(1);
  });

  test("an owner who asked for it hears of the team by direct message, too", async () => {
    await savePreferences(deps, ANA, { ...DEFAULT_PREFERENCES, wantsTeams: true });
    await savePreferences(deps, BO, { ...DEFAULT_PREFERENCES, wantsTeams: true });
    await raiseNumber(1);

    expect(await outbox()).toEqual([
      "post #team-search: fact 1.",
      "post email:ana@acme.test: fact 1.",
    ]);
  });

  test("the zone of quiet hours is Slack's where none was chosen", async () => {
    await db.pool.query(
      `insert into slack_users (slack_user_id, email, display_name, time_zone, seen_at)
       values ('U1', 'bo@acme.test', 'bo', 'Asia/Tokyo', now())`,
    );
    const quietHours = { from: "18:00", until: "20:00" }; // 10:00 UTC is 19:00 in Tokyo.
    await savePreferences(deps, BO, { ...DEFAULT_PREFERENCES, quietHours });
    await raise(own);

    expect(await deliveries()).toEqual(["email:bo@acme.test held quiet-hours"]);
  });
});

describe("actOnAlert", () => {
  test("acknowledged, the message shows who; of two clicks at once one counts", async () => {
    await raiseNumber(1);

    const results = await Promise.all([
      act({ kind: "acknowledge" }),
      act({ kind: "acknowledge" }, DANA),
    ]);

    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["already", "done"]);
    expect(await outbox()).toHaveLength(2);
    expect((await outbox())[1]).toMatch(
      /^update #team-search: fact 1\. Acknowledged by (bo|dana)@/,
    );
  });

  test("a further fact is not acknowledged yet", async () => {
    await raiseNumber(1);
    await act({ kind: "acknowledge" });
    await raiseNumber(2);

    const [second, first] = await listAlerts(db.pool, { alertsMax: 2 });
    expect(first?.acknowledged?.by).toBe(BO);
    expect(second?.acknowledged).toBeUndefined();
    expect(await act({ kind: "acknowledge" })).toEqual({ kind: "done" });
  });

  test("snoozed, the message stays true without a sound and speaks afterwards", async () => {
    await raiseNumber(1);
    await act({ kind: "snooze", how: "hour" });
    await raiseNumber(2);
    await raiseNumber(3);
    time.advance(HOUR_MS);
    await releaseHeldAlerts(deps);
    await releaseHeldAlerts(deps);

    expect((await outbox()).map((line) => line.replace(/ Snoozed.*/, " …"))).toEqual([
      "post #team-search: fact 1.",
      "update #team-search: fact 1. …",
      "update #team-search: fact 2. …",
      "update #team-search: fact 3. …",
      "update #team-search: fact 3.",
      "reply #team-search: fact 3.",
    ]);
    expect(await deliveries()).toEqual([
      "#team-search pending",
      "#team-search not_sent newer-alert",
      "#team-search pending",
    ]);
  });

  test("snoozed until the period ends, nothing of it speaks any more", async () => {
    await raiseNumber(1);
    await act({ kind: "snooze", how: "period" });
    await raiseNumber(2);

    expect(await deliveries()).toEqual(["#team-search pending", "#team-search not_sent snoozed"]);
    expect((await outbox()).filter((line) => line.startsWith("reply"))).toEqual([]);
  });

  test("a double click snoozes once; another length takes its place", async () => {
    await raiseNumber(1);

    expect(await act({ kind: "snooze", how: "hour" })).toEqual({ kind: "done" });
    time.advance(1_000);
    expect(await act({ kind: "snooze", how: "hour" })).toMatchObject({ kind: "already" });
    expect(await act({ kind: "snooze", how: "tomorrow" })).toEqual({ kind: "done" });
  });

  test("assigned to somebody who may see it, and to nobody else", async () => {
    await raiseNumber(1);
    const to = (email: typeof BO): AlertAction => ({
      kind: "assign",
      to: { email, slackUserId: "U7" },
    });

    expect(await act(to(EVE))).toEqual({ kind: "assignee-not-allowed", who: EVE });
    expect(await act(to(ANA))).toEqual({ kind: "done" });
    expect(await act(to(ANA))).toMatchObject({ kind: "already" });

    expect(await outbox()).toHaveLength(2);
    expect((await listAlerts(db.pool, { alertsMax: 1 }))[0]?.assignedTo).toBe(ANA);
  });

  test("feedback is kept and shown", async () => {
    await raiseNumber(1);
    await act({ kind: "feedback", what: "false" });

    expect((await outbox())[1]).toContain("A false alarm, says bo@acme.test.");
    expect((await listAlerts(db.pool, { alertsMax: 1 }))[0]?.feedback).toBe("false");
  });

  test.each<AlertAction>([
    { kind: "acknowledge" },
    { kind: "snooze", how: "hour" },
    { kind: "feedback", what: "real" },
    { kind: "assign", to: { email: ANA, slackUserId: "U7" } },
  ])("$kind is refused to who may not see it, and changes nothing", async (action) => {
    await raiseNumber(1);

    expect(await act(action, EVE)).toEqual({ kind: "not-allowed" });
    expect(await outbox()).toHaveLength(1);
  });

  test("of a program's alert: who answers for it may act, also through another program", async () => {
    await db.pool.query(
      `insert into service_accounts (address, name, kind, responsible, team_key, ids)
       values ('ci@acme.test', 'CI', 'service_account', $1, null, '{}'),
              ('review@acme.test', 'Review', 'agent', 'ci@acme.test', null, '{}')`,
      [EVE],
    );
    await raiseNumber(1, { scope: { kind: "user", key: "review@acme.test" } });

    expect(await act({ kind: "acknowledge" }, BO)).toEqual({ kind: "not-allowed" });
    expect(await act({ kind: "acknowledge" }, EVE)).toEqual({ kind: "done" });
    await db.pool.query("delete from service_accounts");
  });

  test.each(["", "nonsense", "00000000-0000-7000-8000-000000000000"])(
    "of %j finds nothing",
    async (id) => {
      const actor = { email: BO, slackUserId: "U1" };
      const action = { kind: "acknowledge" } as const;
      expect(await actOnAlert(deps, { threadId: id, actor, action })).toEqual({ kind: "unknown" });
      expect(await whyAlert(deps, { threadId: id, email: BO })).toEqual({ kind: "unknown" });
    },
  );

  test("the id of an alert names its thread, as buttons of before do", async () => {
    const raised = await raiseNumber(1);
    const id = raised.kind === "announced" ? raised.alertId : "";
    const actor = { email: BO, slackUserId: "U1" };

    expect(
      await actOnAlert(deps, { threadId: id, actor, action: { kind: "acknowledge" } }),
    ).toEqual({ kind: "done" });
  });
});

describe("whyAlert", () => {
  beforeEach(async () => {
    const at = "2026-11-20T10:00:00Z";
    const bo = { userEmail: BO, projectKey: "checkout" };
    await spend(db.pool, { amount: usd(30), at, of: bo });
    await spend(db.pool, { amount: usd(5), at: "2026-10-20T10:00:00Z", of: bo });
    await spend(db.pool, { amount: usd(7), at, of: { projectKey: "ranking" } });
    await spend(db.pool, { amount: usd(99), at, of: { teamKey: "ads" } });
    await spend(db.pool, { amount: usd(99), at: "2026-12-20T10:00:00Z", of: bo });
    await raise();
  });

  test("compares with the same span before, people for who may see them", async () => {
    const result = await whyAlert(deps, { threadId: await threadId(), email: ANA });

    expect(result).toMatchObject({
      kind: "explained",
      explanation: {
        name: "Search",
        total: { now: usd(37), before: usd(5) },
        movers: [
          { by: "user", top: [{ name: BO, now: usd(30), before: usd(5) }, { name: "no person" }] },
          { by: "project", top: [{ name: "checkout" }, { name: "ranking", now: usd(7) }] },
          { by: "model" },
        ],
      },
    });
  });

  test("names no people to members, and nothing to others", async () => {
    const id = await threadId();
    const result = await whyAlert(deps, { threadId: id, email: BO });

    expect(
      JSON.stringify(result, (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    ).not.toContain("@");
    expect(await whyAlert(deps, { threadId: id, email: EVE })).toEqual({ kind: "not-allowed" });
    expect(await showAlert(deps, { threadId: id, email: EVE })).toEqual({ kind: "not-allowed" });
  });

  test("somebody who explains better is asked", async () => {
    const better = { ...deps, explain: async () => await Promise.reject(new Error("asked")) };

    await expect(whyAlert(better, { threadId: await threadId(), email: ANA })).rejects.toThrow(
      "asked",
    );
  });
});

describe("planned events", () => {
  const LAUNCH = { name: "launch", from: "2026-11-23", until: "2026-11-24", expected: usd(100) };
  const SEARCH = { name: "Search", typed: "search" };
  const plan = async (planner = ANA, overrides = {}) =>
    await planEvent(deps, { planner, scope: "search", ...LAUNCH, ...overrides });

  test("mute the expected part of spikes, and nothing of budgets", async () => {
    expect(await plan()).toMatchObject({ kind: "planned", scopeName: "Search" });

    expect(await raise({ factKey: "1", excess: usd(100) })).toMatchObject({ because: "planned" });
    expect(await raise({ factKey: "2" })).toMatchObject({ because: "planned" });
    expect(await raise({ factKey: "3", excess: usd(100.01) })).toMatchObject({ kind: "announced" });
    expect(await raise({ factKey: "4", kind: "threshold" })).toMatchObject({ kind: "announced" });
    const ads = { scope: scopeFrom("team:ads"), threadKey: "ads" };
    expect(await raise({ factKey: "5", ...ads })).toMatchObject({ kind: "announced" });
  });

  test("hold through their last day and not longer", async () => {
    await plan();
    time.set("2026-11-24T23:59:59Z");
    expect(await raise({ factKey: "1" })).toMatchObject({ because: "planned" });
    time.set("2026-11-25T00:00:00Z");
    expect(await raise({ factKey: "2" })).toMatchObject({ kind: "announced" });
  });

  test("of the organization hold for every team", async () => {
    expect(await plan(DANA, { scope: "org" })).toMatchObject({ kind: "planned" });
    expect(await raise()).toMatchObject({ because: "planned" });
  });

  test.each([
    ["a member", BO, {}, { kind: "not-yours", scopeName: "Search", offered: [] }],
    ["oneself", BO, { scope: "me" }, { kind: "not-yours", scopeName: BO, offered: [] }],
    ["an owner, of themselves", ANA, { scope: "me" }, { kind: "not-yours", offered: [SEARCH] }],
    [
      "an owner of another team",
      EVE,
      {},
      { kind: "not-allowed", text: "search", viewable: [{ name: "Ads", typed: "ads" }] },
    ],
    [
      "a typo",
      ANA,
      { scope: "serach" },
      { kind: "unknown-scope", text: "serach", nearest: [SEARCH], viewable: [SEARCH] },
    ],
    ["a typo of another's", ANA, { scope: "asd" }, { kind: "unknown-scope", nearest: [] }],
    [
      "a past event",
      ANA,
      { from: "2026-11-01", until: "2026-11-22" },
      { kind: "impossible-dates", reason: "over" },
    ],
    [
      "turned dates",
      ANA,
      { from: "2026-11-26", until: "2026-11-25" },
      { kind: "impossible-dates", reason: "turned" },
    ],
    ["no date", ANA, { until: "friday" }, { kind: "impossible-dates", reason: "no-date" }],
  ])("refuse %s", async (_, planner, overrides, result) => {
    expect(await plan(planner, overrides)).toMatchObject(result);
    expect(await raise()).toMatchObject({ kind: "announced" });
  });
});
