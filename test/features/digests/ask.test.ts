import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { type Email, emailFrom } from "../../../src/domain/email.ts";
import { ORG_SCOPE, type Scope, scopeFrom } from "../../../src/domain/scope.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  type DigestRule,
  digestListeners,
  replaceGovernedDigests,
  sendDueDigests,
} from "../../../src/features/digests/index.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import type { Subcommand } from "../../../src/slack/listener.ts";
import { acme, forgetEverything, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const db = useDatabase();
const log = pino({ level: "silent" });
const DANA = emailFrom("dana@acme.test");
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");
/** Half past eight in Berlin: the digests of nine are still to come. */
const MORNING = instant("2026-11-23T08:30:00Z");

const typed: string[] = [];
const reportStandIn: Subcommand = {
  name: "",
  usage: "",
  description: "",
  run: async ({ text }) => {
    typed.push(text);
    return await Promise.resolve();
  },
};

function aRule(channel: string, scope: Scope, every: DigestRule["every"] = "day"): DigestRule {
  return {
    ruleKey: `${channel} ${every}`,
    target: { kind: "one", scope, destination: { channel } },
    every,
    onWeekday: every === "week" ? "monday" : undefined,
    onDay: every === "month" ? 1 : undefined,
    atLocalTime: "09:00",
    zone: undefined,
  };
}

const eachPerson: DigestRule = {
  ...aRule("", ORG_SCOPE),
  ruleKey: "people",
  target: { kind: "each", of: "user" },
};

function listeners(now = MORNING, readers?: readonly Email[]) {
  return digestListeners({
    database: db.pool,
    clock: () => now,
    directory: { resolveMentions: async (text) => await Promise.resolve(text) },
    commands: () => new Map(["", "setup", "ask"].map((name) => [name, { ...reportStandIn, name }])),
    readersOf: async () => await Promise.resolve(readers),
  });
}

function context(email: Email | undefined, answers: SlackMessage[]) {
  return {
    actor: { slackUserId: "U1", slackTeamId: "T1", email },
    web: recordingWeb().web,
    triggerId: "t",
    respond: async (message: SlackMessage) => {
      expect(messageProblems(message)).toEqual([]);
      answers.push(message);
      return await Promise.resolve();
    },
  };
}

async function type(
  email: Email | undefined,
  text: string,
  with_ = listeners(),
): Promise<SlackMessage> {
  const answers: SlackMessage[] = [];
  await with_.subcommands?.[0]?.run({ ...context(email, answers), text });
  const [answer] = answers;
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

async function click(email: Email | undefined, actionId: string, value: string) {
  const answers: SlackMessage[] = [];
  const action = listeners().actions?.find((one) => one.actionId === actionId);
  await action?.run({ ...context(email, answers), value, surface: "message" });
  return answers[0];
}

async function posted(): Promise<
  readonly { readonly destination: string; readonly text: string }[]
> {
  const { rows } = await db.pool.query<{ destination: string; text: string }>(
    `select o.destination, o.text from outbox_messages o order by o.outbox_message_id`,
  );
  return rows;
}

/** Until a statement of this database waits for somebody's lock. */
async function waitingForLock(): Promise<void> {
  await expect
    .poll(
      async () => {
        const { rows } = await db.pool.query(
          `select from pg_stat_activity a
            where a.datname = current_database() and a.wait_event_type = 'Lock'`,
        );
        return rows.length;
      },
      { interval: 5 },
    )
    .toBe(1);
}

beforeEach(async () => {
  typed.length = 0;
  await forgetEverything(db.pool);
  await db.pool.query(`truncate digests, digest_rules, person_digest_preferences`);
  await acme(db.pool);
  await spend(db.pool, {
    amount: usd(60),
    at: "2026-11-22T10:00:00Z",
    of: { userEmail: BO },
  });
  await replaceGovernedDigests(
    db.pool,
    [
      aRule("#finops", ORG_SCOPE),
      aRule("#team-search", scopeFrom("team:search")),
      aRule("#team-search", scopeFrom("team:search"), "week"),
    ],
    instant("2026-11-22T12:00:00Z"),
  );
});

describe("/claude-spend digest", () => {
  test("shows an admin the organization's, where it goes, and a button to post it", async () => {
    const lines = shownLines((await type(DANA, "")).blocks);

    expect(lines[0]).toBe(
      "(Only you see this. It goes to #finops daily at 09:00 (UTC), next on Mon, Nov 23.)",
    );
    expect(lines[1]).toBe("# Acme · $60.00 on Sun, Nov 22");
    expect(lines.at(-1)).toBe("[Full report] [Post it now]");
    expect(await posted()).toEqual([]);
  });

  test("shows an owner their team's, a member their own", async () => {
    expect((await type(ANA, "")).text).toBe("Search spent $60.00 on Sun, Nov 22.");
    expect((await type(BO, "day")).text).toBe("You spent $60.00 on Sun, Nov 22.");
  });

  test("leads to a report of the same days, whenever that is clicked", async () => {
    const button = async (asker: Email, text: string): Promise<string> =>
      JSON.stringify((await type(asker, text)).blocks);

    expect(await button(DANA, "org day")).toContain('"org 2026-11-22"');
    expect(await button(ANA, "search week")).toContain('"search 2026-11-16..2026-11-22"');
    expect(await button(ANA, "search month")).toContain('"search 2026-10-01..2026-10-31"');
  });

  test("names the weeks of its chart by their first days", async () => {
    const blocks = JSON.stringify((await type(ANA, "search week")).blocks);
    expect(blocks).toContain("Week of Nov 16");
    expect(blocks).toContain("Week of Nov 9");
  });

  test("says to how many other places it goes, and to whom one of a person", async () => {
    await replaceGovernedDigests(
      db.pool,
      [aRule("#a", ORG_SCOPE), aRule("#b", ORG_SCOPE), aRule("#c", ORG_SCOPE), eachPerson],
      MORNING,
    );
    expect(shownLines((await type(DANA, "org")).blocks)[0]).toContain(", and to 2 other places.)");
    expect(shownLines((await type(DANA, "bo@acme.test")).blocks)[0]).toContain(
      "It goes to that person daily",
    );
    expect(shownLines((await type(BO, "me")).blocks)[0]).toContain("It goes to you daily");
  });

  test("of another interval tells of its last whole span, scheduled or not", async () => {
    expect((await type(ANA, "team:search weekly")).text).toContain("from Nov 16 to Nov 22");
    const monthly = await type(ANA, "team:search month");
    expect(monthly.text).toContain("in October 2026");
    expect(shownLines(monthly.blocks)[0]).toContain("No schedule posts it.");
  });

  test("shows a member their team's, without the button", async () => {
    const lines = shownLines((await type(BO, "search")).blocks);
    expect(lines.at(-1)).toBe("[Full report]");
  });

  test.each([
    [BO, "org"],
    [BO, "ads"],
    [BO, "ana@acme.test"],
    [ANA, "org week"],
  ])("shows %s nothing of %s", async (asker, text) => {
    const answer = await type(asker, text);
    expect(answer.text).toContain("You may not see");
    expect(JSON.stringify(answer)).not.toContain("60.00");
  });

  test("says so to somebody without an address", async () => {
    expect((await type(undefined, "org")).text).toContain("can't tell who you are");
    expect((await click(undefined, "digest_requests", "open"))?.text).toContain("who you are");
  });
});

describe("digest send", () => {
  test("posts it once, on record, and the slot still to come finds it told", async () => {
    const answer = await type(DANA, "send org day");
    expect(answer.text).toBe("The digest of Acme is on its way to #finops.");
    expect((await type(DANA, "send org day")).text).toContain("already has this digest");

    const clock = () => instant("2026-11-23T09:00:00Z");
    await sendDueDigests({ database: db.pool, clock, log });
    expect((await posted()).filter(({ destination }) => destination === "#finops")).toEqual([
      { destination: "#finops", text: "Acme spent $60.00 on Sun, Nov 22." },
    ]);

    const { rows } = await db.pool.query(
      `select a.actor, a.subject, a.after from audit_entries a where a.action = 'digest.sent'`,
    );
    expect(rows).toEqual([
      {
        actor: "dana@acme.test",
        subject: "digest:org",
        after: { every: "day", channel: "#finops", through: "2026-11-22" },
      },
    ]);
  });

  test("leaves the next slot as it was: tomorrow tells of today", async () => {
    await type(DANA, "send org day");
    const clock = () => instant("2026-11-24T09:00:00Z");
    await sendDueDigests({ database: db.pool, clock: () => instant("2026-11-23T09:00:00Z"), log });
    await sendDueDigests({ database: db.pool, clock, log });

    expect((await posted()).filter(({ destination }) => destination === "#finops")).toHaveLength(2);
  });

  test("is refused for what the schedule has told already", async () => {
    await sendDueDigests({ database: db.pool, clock: () => instant("2026-11-23T09:00:00Z"), log });

    expect((await type(DANA, "send org day")).text).toContain("already has this digest");
  });

  test("two who click at once post one", async () => {
    const answers = await Promise.all([
      click(DANA, "digest_send", "team:search day"),
      click(ANA, "digest_send", "team:search day"),
    ]);

    expect(answers.map((answer) => answer?.text.includes("on its way")).filter(Boolean)).toEqual([
      true,
    ]);
    expect(await posted()).toHaveLength(1);
  });

  test("waits for a schedule that is about to tell of the same span, and finds it told", async () => {
    const worker = await db.pool.connect();
    await worker.query(`begin`);
    await worker.query(`select from digests d where d.digest_key = '#finops day' for update`);
    const answer = type(DANA, "send org day");
    await waitingForLock();
    await worker.query(
      `update digests set told_through = '2026-11-22', next_run_at = '2026-11-24T09:00:00Z'
        where digest_key = '#finops day'`,
    );
    await worker.query(`commit`);
    worker.release();

    expect((await answer).text).toContain("already has this digest");
    expect(await posted()).toEqual([]);
    const { rows } = await db.pool.query(
      `select d.next_run_at from digests d where d.digest_key = '#finops day'`,
    );
    expect(rows).toEqual([{ next_run_at: new Date("2026-11-24T09:00:00Z") }]);
  });

  test("is for admins and the owners of the team", async () => {
    expect((await type(BO, "send search day")).text).toContain("Only admins and the owners");
    expect((await type(ANA, "send org day")).text).toContain("You may not see");
    expect((await type(ANA, "send search day")).text).toContain("on its way to #team-search");
    expect((await posted()).map(({ destination }) => destination)).toEqual(["#team-search"]);
  });

  test("never posts a person's digest, and says when there is no channel", async () => {
    expect((await type(DANA, "send bo@acme.test day")).text).toContain("to that person alone");
    expect((await type(DANA, "send ads day")).text).toContain("Ads has no channel");
    expect(await posted()).toEqual([]);
  });

  test("posts a project to its team's channel, though nothing is scheduled", async () => {
    expect((await type(ANA, "send project:checkout week")).text).toContain("#team-search");
  });

  test("is withheld from a private channel with somebody who may not see it", async () => {
    await replaceGovernedDigests(db.pool, [aRule("#x", ORG_SCOPE)], MORNING);

    const answer = await type(DANA, "send org day", listeners(MORNING, [DANA, BO]));
    expect(answer.text).toContain("Not posted to #x. One of the 2 people");
    expect(await posted()).toEqual([]);
  });
});

describe("the buttons under a digest", () => {
  test("answer as if the command had been typed, for whoever clicks", async () => {
    await click(BO, "digest_report", "team:search 7d");
    await click(BO, "digest_unallocated", "unallocated");
    expect(typed).toEqual(["team:search 7d", "unallocated"]);
  });

  test("run nothing that changes something, whatever stands in them", async () => {
    for (const value of ["setup", "ask what did we spend"]) {
      // oxlint-disable-next-line no-await-in-loop -- one click after the other
      await click(DANA, "digest_report", value);
    }
    expect(typed).toEqual([]);
  });

  test("show the digest that a command behind one would post", async () => {
    await replaceGovernedDigests(db.pool, [aRule("#finops", ORG_SCOPE)], MORNING);
    const answers: SlackMessage[] = [];
    const [digest] = listeners().subcommands ?? [];
    await digest?.run({ ...context(DANA, answers), text: "send org day", byClick: true });

    expect(JSON.stringify(answers)).toContain("Only you see this.");
    expect(await posted()).toEqual([]);
  });

  test("of a name that nobody knows lead to the digest that was meant", async () => {
    const { blocks } = await type(DANA, "serach week");
    expect(JSON.stringify(blocks)).toContain('"value":"digest search week"');
  });

  test("show what could not be recorded and what differs to admins only", async () => {
    expect((await click(BO, "digest_rejected", "open"))?.text).toContain("admins and finance");
    expect((await click(BO, "digest_drift", "open"))?.text).toContain("admins and finance");
    expect((await click(DANA, "digest_rejected", "open"))?.text).toContain("recorded by now");
    expect((await click(DANA, "digest_drift", "open"))?.text).toContain("No day differs");
  });

  test("show the requests that wait for whoever clicks", async () => {
    expect((await click(BO, "digest_requests", "open"))?.text).toBe(
      "Nothing waits for your decision.",
    );
  });
});
