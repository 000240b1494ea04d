/** The story of the product through the running program: usage, answers, alerts, raise, digest. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addMs, DAY_MS, HOUR_MS, type Instant } from "../../src/domain/time.ts";
import { runningClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { PEOPLE, useFakeSlack } from "../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../support/program.ts";
import { aNativeEvent } from "../support/usage-builders.ts";

const db = useDatabase();
// A Wednesday in the middle of a month, so that weeks and months have room on both sides.
const clock = runningClock({ from: "2026-11-18T11:00:00Z" });
let passed = 0;
const now = (): Instant => addMs(clock(), passed);
const slack = useFakeSlack({ manifest: MANIFEST });
let program: TestProgram;

const governance = readFileSync("docs/examples/governance.yml", "utf8");

/** An event that costs `dollars`: output of Opus 5.5 is $20 a million tokens, less 12.5 %. */
function spending(dollars: number, overrides: Readonly<Record<string, unknown>> = {}) {
  return aNativeEvent({
    occurred_at: now().toISOString(),
    model: "claude-sonnet-5",
    usage: { input_tokens: 0, output_tokens: dollars * 100_000 },
    team: "search",
    project: "checkout",
    ...overrides,
  });
}

const tables = `usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events, alerts,
  alert_threads, alert_actions, alert_thread_messages, alert_deliveries, alert_gatherings,
  budget_grants, budgets, approval_votes, approval_requests, approval_policies, audit_entries,
  outbox_messages, digests, governance_documents, team_members, projects, teams, admins,
  organization_settings, allocation_rules, discounts, slack_users`;

beforeEach(async () => {
  await db.pool.query(`truncate ${tables} cascade`);
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock: now });
  await program.put("/v1/governance", governance);
});
afterEach(async () => {
  await program.stop();
});

