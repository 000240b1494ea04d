import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { homeListeners } from "../../../src/features/home/index.ts";
import type { HomeView } from "../../../src/slack/blocks.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { homeProblems, shownLines } from "../../support/shown.ts";
import { acme, ask, aTier, resetAcme, usePolicies } from "../approvals/flow/setup.ts";

const db = useDatabase();

beforeEach(async () => {
  await resetAcme(db.pool);
  await usePolicies(db.pool, aTier());
});

async function openHome(email: string | undefined): Promise<HomeView> {
  const { web, homes } = recordingWeb();
  const { clock } = acme(db.pool);
  await homeListeners({ database: db.pool, clock }).home?.run({
    actor: {
      slackUserId: "U1",
      slackTeamId: "T1",
      email: email === undefined ? undefined : emailFrom(email),
    },
    web,
  });
  expect(homes.map(({ slackUserId }) => slackUserId)).toEqual(["U1"]);
  const view = homes[0]?.view ?? { type: "home", blocks: [] };
  expect(homeProblems(view)).toEqual([]);
  return view;
}

const headers = (view: HomeView): string[] =>
  shownLines(view.blocks).filter((line) => line.startsWith("# "));

describe("App Home", () => {
  test("of somebody with nothing to decide is their own spend", async () => {
    const at = acme(db.pool).clock();
    await spend(db.pool, { amount: usd(3), at, of: { userEmail: emailFrom("bo@acme.test") } });

    expect(headers(await openHome("bo@acme.test"))).toEqual(["# You · $3.00 this month"]);
  });

  test("shows first what waits for this person, with its buttons, then their own spend", async () => {
    await ask(acme(db.pool));
    const view = await openHome("ana@acme.test");

    expect(headers(view)).toEqual(["# Waiting for your decision", "# You · $0.00 this month"]);
    const lines = shownLines(view.blocks);
    expect(lines.filter((line) => line.startsWith("[Approve]"))).toHaveLength(1);
    expect(lines.indexOf("---")).toBeLessThan(lines.indexOf("# You · $0.00 this month"));
  });

  test("shows an admin, and nobody else, what could not be recorded", async () => {
    const at = acme(db.pool).clock();
    await db.pool.query(
      `truncate rejected_events, admins; insert into admins values ('dana@acme.test')`,
    );
    await db.pool.query(
      `insert into rejected_events (rejected_event_id, source, code, message, received_at, last_received_at)
       values (gen_random_uuid(), 'checkout', 'invalid', 'model: expected a text', $1, $1)`,
      [at],
    );

    expect(headers(await openHome("dana@acme.test"))).toEqual([
      "# Could not be recorded",
      "# You · $0.00 this month",
    ]);
    expect(headers(await openHome("bo@acme.test"))).toEqual([
      expect.stringContaining("You ·") as string,
    ]);
    await db.pool.query(`truncate rejected_events`);
  });

  test("does not show a request to its requester, nor to somebody who is not asked", async () => {
    await ask(acme(db.pool));

    for (const email of ["bo@acme.test", "zoe@acme.test"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure is read
      expect(headers(await openHome(email))).toEqual([expect.stringContaining("You ·") as string]);
    }
  });

  test("of many requests shows five and says how many more there are", async () => {
    const deps = acme(db.pool);
    for (let index = 0; index < 7; index += 1) {
      const subject = { budget_id: `budget-${String(index)}` };
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ask(deps, { subject, requester: emailFrom(`p${String(index)}@acme.test`) });
    }
    const lines = shownLines((await openHome("ana@acme.test")).blocks);

    expect(lines.filter((line) => line.startsWith("[Approve]"))).toHaveLength(5);
    expect(lines).toContain("(…and 2 more in your messages.)");
    expect(lines).toContain("# You · $0.00 this month");
  });

  test("of somebody without an address says what to do", async () => {
    expect(shownLines((await openHome(undefined)).blocks).join("\n")).toContain("users:read.email");
  });
});
