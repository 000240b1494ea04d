import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { ORG_SCOPE, type Scope, scopeFrom } from "../../../src/domain/scope.ts";
import { DAY_MS, HOUR_MS, type Instant, instant, timeZone } from "../../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../../src/features/budgets/index.ts";
import {
  type DigestRule,
  replaceGovernedDigests,
  sendDueDigests,
} from "../../../src/features/digests/index.ts";
import { replaceOrganization } from "../../../src/features/organization/index.ts";
import type { Block } from "../../../src/slack/blocks.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { acme, aGovernedBudget, forgetEverything, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { aTeam } from "../../support/organization-builders.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const db = useDatabase();
const GOVERNED_AT = instant("2026-11-22T12:00:00Z");
const BERLIN = timeZone("Europe/Berlin");
const log = pino({ level: "silent" });

interface GovernedDigest extends Omit<DigestRule, "ruleKey" | "target"> {
  readonly key: string;
  readonly channel: string;
  readonly scope: Scope;
}

/** Every day at nine in Berlin: next on the 23rd at 08:00Z. */
function aDigest(overrides: Partial<GovernedDigest> = {}): GovernedDigest {
  return {
    key: "daily",
    channel: "#finops",
    scope: ORG_SCOPE,
    every: "day",
    onWeekday: undefined,
    onDay: undefined,
    atLocalTime: "09:00",
    zone: BERLIN,
    ...overrides,
  };
}

function ruleFrom({ key, channel, scope, ...schedule }: GovernedDigest): DigestRule {
  return { ...schedule, ruleKey: key, target: { kind: "one", scope, destination: { channel } } };
}

async function govern(...digests: readonly GovernedDigest[]): Promise<void> {
  await governAt(GOVERNED_AT, ...digests);
}

async function governAt(at: Instant, ...digests: readonly GovernedDigest[]): Promise<void> {
  await inTransaction(db.pool, async (sql) => {
    await replaceGovernedDigests(sql, digests.map(ruleFrom), at);
  });
}

async function sendAt(at: string, database = db.pool): Promise<number> {
  return await sendDueDigests({ database, clock: manualClock(at).clock, log });
}