describe("the main job", () => {
  test("usage arrives, /claude-spend answers, and the read API agrees", async () => {
    await program.post([spending(12), spending(30, { user_email: "bo@acme.test" })]);

    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend search");
    const answer = await bo.waitForMessage("#general", ({ text }) => text.includes("Search"));
    expect(answer.text).toContain("$42.00");

    expect(
      await program.get(
        "/v1/spend?scope=team:search&from=2026-11-01&to=2026-12-01&group_by=project",
      ),
    ).toMatchObject({
      status: 200,
      body: {
        total_cost: "42.000000",
        requests: 2,
        rows: [{ project: "checkout", cost: "42.000000" }],
      },
    });
  });

  test("a jump over two thresholds is one alert in the team's channel, and never repeated", async () => {
    await program.post(spending(420));

    const alert = await slack().waitForMessage("#team-search", ({ text }) => text.includes("80"));
    expect(alert.text).toContain("$420.00");
    await program.post([spending(1), spending(2)]);
    await program.stop();
    program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock: now });
    await program.post(spending(3));
    await settled();

    expect(
      slack()
        .messages("#team-search")
        .filter(({ text }) => text.includes("%")),
    ).toHaveLength(1);
  });

  test("a personal budget warns its person by direct message", async () => {
    await program.post(spending(31, { user_email: "bo@acme.test" }));
    const dm = await slack()
      .as(PEOPLE.bo)
      .waitForMessage("dm", ({ text }) => text.includes("$31.00"));
    expect(dm.text).toContain("$40.00");
  });

  test("a raise is asked for, approved by an owner, in force at once and ends by itself", async () => {
    await program.post(spending(450));
    const bo = slack().as(PEOPLE.bo);
    const ana = slack().as(PEOPLE.ana);

    await bo.command("/claude-spend raise search 150 until 2026-11-25 launch week");
    const card = await ana.waitForMessage("dm", ({ text }) => text.includes("$150.00"));
    await ana.click(card, "approval_approve");

    await bo.waitForMessage("dm", ({ text }) => /approved/i.test(text));
    const updated = await ana.waitForMessage(
      "dm",
      ({ ts, text }) => ts === card.ts && text !== card.text,
    );
    expect(JSON.stringify(updated.blocks)).not.toContain("approval_approve");
    const limits = async () =>
      (await program.get("/v1/budgets?scope=team:search")).body["budgets"] as { limit: string }[];
    expect(await limits()).toMatchObject([{ limit: "650.000000" }]);
    const { rows } = await db.pool.query(
      `select a.actor, a.action from audit_entries a where a.action like '%approv%'`,
    );
    expect(rows).not.toEqual([]);

    passed += 9 * DAY_MS;
    expect(await limits()).toMatchObject([{ limit: "500.000000" }]);
    passed -= 9 * DAY_MS;
  });

  test("a click by someone without authority is answered privately and changes nothing", async () => {
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend raise search 150 launch week");
    const card = await slack()
      .as(PEOPLE.ana)
      .waitForMessage("dm", ({ text }) => text.includes("$150.00"));
    const before = await program.get("/v1/approvals?status=requested");

    // Mia owns another team. She forges the click: the button's value is all that she needs.
    await db.pool.query(`update team_members set email = 'mia@acme.test' where role = 'owner'`);
    await slack().as(PEOPLE.ana).click(card, "approval_approve");
    await slack()
      .as(PEOPLE.ana)
      .waitForMessage(
        "dm",
        ({ text, isEphemeral }) => isEphemeral && text.includes("not an approver"),
      );

    expect(await program.get("/v1/approvals?status=requested")).toEqual(before);
    expect(await program.get("/v1/budgets?scope=team:search")).toMatchObject({
      body: { budgets: [{ limit: "500.000000" }] },
    });
  });

  test("the daily digest is posted once, in its zone, with two replicas running", async () => {
    await program.post(spending(42, { occurred_at: "2026-11-17T15:00:00Z" }));
    const second = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock: now });
    await second.stop();
    passed += 21 * HOUR_MS; // 9:00 in Berlin on the next day
    const replicas = await Promise.all(
      [1, 2].map(
        async () =>
          await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock: now }),
      ),
    );
    const digest = await slack().waitForMessage("#finops", ({ text }) =>
      text.includes("Acme spent"),
    );
    await settled();
    await Promise.all(replicas.map(async (replica) => await replica.stop()));
    passed -= 21 * HOUR_MS;

    expect(digest.text).toContain("on Wed, Nov 18");
    expect(
      slack()
        .messages("#finops")
        .filter(({ text }) => text.includes("Acme spent")),
    ).toHaveLength(1);
  });

  test("an unknown scope is answered with the nearest ones", async () => {
    const dana = slack().as(PEOPLE.dana);
    await dana.command("/claude-spend serch");
    const answer = await dana.waitForMessage("#general", ({ text }) => text.includes("serch"));
    expect(JSON.stringify(answer.blocks)).toContain("`/claude-spend search`");
  });

  test.each(["0", "-5", "1000000000", "$2OO", "200 EUR"])(
    "a raise of %s is refused with a reason, and nothing is asked",
    async (amount) => {
      const bo = slack().as(PEOPLE.bo);
      await bo.command(`/claude-spend raise search ${amount} please`);
      await bo.waitForMessage("#general", ({ isEphemeral }) => isEphemeral);
      expect(await program.get("/v1/approvals")).toMatchObject({ body: { approvals: [] } });
    },
  );

  test("nothing that people type pings a channel", async () => {
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend raise search 20 <!channel> & *bold* <https://evil.test|click>");
    await slack()
      .as(PEOPLE.ana)
      .waitForMessage("dm", ({ text }) => text.includes("$20.00"));
    expect(slack().broadcasts()).toEqual([]);
  });
});

/** Everything that was due has been worked through. */
async function settled(): Promise<void> {
  const countWaiting = async (): Promise<number | undefined> => {
    const { rows } = await db.pool.query<{ waiting: number }>(
      `select (select count(*) from budget_checks)::int
            + (select count(*) from outbox_messages where status in ('pending', 'sending', 'unknown'))::int as waiting`,
    );
    return rows[0]?.waiting;
  };
  await expect.poll(countWaiting).toBe(0);
}
