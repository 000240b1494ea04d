import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { message, section } from "../../../src/slack/blocks.ts";
import type { Subcommand } from "../../../src/slack/listener.ts";
import { ASKED_AT } from "../../support/approvals-builders.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { shownLines } from "../../support/shown.ts";
import { acme, ask, aTier, resetAcme, usePolicies } from "../approvals/flow/setup.ts";
import { aHome, type HomeInTest } from "./setup.ts";

const db = useDatabase();
const PEOPLE = {
  U_ANA: "ana@acme.test",
  U_BO: "bo@acme.test",
  U_DANA: "dana@acme.test",
  U_ZOE: "zoe@acme.test",
  U_NOBODY: undefined,
};

function anAnswer(name: string): Subcommand {
  return {
    name,
    usage: name,
    description: name,
    run: async ({ text, actor, respond }) => {
      await respond(message("first", [section("One moment…")]));
      await respond(message("answer", [section(`${name}(${text}) for ${actor.email ?? "?"}`)]));
    },
  };
}

let home: HomeInTest;

beforeEach(async () => {
  await resetAcme(db.pool);
  await usePolicies(db.pool, aTier());
  await db.pool.query("truncate home_views, rejected_events");
  home = aHome(db.pool, {
    at: ASKED_AT.toISOString(),
    people: PEOPLE,
    commands: new Map(["", "help", "unallocated"].map((name) => [name, anAnswer(name)])),
  });
});

async function opened(slackUserId: string): Promise<readonly string[]> {
  await home.open(slackUserId);
  return home.slack.linesOf(slackUserId);
}

const headers = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith("# "));

describe("App Home", () => {
  test("of somebody with nothing to decide is their own spend and their teams", async () => {
    const at = ASKED_AT;
    await spend(db.pool, { amount: usd(3), at, of: { userEmail: emailFrom("bo@acme.test") } });
    const lines = await opened("U_BO");

    expect(headers(lines)).toEqual(["# You · $3.00 this month", "# Teams this month"]);
    expect(lines.some((line) => line.startsWith("*Search* ·"))).toBe(true);
  });

  test("shows the only request that waits for this person in full, with its buttons", async () => {
    await ask(acme(db.pool));
    const lines = await opened("U_ANA");

    expect(headers(lines)[0]).toBe("# Waiting for your decision · 1");
    expect(lines.filter((line) => line.startsWith("[Approve]"))).toHaveLength(1);
  });

  test("lists several requests, and opens the one that is chosen until it is decided", async () => {
    const deps = acme(db.pool);
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const subject = { budget_id: `budget-${String(index)}` };
      const requester = emailFrom(`p${String(index)}@acme.test`);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ask(deps, { subject, requester });
    }
    const { rows } = await db.pool.query<{ id: string }>(
      `select approval_request_id as id from approval_requests order by requested_at, 1`,
    );
    ids.push(...rows.map(({ id }) => id));
    const closed = await opened("U_ANA");

    expect(closed.filter((line) => line.endsWith("[Open]"))).toHaveLength(5);
    expect(closed).toContain("(…and 2 more in your messages.)");
    expect(closed.some((line) => line.startsWith("[Approve]"))).toBe(false);

    // The last one is not among the first five.
    await home.click("U_ANA", "home_open_request", ids.at(-1) ?? "");
    const open = home.slack.linesOf("U_ANA");
    expect(open.filter((line) => line.startsWith("[Approve]"))).toHaveLength(1);
    expect(open.filter((line) => line.endsWith("[Open]"))).toHaveLength(4);
    expect(await opened("U_ANA")).toEqual(open);
  });

  test("opens no request for who is not asked", async () => {
    await ask(acme(db.pool));
    const { rows } = await db.pool.query<{ id: string }>(
      `select approval_request_id as id from approval_requests`,
    );
    await home.click("U_ZOE", "home_open_request", rows[0]?.id ?? "");

    expect(home.slack.linesOf("U_ZOE").join("\n")).not.toContain("Approve");
  });

  test("shows one's own open request, to be withdrawn, and to nobody else", async () => {
    await ask(acme(db.pool));

    expect((await opened("U_BO")).some((line) => line.endsWith("[Withdraw]"))).toBe(true);
    const others = await opened("U_ZOE");
    expect(headers(others)).toEqual(["# You · $0.00 this month", "# Teams this month"]);
    expect(others.join("\n")).not.toContain("Search");
  });

  test("shows admins and finance, and nobody else, what needs attention", async () => {
    await db.pool.query(
      `insert into rejected_events (rejected_event_id, source, code, message, received_at, last_received_at)
       values (gen_random_uuid(), 'checkout', 'invalid', 'model: expected a text', $1, $1)`,
      [ASKED_AT],
    );
    await db.pool.query(
      `truncate finance_members; insert into finance_members values ('zoe@acme.test')`,
    );

    for (const [user, sees] of [
      ["U_DANA", true],
      ["U_ZOE", true],
      ["U_ANA", false],
      ["U_BO", false],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure is read
      expect(headers(await opened(user)).includes("# Needs attention")).toBe(sees);
      // oxlint-disable-next-line no-await-in-loop -- see above
      const [, modal] = await home.click(user, "home_show", "rejected");
      expect(
        shownLines(modal?.blocks ?? [])
          .join("\n")
          .includes("model: expected a text"),
      ).toBe(sees);
    }
    await db.pool.query(`truncate finance_members`);
  });

  test("tells admins of spend of no team also where credits leave less in all", async () => {
    const at = ASKED_AT;
    await spend(db.pool, { amount: usd(30), at, of: { teamKey: undefined } });
    await spend(db.pool, { amount: usd(-40), at, of: { teamKey: "search" } });

    const lines = (await opened("U_DANA")).join("\n");
    expect(lines).toContain("belongs to no team");
    expect(lines).toContain("100% of this month");
  });

  test("of somebody without an address says what to do", async () => {
    expect((await opened("U_NOBODY")).join("\n")).toContain("users:read.email");
  });
});

describe("its buttons", () => {
  test("open a team's report as the command answers this person, and send it in full", async () => {
    const [loading, report] = await home.click("U_BO", "home_report", "team:search");
    expect(shownLines(loading?.blocks ?? [])).toEqual(["One moment…"]);
    expect(shownLines(report?.blocks ?? [])).toEqual([
      "(team:search) for bo@acme.test",
      "[Send it to me]",
    ]);

    const [sent, said] = await home.click("U_BO", "home_send_report", "team:search");
    expect(shownLines(sent?.blocks ?? [])).toEqual(["(team:search) for bo@acme.test"]);
    expect(shownLines(said?.blocks ?? [])).toEqual(["It is in your messages with me."]);
  });

  test("show help and unallocated spend, and nothing to somebody unknown", async () => {
    const shown = async (user: string, value: string): Promise<string> =>
      shownLines((await home.click(user, "home_show", value)).at(-1)?.blocks ?? []).join("\n");

    expect(await shown("U_DANA", "unallocated")).toBe("unallocated() for dana@acme.test");
    expect(await shown("U_BO", "help")).toBe("help() for bo@acme.test");
    expect(await shown("U_NOBODY", "unallocated")).toContain("can't tell who you are");
  });
});
