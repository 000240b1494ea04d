import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { addMs, MINUTE_MS } from "../../../src/domain/time.ts";
import { ASKED_AT } from "../../support/approvals-builders.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { acme, ask, aTier, resetAcme, usePolicies } from "../approvals/flow/setup.ts";
import { aHome, type HomeInTest, rateLimited, slackError } from "./setup.ts";

const db = useDatabase();
const ANA = emailFrom("ana@acme.test");
let home: HomeInTest;

beforeEach(async () => {
  await resetAcme(db.pool);
  await usePolicies(db.pool, aTier());
  await db.pool.query(
    `truncate home_views, spend_rollups, spend_days, spend_dimensions, alerts cascade`,
  );
  await db.pool.query(
    `update home_cursors set looked_at = $1,
            audit_sequence = (select h.last_sequence from audit_chain_head h)`,
    [ASKED_AT],
  );
  home = aHome(db.pool, {
    at: ASKED_AT.toISOString(),
    people: { U_ANA: "ana@acme.test", U_BO: "bo@acme.test", U_ZOE: "zoe@acme.test" },
  });
});

const shows = (user: string, text: string): boolean =>
  home.slack.linesOf(user).join("\n").includes(text);

/** Later than anything that gathers or retries. */
function pass(ms = MINUTE_MS): void {
  home.clock.advance(ms);
}

describe("a Home", () => {
  test("shows a request that is made elsewhere within seconds, and no more once it is decided", async () => {
    await home.open("U_ANA");
    await home.open("U_BO");
    await ask(acme(db.pool));
    pass(3_000);
    await home.settle();

    expect(shows("U_ANA", "Waiting for your decision")).toBe(true);
    expect(shows("U_BO", "Your open requests")).toBe(true);

    await db.pool.query(
      `update approval_requests set status = 'cancelled', waiting_for = '{}', decided_at = $1`,
      [ASKED_AT],
    );
    await recordDecision();
    pass();
    await home.settle();

    expect(shows("U_ANA", "Waiting for your decision")).toBe(false);
    expect(shows("U_BO", "Your open requests")).toBe(false);
  });

  test("of nobody concerned is left alone", async () => {
    await home.open("U_ZOE");
    await ask(acme(db.pool));
    pass();
    await home.settle();

    expect(home.slack.published).toEqual(["U_ZOE"]);
  });

  test("that nobody opened in the last week is left alone", async () => {
    await home.open("U_ANA");
    await db.pool.query(`update home_views set visited_at = visited_at - interval '8 days'`);
    await ask(acme(db.pool));
    pass();
    await home.settle();

    expect(home.slack.published).toEqual(["U_ANA"]);
  });

  test("is published once for many changes together", async () => {
    await home.open("U_ANA");
    for (let index = 0; index < 5; index += 1) {
      const subject = { budget_id: `budget-${String(index)}` };
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ask(acme(db.pool), { subject, requester: emailFrom(`p${String(index)}@acme.test`) });
      // oxlint-disable-next-line no-await-in-loop -- the worker wakes after each
      await home.work();
    }
    expect(home.slack.published).toEqual(["U_ANA"]);

    pass(3_000);
    await home.settle();
    expect(home.slack.published).toEqual(["U_ANA", "U_ANA"]);
    expect(shows("U_ANA", "Waiting for your decision · 5")).toBe(true);
  });

  test("that shows the same is not published again", async () => {
    await home.open("U_ANA");
    await db.pool.query(`update home_views set due_at = $1`, [ASKED_AT]);
    await home.settle();

    expect(home.slack.published).toEqual(["U_ANA"]);
    const { rows } = await db.pool.query(`select due_at, leased_until from home_views`);
    expect(rows).toEqual([{ due_at: null, leased_until: null }]);
  });

  test("is shown again at once from what was published last, while that is fresh", async () => {
    await home.open("U_ANA");
    await home.open("U_ANA");
    expect(home.slack.published).toHaveLength(2);

    pass(20 * MINUTE_MS);
    await home.open("U_ANA");
    expect(home.slack.published).toHaveLength(2);

    // Something has changed: what was published last is not so any more.
    await db.pool.query(`update home_views set due_at = $1`, [ASKED_AT]);
    await home.open("U_ANA");
    expect(home.slack.published).toHaveLength(2);
  });

  test("of somebody who has another address by now is looked up anew, whatever was shown", async () => {
    await ask(acme(db.pool));
    await home.open("U_ANA");
    home.people.set("U_ANA", "zoe@acme.test");
    await home.open("U_ANA");

    expect(shows("U_ANA", "Waiting for your decision")).toBe(false);
  });

  test("of somebody who left, or became another person, is forgotten", async () => {
    await home.open("U_ANA");
    await home.open("U_BO");
    home.people.set("U_ANA", undefined);
    home.slack.failNext(slackError("user_not_found"));
    await ask(acme(db.pool));
    pass();
    await home.settle();

    const { rows } = await db.pool.query(`select slack_user_id from home_views`);
    expect(rows).toEqual([]);
  });
});

describe("own spend", () => {
  const at = ASKED_AT;
  const spent = async (amount: number): Promise<void> => {
    await spend(db.pool, { amount: usd(amount), at, of: { userEmail: ANA } });
  };

  test("that moved noticeably is published, a few cents are not", async () => {
    await spent(10);
    await home.open("U_ANA");
    await spent(0.2);
    pass(11_000);
    await home.settle();
    expect(shows("U_ANA", "$10.00")).toBe(true);

    await spent(1);
    pass(11_000);
    await home.settle();
    expect(shows("U_ANA", "$11.20")).toBe(true);
  });

  test("on a screen is never older than an hour", async () => {
    await spent(10);
    await home.open("U_ANA");
    await spent(0.2);
    pass(61 * MINUTE_MS);
    await home.settle();

    expect(shows("U_ANA", "$10.20")).toBe(true);
  });
});