interface Sent {
  readonly destination: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

async function sent(): Promise<readonly Sent[]> {
  const { rows } = await db.pool.query<Sent>(
    `select o.destination, o.text, o.blocks from outbox_messages o order by o.outbox_message_id`,
  );
  return rows;
}

async function nextRuns(): Promise<Readonly<Record<string, string>>> {
  const { rows } = await db.pool.query<{ digest_key: string; next_run_at: Date }>(
    `select d.digest_key, d.next_run_at from digests d order by d.digest_key`,
  );
  return Object.fromEntries(rows.map((row) => [row.digest_key, row.next_run_at.toISOString()]));
}

beforeEach(async () => {
  await forgetEverything(db.pool);
  await db.pool.query(
    `truncate digests, digest_rules, person_digest_preferences, slack_users, alert_preferences`,
  );
  await acme(db.pool);
});

describe("sendDueDigests", () => {
  test("tells what was spent on the day before, by whom, of which budget", async () => {
    await replaceGovernedBudgets(db.pool, [aGovernedBudget()], instant("2026-10-01T00:00:00Z"));
    await spend(db.pool, { amount: usd(60), at: "2026-11-22T10:00:00Z" });
    await spend(db.pool, { amount: usd(40), at: "2026-11-21T10:00:00Z" });
    await spend(db.pool, {
      amount: usd(6),
      at: "2026-11-22T22:59:59Z",
      of: { teamKey: undefined },
    });
    await spend(db.pool, { amount: usd(500), at: "2026-11-22T23:00:00Z" }); // today, in Berlin
    await govern(aDigest());

    expect(await sendAt("2026-11-23T08:00:00Z")).toBe(1);

    const [message] = await sent();
    expect(message?.destination).toBe("#finops");
    expect(message?.text).toBe("Acme spent $66.00 on Sun, Nov 22 (▲ 65% vs the day before).");
    expect(shownLines(message?.blocks ?? [])).toEqual([
      "# Acme · $66.00 on Sun, Nov 22",
      "*▲ 65% vs the day before* ($40.00) · 2 requests",
      "chart (bar): Spend by day, two weeks",
      "*By team*\n$60.00  Search  _▲ 50%_\n$6.00  _Unallocated_ | *By model*\n$66.00  claude-opus-5-5  _▲ 65%_",
      "*Moved most*\n▲ $20.00  Search, from $40.00\n▲ $6.00  _Unallocated_, from nothing",
      "*Budgets in danger*\n▰▰▰▰▰▰▰▰▰▰ *120%* Search · $600.00 of $500 monthly",
      "*Needs a decision*\n• $6.00 belongs to no team",
      "(Estimated from usage events · as of <2026-11-23T08:00:00.000Z> · no usage since <2026-11-22T23:15:00.000Z>)",
      "[Allocate] [Full report]",
    ]);
  });

  test("of a team tells of its own spend by project only", async () => {
    const of = { projectKey: "checkout" };
    await spend(db.pool, { amount: usd(7), at: "2026-11-22T10:00:00Z", of });
    await spend(db.pool, { amount: usd(99), at: "2026-11-22T10:00:00Z", of: { teamKey: "ads" } });
    await govern(aDigest({ scope: scopeFrom("team:search"), channel: "#team-search" }));

    await sendAt("2026-11-23T08:00:00Z");

    const [message] = await sent();
    expect(message?.text).toBe("Search spent $7.00 on Sun, Nov 22.");
    expect(JSON.stringify(message?.blocks)).not.toMatch(/99|Ads/);
    expect(shownLines(message?.blocks ?? [])[3]).toContain("*By project*\n$7.00  checkout");
  });

  test("says so when nothing was used", async () => {
    await govern(aDigest());
    await sendAt("2026-11-23T08:00:00Z");

    expect(shownLines((await sent())[0]?.blocks ?? [])).toContain("Nothing was used.");
  });

  test("is not due a moment before its slot, and due at it", async () => {
    await govern(aDigest());

    expect(await sendAt("2026-11-23T07:59:59.999Z")).toBe(0);
    expect(await sendAt("2026-11-23T08:00:00Z")).toBe(1);
    expect(await sendAt("2026-11-23T08:00:00Z")).toBe(0);
  });

  test("tells a slot once, however many replicas ask at the same time", async () => {
    const keys = Array.from({ length: 6 }, (_, index) => `digest-${String(index)}`);
    await govern(...keys.map((key) => aDigest({ key })));
    const replicas = [db.pool, db.openPool(), db.pool, db.openPool()];

    const counts = await Promise.all(
      replicas.map(async (database) => await sendAt("2026-11-23T08:00:30Z", database)),
    );

    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(keys.length);
    expect(await sent()).toHaveLength(keys.length);
  });

  test("catches up once after an outage, with the numbers of the slot that was missed", async () => {
    await spend(db.pool, { amount: usd(4), at: "2026-11-22T10:00:00Z" });
    await govern(aDigest());

    expect(await sendAt("2026-11-23T13:30:00Z")).toBe(1);
    expect(await sendAt("2026-11-23T13:31:00Z")).toBe(0);

    expect((await sent()).map(({ text }) => text)).toEqual(["Acme spent $4.00 on Sun, Nov 22."]);
    expect(await nextRuns()).toEqual({ daily: "2026-11-24T08:00:00.000Z" });
  });

  test("skips what is no news any more, and goes on with the next slot", async () => {
    await govern(aDigest());

    await sendAt("2026-11-25T20:00:00Z");
    expect(await sent()).toEqual([]);
    expect(await nextRuns()).toEqual({ daily: "2026-11-26T08:00:00.000Z" });

    await sendAt("2026-11-26T08:00:00Z");
    expect((await sent()).map(({ text }) => text)).toEqual(["Acme spent $0.00 on Wed, Nov 25."]);
  });

  test("a digest that fails holds up no other, and is tried again", async () => {
    await govern(aDigest({ key: "a", channel: "#broken" }), aDigest({ key: "b" }));
    await db.pool.query(
      `alter table outbox_messages add constraint broken check (destination <> '#broken')`,
    );
    const failed = sendAt("2026-11-23T08:00:00Z");
    await expect(failed).rejects.toThrow(/broken/);
    expect((await sent()).map(({ destination }) => destination)).toEqual(["#finops"]);

    await db.pool.query(`alter table outbox_messages drop constraint broken`);
    expect(await sendAt("2026-11-23T08:01:00Z")).toBe(1);
    expect((await sent()).map(({ destination }) => destination)).toEqual(["#finops", "#broken"]);
  });

  test("of 200 teams with a budget each is one message that Slack takes", async () => {
    const teams = Array.from({ length: 200 }, (_, index) =>
      aTeam({
        key: `team-${String(index)}`,
        name: `${"<!channel> & 🚀 ".repeat(6)}${String(index)}`,
      }),
    );
    await replaceOrganization(db.pool, {
      organization: {
        name: "Acme & <Sons>",
        timeZone: BERLIN,
        weekStartsOn: "monday",
        admins: [emailFrom("dana@acme.test")],
      },
      teams,
    });
    await replaceGovernedBudgets(
      db.pool,
      teams.map(({ key }) => aGovernedBudget({ key: `budget-${key}`, scope: `team:${key}` })),
      instant("2026-10-01T00:00:00Z"),
    );
    for (const [index, { key }] of teams.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- a connection each would be two hundred
      await spend(db.pool, {
        amount: usd(1 + index),
        at: "2026-11-22T10:00:00Z",
        of: { teamKey: key, modelId: `claude-${String(index)}` },
      });
    }
    await govern(aDigest());

    await sendAt("2026-11-23T08:00:00Z");

    const [message] = await sent();
    expect(messageProblems(message ?? { text: "", blocks: [] })).toEqual([]);
    expect(message?.text).toContain("$20,100.00");
    expect(shownLines(message?.blocks ?? []).join("\n")).toContain("$19,110.00  195 others");
  });
});

describe("governance, applied again", () => {
  test("keeps the slot of a digest that stays, adds what is new, forgets what is gone", async () => {
    await govern(aDigest({ key: "stays" }), aDigest({ key: "goes" }));
    const applyAgainAt = instant(GOVERNED_AT.getTime() + DAY_MS + HOUR_MS);
    await governAt(applyAgainAt, aDigest({ key: "stays" }), aDigest({ key: "comes" }));

    expect(await nextRuns()).toEqual({
      comes: "2026-11-24T08:00:00.000Z",
      stays: "2026-11-23T08:00:00.000Z",
    });
  });

  test("does not tell again what was told", async () => {
    await govern(aDigest());
    await sendAt("2026-11-23T08:00:00Z");
    await govern(aDigest());

    expect(await sendAt("2026-11-23T08:05:00Z")).toBe(0);
    expect(await sent()).toHaveLength(1);
  });
});
