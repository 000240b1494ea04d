import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { type Email, emailFrom } from "../../../src/domain/email.ts";
import { ORG_SCOPE, type Scope, scopeFrom } from "../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../../src/features/budgets/index.ts";
import {
  type DigestRule,
  replaceGovernedDigests,
  sendDueDigests,
} from "../../../src/features/digests/index.ts";
import { replaceOrganization } from "../../../src/features/organization/index.ts";
import type { Block } from "../../../src/slack/blocks.ts";
import { acme, aGovernedBudget, forgetEverything, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { aTeam } from "../../support/organization-builders.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const db = useDatabase();
const log = pino({ level: "silent" });
const SUNDAY_NOON = instant("2026-11-22T12:00:00Z");

function aRule(target: DigestRule["target"], overrides: Partial<DigestRule> = {}): DigestRule {
  return {
    ruleKey: "rule",
    target,
    every: "day",
    onWeekday: undefined,
    onDay: undefined,
    atLocalTime: "09:00",
    zone: undefined,
    ...overrides,
  };
}

function toChannel(channel: string, scope: Scope, ruleKey = channel): DigestRule {
  return aRule({ kind: "one", scope, destination: { channel } }, { ruleKey });
}

async function govern(...rules: readonly DigestRule[]): Promise<void> {
  await replaceGovernedDigests(db.pool, rules, SUNDAY_NOON);
}

async function choose(email: string, every: string, at = "09:00"): Promise<void> {
  await db.pool.query(
    `insert into person_digest_preferences (email, every, at_local_time, changed_at)
     values ($1, $2, $3, $4)
         on conflict (email) do update set every = excluded.every, at_local_time = excluded.at_local_time`,
    [email, every, at, SUNDAY_NOON],
  );
}

async function liveIn(email: string, zone: string): Promise<void> {
  await db.pool.query(
    `insert into slack_users (slack_user_id, email, display_name, time_zone, seen_at)
     values ($1, $1, $1, $2, $3)
         on conflict (slack_user_id) do update set time_zone = excluded.time_zone`,
    [email, zone, SUNDAY_NOON],
  );
}

async function run(at: string, readers?: Readonly<Record<string, readonly (Email | undefined)[]>>) {
  const readersOf =
    readers === undefined
      ? undefined
      : async (channel: string) => await Promise.resolve(readers[channel]);
  return await sendDueDigests({ database: db.pool, clock: () => instant(at), log, readersOf });
}

interface Sent {
  readonly destination: string;
  readonly kind: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

async function sent(): Promise<readonly Sent[]> {
  const { rows } = await db.pool.query<Sent>(
    `select o.destination, o.kind, o.text, o.blocks from outbox_messages o order by o.outbox_message_id`,
  );
  return rows;
}

async function sentLines(): Promise<string> {
  return (await sent()).flatMap(({ blocks }) => shownLines(blocks)).join("\n");
}

const of = (email: string) => ({ userEmail: emailFrom(email), projectKey: "checkout" });

beforeEach(async () => {
  await forgetEverything(db.pool);
  await db.pool.query(
    `truncate digests, digest_rules, person_digest_preferences, slack_users, alert_preferences`,
  );
  await acme(db.pool);
});

describe("a person's own digest", () => {
  test("comes to them alone, with their spend, their teams' totals and nothing of others", async () => {
    await spend(db.pool, { amount: usd(7), at: "2026-11-22T10:00:00Z", of: of("bo@acme.test") });
    await spend(db.pool, { amount: usd(50), at: "2026-11-22T10:00:00Z", of: of("ana@acme.test") });
    await spend(db.pool, { amount: usd(99), at: "2026-11-22T10:00:00Z", of: { teamKey: "ads" } });
    await choose("bo@acme.test", "day");
    await govern();

    expect(await run("2026-11-22T13:00:00Z")).toBe(0);
    expect(await run("2026-11-23T09:00:00Z")).toBe(1);

    const [message, ...others] = await sent();
    expect(others).toEqual([]);
    expect(message?.destination).toBe("email:bo@acme.test");
    expect(message?.text).toBe("You spent $7.00 on Sun, Nov 22.");
    const lines = shownLines(message?.blocks ?? []).join("\n");
    expect(lines).toContain("*By project*\n$7.00  checkout");
    expect(lines).toContain("*Your teams*\n$57.00  Search");
    expect(lines).not.toMatch(/50\.00|99\.00|ana|Ads/);
  });

  test("of nobody comes by itself; with each:user, of everybody whom governance names", async () => {
    for (const person of ["bo", "ana", "dana", "eve", "stranger"]) {
      // oxlint-disable-next-line no-await-in-loop -- a handful
      await spend(db.pool, {
        amount: usd(1),
        at: "2026-11-22T10:00:00Z",
        of: of(`${person}@acme.test`),
      });
    }
    await govern();
    expect(await run("2026-11-23T09:00:00Z")).toBe(0);

    await choose("ana@acme.test", "off");
    await govern(aRule({ kind: "each", of: "user" }));
    await run("2026-11-23T09:00:00Z");

    expect((await sent()).map(({ destination }) => destination).toSorted()).toEqual([
      "email:bo@acme.test",
      "email:dana@acme.test",
      "email:eve@acme.test",
    ]);
  });

  test("comes at the hour in their zone, and follows them when they travel", async () => {
    await spend(db.pool, { amount: usd(7), at: "2026-11-22T10:00:00Z", of: of("bo@acme.test") });
    await spend(db.pool, { amount: usd(8), at: "2026-11-23T10:00:00Z", of: of("bo@acme.test") });
    await choose("bo@acme.test", "day", "07:30");
    await liveIn("bo@acme.test", "Asia/Tokyo");
    await run("2026-11-22T13:00:00Z");

    expect(await run("2026-11-22T22:29:59Z")).toBe(0);
    expect(await run("2026-11-22T22:30:00Z")).toBe(1);
    await liveIn("bo@acme.test", "America/New_York");
    // At half past seven in New York the day before is the 22nd again, and that was told.
    expect(await run("2026-11-23T12:30:00Z")).toBe(0);
    expect(await sent()).toHaveLength(1);
    expect(await run("2026-11-24T12:30:00Z")).toBe(1);

    expect((await sent()).map(({ text }) => text)).toEqual([
      "You spent $7.00 on Sun, Nov 22.",
      expect.stringContaining("You spent $8.00 on Mon, Nov 23"),
    ]);
  });

  test("is not written when there is nothing to say, and its slot passes", async () => {
    await choose("bo@acme.test", "day");
    await run("2026-11-22T13:00:00Z");

    expect(await run("2026-11-23T09:00:00Z")).toBe(1);
    expect(await sent()).toEqual([]);
    expect(await run("2026-11-23T09:01:00Z")).toBe(0);
  });

  test("names the requests that wait for them, and no others", async () => {
    await spend(db.pool, { amount: usd(7), at: "2026-11-22T10:00:00Z", of: of("ana@acme.test") });
    await openRequest("r1", "team:search", ["ana@acme.test"]);
    await openRequest("r2", "team:ads", ["eve@acme.test"]);
    await choose("ana@acme.test", "day");
    await run("2026-11-22T13:00:00Z");
    await run("2026-11-23T09:00:00Z");

    const lines = await sentLines();
    expect(lines).toContain("• 1 request waits: Request r1");
    expect(lines).not.toContain("Request r2");
    expect(lines).toContain("[Open requests] [Full report]");
  });
});

async function openRequest(
  id: string,
  scope: string,
  waitingFor: readonly string[],
): Promise<void> {
  await db.pool.query(
    `insert into approval_requests
            (approval_request_id, kind, scope, subject, title, details, requester_email,
             requested_amount_usd, ends_at, reason, policy, status, requested_at, expires_at, waiting_for)
     values ($1, 'budget_raise', $2, '{}', 'Request ' || $1, '{}', 'bo@acme.test', 10, $3, 'why', '{}',
             'requested', $3, $3, $4)`,
    [id, scope, SUNDAY_NOON, waitingFor],
  );
}

describe("each:team", () => {
  test("tells every team in its own channel, and goes on with teams that come and go", async () => {
    await govern(aRule({ kind: "each", of: "team" }));
    await run("2026-11-23T09:00:00Z");
    expect((await sent()).map(({ destination }) => destination)).toEqual(["#team-search"]);

    await replaceOrganization(db.pool, {
      organization: { name: "Acme", timeZone: timeZone("UTC"), weekStartsOn: "monday", admins: [] },
      teams: [aTeam({ key: "ads", name: "Ads", channel: "#team-ads" })],
    });
    await run("2026-11-23T10:00:00Z");
    await run("2026-11-24T09:00:00Z");

    expect((await sent()).map(({ destination }) => destination)).toEqual([
      "#team-search",
      "#team-ads",
    ]);
  });
});

describe("a channel", () => {
  test("never reads an amount, name or budget of a single person", async () => {
    const spent = [
      ["bo@acme.test", 11.11],
      ["ana@acme.test", 22.22],
    ] as const;
    for (const [email, amount] of spent) {
      // oxlint-disable-next-line no-await-in-loop -- two
      await spend(db.pool, { amount: usd(amount), at: "2026-11-22T10:00:00Z", of: of(email) });
    }
    await spend(db.pool, { amount: usd(5), at: "2026-11-20T10:00:00Z", of: of("old@acme.test") });
    await replaceGovernedBudgets(
      db.pool,
      [aGovernedBudget({ key: "each", scope: "each:user", limit: usd(12), period: "daily" })],
      instant("2026-10-01T00:00:00Z"),
    );
    await openRequest("mine", "user:bo@acme.test", ["ana@acme.test"]);
    await govern(
      toChannel("#finops", ORG_SCOPE),
      toChannel("#team-search", scopeFrom("team:search")),
      toChannel("#checkout", scopeFrom("project:checkout")),
    );

    expect(await run("2026-11-23T09:00:00Z")).toBe(3);

    const lines = await sentLines();
    expect(lines).not.toMatch(/bo@|ana@|old@|11\.11|22\.22|Request mine/);
    expect(lines).toContain("*New*: 2 people");
    expect(lines).toContain("• 1 request waits");
    for (const message of await sent()) expect(messageProblems(message)).toEqual([]);
  });

  test("of what is all new reads of nothing as new", async () => {
    await spend(db.pool, { amount: usd(3), at: "2026-11-22T10:00:00Z", of: of("bo@acme.test") });
    await govern(toChannel("#team-search", scopeFrom("team:search")));
    await run("2026-11-23T09:00:00Z");

    expect(await sentLines()).toContain("$3.00  checkout");
    expect(await sentLines()).not.toContain("*New*");
  });

  test("of a team reads nothing of other teams", async () => {
    await spend(db.pool, { amount: usd(3), at: "2026-11-22T10:00:00Z" });
    await spend(db.pool, {
      amount: usd(88),
      at: "2026-11-22T10:00:00Z",
      of: { teamKey: "ads", projectKey: "banner" },
    });
    await openRequest("theirs", "team:ads", []);
    await govern(toChannel("#team-search", scopeFrom("team:search")));
    await run("2026-11-23T09:00:00Z");

    expect(await sentLines()).not.toMatch(/88|Ads|banner|theirs/);
  });

  test.each([
    ["a model", "model:claude-opus-5-5", { modelId: "claude-opus-5-5" }],
    ["an API key", "api_key:apikey_1", { apiKeyId: "apikey_1" }],
    ["a workspace", "workspace:wrkspc_1", { workspaceId: "wrkspc_1" }],
    ["a project", "project:checkout", { projectKey: "checkout" }],
  ])("may be told of %s", async (_name, scope, dimension) => {
    await spend(db.pool, { amount: usd(3), at: "2026-11-22T10:00:00Z", of: dimension });
    await spend(db.pool, { amount: usd(9), at: "2026-11-22T10:00:00Z", of: { modelId: "other" } });
    await govern(toChannel("#finops", scopeFrom(scope)));
    await run("2026-11-23T09:00:00Z");

    expect((await sent())[0]?.text).toContain("spent $3.00 on Sun, Nov 22.");
  });

  test("may be told of a tag", async () => {
    await spend(db.pool, { amount: usd(3), at: "2026-11-22T10:00:00Z", tags: { env: "prod" } });
    await spend(db.pool, { amount: usd(9), at: "2026-11-22T10:00:00Z", tags: { env: "test" } });
    await govern(toChannel("#finops", scopeFrom("tag:env=prod")));
    await run("2026-11-23T09:00:00Z");

    expect((await sent())[0]?.text).toBe("env=prod spent $3.00 on Sun, Nov 22.");
  });
});

describe("a private channel that governance did not give to just that news", () => {
  const ANA = emailFrom("ana@acme.test");
  const BO = emailFrom("bo@acme.test");
  const EVE = emailFrom("eve@acme.test");
  const DANA = emailFrom("dana@acme.test");
  const search = scopeFrom("team:search");

  test.each([
    ["everybody may see it", "#x", search, [ANA, BO, DANA], "digest"],
    ["somebody of another team is there", "#x", search, [ANA, EVE], "notice"],
    ["somebody whom nobody knows is there", "#x", search, [ANA, undefined], "notice"],
    ["it is public, or Slack does not tell", "#x", search, undefined, "digest"],
    ["it is the team's own", "#team-search", search, [EVE], "digest"],
    [
      "it is a project in the team's own",
      "#team-search",
      scopeFrom("project:checkout"),
      [EVE],
      "digest",
    ],
    ["it is the finance channel", "#finops", ORG_SCOPE, [BO], "digest"],
    ["members of a team may not see the organization", "#x", ORG_SCOPE, [ANA], "notice"],
  ] as const)("%s", async (...[, channel, scope, readers, kind]) => {
    const projectKey = "checkout";
    await spend(db.pool, { amount: usd(3), at: "2026-11-22T10:00:00Z", of: { projectKey } });
    await govern(toChannel(channel, scope));

    expect(
      await run("2026-11-23T09:00:00Z", readers === undefined ? {} : { [channel]: readers }),
    ).toBe(1);

    const messages = await sent();
    expect(messages).toMatchObject([
      kind === "digest" ? { kind, destination: channel } : { kind, destination: "#finops" },
    ]);
    expect(JSON.stringify(messages).includes("3.00")).toBe(kind === "digest");
    for (const message of messages) expect(messageProblems(message)).toEqual([]);
  });

  test("stays untold and due while Slack can't be asked, and holds up nobody else", async () => {
    await govern(toChannel("#x", search), toChannel("#finops", ORG_SCOPE));
    const readersOf = async () => await Promise.reject(new Error("Slack is away"));
    const clock = () => instant("2026-11-23T09:00:00Z");

    await expect(sendDueDigests({ database: db.pool, clock, log, readersOf })).rejects.toThrow(
      "away",
    );
    expect((await sent()).map(({ destination }) => destination)).toEqual(["#finops"]);

    expect(await run("2026-11-23T09:01:00Z", {})).toBe(1);
  });
});