describe("a publish that fails", () => {
  beforeEach(async () => {
    await home.open("U_ANA");
    await ask(acme(db.pool));
    pass(3_000);
  });

  const isShown = (): boolean => shows("U_ANA", "Waiting for your decision");

  test("is tried again", async () => {
    home.slack.failNext(slackError("service_unavailable"));
    await home.settle();
    expect(isShown()).toBe(false);

    pass();
    await home.settle();
    expect(isShown()).toBe(true);
  });

  test("waits as long as Slack asks for, and everybody in the workspace with it", async () => {
    await home.open("U_BO");
    // Bo's becomes due while Slack wants nothing.
    await db.pool.query(
      `update home_views
          set content_sha256 = 'old',
              due_at = $1::timestamptz + case when slack_user_id = 'U_BO' then interval '20 seconds' else '0' end`,
      [ASKED_AT],
    );
    const before = home.slack.published.length;
    home.slack.failNext(rateLimited(30));
    await home.work();
    pass(29_000);
    await home.work();
    expect(home.slack.published).toHaveLength(before);

    pass(2_000);
    await home.settle();
    expect(home.slack.published).toHaveLength(before + 2);
    expect(isShown()).toBe(true);
  });

  test("is superseded by what somebody else published meanwhile, and brought up to date after it", async () => {
    home.slack.beforeNext(async () => {
      await home.slack.web.publishHome("U_ANA", { type: "home", blocks: [] });
    });
    await home.settle();
    expect(isShown()).toBe(false);

    for (let minute = 0; minute < 3; minute += 1) {
      pass();
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await home.settle();
    }
    expect(isShown()).toBe(true);
  });

  test("is given up after a while, and begun anew with the next change", async () => {
    home.slack.failNext(...Array.from({ length: 8 }, () => slackError("fatal_error")));
    for (let hour = 0; hour < 9; hour += 1) {
      pass(15 * MINUTE_MS);
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await home.settle();
    }
    const { rows } = await db.pool.query<{ due: boolean }>(
      `select due_at is not null as due from home_views`,
    );
    expect(rows).toEqual([{ due: false }]);
    await recordDecision();
    pass();
    await home.settle();
    expect(isShown()).toBe(true);
  });
});

describe("two replicas", () => {
  test("share what is due: nobody's Home is published twice", async () => {
    const replica = db.openPool();
    const users = Array.from({ length: 12 }, (_, index) => `U${String(index)}`);
    for (const [index, user] of users.entries()) {
      home.people.set(user, `p${String(index)}@acme.test`);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await home.open(user);
    }
    const before = home.slack.published.length;
    await db.pool.query(`update home_views set due_at = $1, content_sha256 = 'old'`, [ASKED_AT]);
    await Promise.all([home.work(), home.work(replica), home.work(), home.work(replica)]);
    await home.settle();

    expect(home.slack.published.slice(before).toSorted()).toEqual(users.toSorted());
  });

  test("take over what one of them died with, when its claim is over", async () => {
    await home.open("U_ANA");
    await ask(acme(db.pool));
    await db.pool.query(`update home_views set leased_until = $1`, [addMs(ASKED_AT, MINUTE_MS)]);
    pass(30_000);
    await home.settle();
    expect(home.slack.published).toHaveLength(1);

    pass();
    await home.settle();
    expect(shows("U_ANA", "Waiting for your decision")).toBe(true);
  });

  test("leave a Home due that changes while it is looked up", async () => {
    await home.open("U_ANA");
    await ask(acme(db.pool));
    pass();
    home.slack.beforeNext(async () => {
      const subject = { budget_id: "another" };
      await ask(acme(db.pool), { subject, requester: emailFrom("p1@acme.test") });
      await db.pool.query(`update home_views set change_number = change_number + 1`);
    });
    await home.work();
    expect(shows("U_ANA", "Waiting for your decision · 2")).toBe(false);
    const { rows } = await db.pool.query(`select due_at is not null as is_due from home_views`);
    expect(rows).toEqual([{ is_due: true }]);

    pass();
    await home.settle();
    expect(shows("U_ANA", "Waiting for your decision · 2")).toBe(true);
  });

  test("stay below what Slack takes in a minute, those who looked last first", async () => {
    await db.pool.query(
      `insert into home_views (slack_team_id, slack_user_id, email, visited_at, content, due_at)
       select 'T1', 'U' || n, 'p' || n || '@acme.test', $1::timestamptz - make_interval(secs => n), '[]', $1
         from generate_series(1, 90) as n`,
      [ASKED_AT],
    );
    for (let n = 1; n <= 90; n += 1) home.people.set(`U${String(n)}`, `p${String(n)}@acme.test`);
    await home.settle();
    expect(home.slack.published).toHaveLength(70);
    expect(home.slack.published.at(0)).toBe("U1");

    pass(61_000);
    await home.settle();
    expect(home.slack.published).toHaveLength(90);
  });
});

async function recordDecision(): Promise<void> {
  await db.pool.query(
    `insert into audit_entries (audit_entry_id, occurred_at, actor, action, subject)
     select gen_random_uuid(), $1, 'bo@acme.test', 'approval.cancelled',
            'approval:' || r.approval_request_id
       from approval_requests r`,
    [ASKED_AT],
  );
}
