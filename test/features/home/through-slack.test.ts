/** Home and preferences in the running program, with the strict fake Slack on the other side. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { runningClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../../support/program.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
let program: TestProgram;
/** What waits for seconds waits for a tenth of them. */
const clock = runningClock({ speed: 10 });

beforeEach(async () => {
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock });
  await program.put("/v1/governance", readFileSync("docs/examples/governance.yml", "utf8"));
});
afterEach(async () => {
  await program.stop();
});
const durations: number[] = [];
afterAll(() => {
  // For the record of a run that is asked for it.
  if (process.env["HOME_TIMES"] !== undefined) {
    process.stdout.write(`app_home_opened to views.publish, ms: ${durations.join(" ")}\n`);
  }
});

type Person = ReturnType<ReturnType<typeof slack>["as"]>;

const textOf = (person: Person): string => JSON.stringify(person.home().blocks);

async function opened(person: Person): Promise<void> {
  const from = performance.now();
  await person.openHome();
  await person.waitForHome();
  durations.push(Math.round(performance.now() - from));
}

function anEvent(dollars: number, overrides: Readonly<Record<string, unknown>> = {}): unknown {
  return aNativeEvent({
    occurred_at: clock().toISOString(),
    model: "claude-sonnet-5",
    usage: { input_tokens: 0, output_tokens: dollars * 100_000 },
    team: "search",
    project: "checkout",
    ...overrides,
  });
}

describe("App Home", () => {
  test("opens with what is so, and changes when something is asked for and decided", async () => {
    await program.post([anEvent(12, { user_email: "bo@acme.test" })]);
    const bo = slack().as(PEOPLE.bo);
    const ana = slack().as(PEOPLE.ana);
    await opened(bo);
    await opened(ana);
    await opened(ana);
    expect(textOf(bo)).toContain("You · $12.00 this month");
    expect(textOf(ana)).not.toContain("Waiting for your decision");

    await bo.command("/claude-spend raise search 150 launch week");
    await ana.waitForHome(({ blocks }) => JSON.stringify(blocks).includes("Waiting for your"));
    await bo.waitForHome(({ blocks }) => JSON.stringify(blocks).includes("Your open requests"));

    await ana.click(ana.home(), "approval_approve");
    await ana.waitForHome(({ blocks }) => !JSON.stringify(blocks).includes("Waiting for your"));
    await bo.waitForHome(({ blocks }) => !JSON.stringify(blocks).includes("Your open requests"));
    expect(textOf(bo)).toContain("$650 monthly");
  });

  test("shows a team's report in a window, and sends it in full", async () => {
    await program.post([anEvent(12)]);
    const bo = slack().as(PEOPLE.bo);
    await opened(bo);
    await bo.click(bo.home(), "home_report");
    const modal = await bo.waitForModal(({ blocks }) =>
      JSON.stringify(blocks).includes("Send it to me"),
    );
    expect(JSON.stringify(modal.blocks)).toMatch(/Search · \$\d+/);

    await bo.click(modal, "home_send_report");
    const sent = await bo.waitForMessage("dm", ({ text }) => text.includes("Search"));
    expect(sent.text).toMatch(/Search: \$\d+/);
  });

  test("is shown although Slack refused one publish", async () => {
    const bo = slack().as(PEOPLE.bo);
    await opened(bo);
    slack().faults.add({ kind: "ratelimited", method: "views.publish", retryAfterSeconds: 1 });
    await bo.command("/claude-spend raise search 150 launch week");

    await bo.waitForHome(({ blocks }) => JSON.stringify(blocks).includes("Your open requests"));
    expect(textOf(bo)).toContain("$150.00");
  });
});

describe("preferences", () => {
  const FORM = {
    about: ["own", "teams"],
    topics: ["budgets"],
    digest: "week",
    digest_at: "08:30",
    quiet_from: "20:00",
    quiet_until: "07:00",
    zone: "tokyo",
  } as const;

  test("are opened on Home, saved once however often they are sent, and shown there", async () => {
    const bo = slack().as(PEOPLE.bo);
    await opened(bo);
    await bo.click(bo.home(), "preferences_open");
    const form = await bo.waitForModal(({ blocks }) =>
      JSON.stringify(blocks).includes("digest_at"),
    );
    await bo.submit(form, FORM);
    await bo.waitForHome(({ blocks }) =>
      JSON.stringify(blocks).includes(
        "digest every week at 08:30 · quiet 20:00 to 07:00 · Asia/Tokyo",
      ),
    );

    await bo.command("/claude-spend settings");
    const again = await bo.waitForModal(({ blocks }) =>
      JSON.stringify(blocks).includes("Asia/Tokyo"),
    );
    await bo.submit(again, FORM);
    const { rows } = await db.pool.query(
      `select d.every, d.at_local_time, p.time_zone, count(e.*)::integer as audited
         from person_digest_preferences d
         join alert_preferences p on p.email = d.email
         join audit_entries e on e.subject = 'settings:' || d.email
        where d.email = 'bo@acme.test'
        group by 1, 2, 3`,
    );
    expect(rows).toEqual([
      { every: "week", at_local_time: "08:30", time_zone: "Asia/Tokyo", audited: 1 },
    ]);
  });

  test("say beside the field what is wrong, and keep the form open", async () => {
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend settings");
    const form = await bo.waitForModal(({ blocks }) =>
      JSON.stringify(blocks).includes("digest_at"),
    );
    const outcome = await bo.submit(form, {
      zone: "Mars/Base",
      quiet_from: "20:00",
      quiet_until: "none",
    });

    expect(outcome).toMatchObject({
      errors: {
        zone: expect.stringContaining("There is no such time zone") as string,
        quiet_until: expect.stringContaining("Choose when they begin") as string,
      },
    });
    expect(bo.modal()).toBeDefined();
  });

  test("that Slack opens no form for any more say so", async () => {
    const bo = slack().as(PEOPLE.bo);
    await opened(bo);
    const clicked = bo.click(bo.home(), "preferences_open");
    slack().pass(4_000); // The click is on its way.
    await clicked;

    const said = await bo.waitForMessage("dm", ({ text }) => text !== "");
    expect(said.text).toMatch(/again/i);
  });
});
