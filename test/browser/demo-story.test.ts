/**
 * The main job as a newcomer clicks through it: the real demo, started as the README says, in a real
 * browser. The tests tell one story, so they run in their order on one workspace.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { ALERT_KINDS } from "../../src/domain/alert.ts";
import { launchChromium } from "./chromium.ts";
import {
  buildProgram,
  type DemoProgram,
  freePort,
  processesNaming,
  startDemo,
} from "./demo-program.ts";
import { expectCount, newest, openSlack, type SlackClient } from "./slack-client.ts";

/** The digest comes with the second full minute after the start, and these are bounds for what hangs. */
const DIGEST_WITHIN_MS = 300_000;
const ALERT_WITHIN_MS = 120_000;
/** With the digest, most of them have come; repeated prompts take as long as it takes to repeat them. */
const ALERTS_WITHIN_MS = 300_000;
const ALERTS = z.object({
  alerts: z.array(z.object({ kind: z.string(), announced: z.boolean() })),
});
const DECISIONS = { name: /^(Approve|Deny)/ };

/** What has to be undone in the end, however the story goes. */
const undo: (() => Promise<void> | void)[] = [];
let where: { readonly dataDir: string; readonly port: number };
let demo: DemoProgram;
let browser: Browser;
let slack: SlackClient;

beforeAll(async () => {
  buildProgram();
  const dataDir = await mkdtemp(join(tmpdir(), "claude-spend-browser-"));
  undo.push(async () => await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(dataDir, 0o755); // Run by root, Postgres is another user, who has to get in.
  where = { dataDir, port: await freePort() };
  demo = await startDemo(where);
  undo.push(demo.kill);
  browser = await launchChromium();
  undo.push(async () => await browser.close());
  slack = await openSlack(browser, demo.url);
});

afterAll(async () => {
  for (const step of undo.toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- in the reverse order of starting
    await step();
  }
});

test("the demo shows a Slack workspace", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openChannel("team-search");

  expect(await slack.page.title()).toContain("Acme");
  expect(await slack.entry("finops").count()).toBe(0);
  await slack.shoot("01-workspace");
});

test("the slash menu completes the command, and the report is visible to its reader only", async () => {
  const composer = slack.page.getByLabel("Message", { exact: true });
  await composer.pressSequentially("/cl");
  const suggestion = slack.page.getByRole("option", { name: "/claude-spend" });
  await suggestion.waitFor();
  await slack.shoot("02-slash-menu");
  await composer.press("Tab");
  expect(await composer.inputValue()).toBe("/claude-spend ");
  await composer.pressSequentially("search");
  await composer.press("Enter");

  const report = await newest(slack.messages("Only visible to you", /Search · \$[\d,.]+/));
  expect(await report.innerText()).toMatch(/Month to date/i);
  await slack.shoot("03-report");

  await slack.send("/claude-spend search 30d"); // On the first of a month, there is more in it.
  const longer = await newest(slack.messages("Only visible to you", "30 days"));
  expect(await longer.innerText()).toMatch(/\$[\d,]+\.\d\d\s+ranking/);

  await slack.viewAs("Ana Silva");
  await slack.openChannel("team-search");
  await expectCount(slack.messages("Only visible to you"), 0);
  await slack.viewAs("Bo Chen");
});

test("the bare command answers with one's own spend", async () => {
  await slack.openChannel("general");
  await slack.send("/claude-spend");

  const own = await newest(slack.messages("Only visible to you", /You · \$[\d,.]+ this month/));

  expect(await own.innerText()).toContain("Search");
  await slack.shoot("04-own-spend");
});

test("help lists the commands, and an unknown name is answered with the nearest ones", async () => {
  await slack.openChannel("general");
  await slack.send("/claude-spend help");
  const help = await newest(slack.messages("What I understand"));
  expect(await help.innerText()).toContain("raise SCOPE");
  await slack.shoot("05-help");

  await slack.send("/claude-spend serach");
  const answer = await newest(slack.messages("serach"));

  expect(await answer.innerText()).toMatch(/Did you mean .*search/s);
  await slack.shoot("06-unknown-name");
});

test("App Home shows one's spend and budgets", async () => {
  await slack.openApp("Home");
  const home = slack.page.locator(".home");
  await home.getByText(/You · \$[\d,.]+ this month/).waitFor();

  expect(await home.innerText()).toMatch(/% of \$/);
  await slack.shoot("07-home");
});

test("a script that runs away is an alert in the team's channel and in Bo's direct messages", async () => {
  const runaway = await fetch(`${demo.url}/sandbox/api/example/runaway`, { method: "POST" });
  expect(await runaway.json()).toMatchObject({ rejected: 0 });

  await slack.openApp("Messages");
  const personal = await newest(
    slack.messages(/You (passed|have used up|are over).* your daily budget/s),
    ALERT_WITHIN_MS,
  );
  expect(await personal.getByRole("button").allInnerTexts()).toContain("Request raise");
  await slack.shoot("08-alert-personal");

  await slack.openChannel("team-search");
  const team = await newest(
    slack.messages(/Search (passed|has used up|is over).* its daily budget/s),
    ALERT_WITHIN_MS,
  );
  expect(await team.innerText()).toMatch(/\$[\d,.]+ of \$130\.00/);
  await team.scrollIntoViewIfNeeded();
  await slack.shoot("09-alert-team");
});

test("it all fits on a phone", async () => {
  const phone = await openSlack(browser, demo.url, "phone");
  await phone.viewAs("Bo Chen");
  await phone.openChannel("team-search");
  const alert = await newest(
    phone.messages(/Search (passed|has used up|is over).* its daily budget/s),
  );
  await alert.scrollIntoViewIfNeeded();
  await phone.shoot("10-phone");
  await phone.page.getByRole("button", { name: "Back to conversations" }).click();
  await phone.entry("Claude Spend").waitFor();

  expect(phone.complaints).toEqual([]);
  await phone.close();
});

test("a raise is asked for in a form that names what is wrong", async () => {
  await slack.openChannel("team-search");
  await slack.send("/claude-spend raise search");
  const form = slack.dialog("Request a raise");
  const budgets = form.getByLabel("Budget", { exact: true });
  const monthly = budgets.locator("option", { hasText: /Search · monthly/ });
  await budgets.selectOption((await monthly.getAttribute("value")) ?? "");
  await form.getByLabel("How much more").fill("abc");
  await form.getByLabel("What it is for").fill("Re-indexing before the launch");
  await form.getByRole("button", { name: "Send request" }).click();

  const amount = form.locator(".input", { has: form.page().getByLabel("How much more") });
  await expect.poll(async () => await amount.getByRole("alert").innerText()).not.toBe("");
  expect(await form.getByLabel("How much more").getAttribute("aria-invalid")).toBe("true");
  await slack.shoot("11-raise-field-error");
  await form.getByLabel("How much more").fill("150");
  await slack.shoot("12-raise-form");
  await form.getByRole("button", { name: "Send request" }).click();
  await form.waitFor({ state: "detached" });

  await slack.openApp("Messages");
  const asked = await newest(slack.messages("You asked for $150.00"));
  expect(await asked.innerText()).toMatch(
    /through (today|[A-Z][a-z]+ \d+)\. I asked (@Ana Silva|ana@acme\.test)\./,
  );
  await slack.shoot("13-asked");
});

test("the owner's card waits in her direct messages, and Approve decides it there", async () => {
  await slack.viewAs("Ana Silva");
  await slack
    .entry("Claude Spend")
    .getByLabel(/\d+ unread/)
    .waitFor();
  await slack.shoot("14-owner-unread");
  await slack.openApp("Messages");
  const card = await newest(slack.messages("@Bo Chen asks for $150.00"));
  expect(await card.getByRole("button").allInnerTexts()).toEqual(
    expect.arrayContaining(["Approve", "Approve other amount", "Deny"]),
  );
  await slack.shoot("15-approval-card");

  await card.getByRole("button", { name: "Approve", exact: true }).click();
  const confirm = slack.dialog("Approve $150.00?");
  await confirm.waitFor();
  await slack.shoot("16-approve-confirm");
  await confirm.getByRole("button", { name: "Approve" }).click();

  await newest(slack.messages("@Bo Chen asked for", "Approved by @Ana Silva: $150.00"));
  await expectCount(slack.messages("@Bo Chen", "$150.00").getByRole("button", DECISIONS), 0);
  await slack.shoot("17-approved");
});

test("the requester is told, and the new limit is in force", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openApp("Messages");
  await newest(slack.messages("@Ana Silva approved $150.00", "in force now, through"));
  await slack.shoot("18-told");

  await slack.openChannel("team-search");
  await slack.send("/claude-spend budget search");

  const budgets = await newest(slack.messages("Budgets of Search"));
  expect(await budgets.innerText()).toMatch(/of \$2,350\.00 .*\$2,200\.00 plus \$150\.00 raised/);
  await slack.shoot("19-new-limit");
});

test("whoever has no authority never sees a card", async () => {
  await slack.viewAs("Mia Novak");
  await slack.openApp("Home");
  await slack.page
    .locator(".home")
    .getByText(/You · /)
    .waitFor();

  expect(await slack.page.getByRole("button", DECISIONS).count()).toBe(0);
  expect(await slack.page.getByText("$150.00").count()).toBe(0);
  await slack.shoot("20-bystander-home");
  await slack.openApp("Messages");
  await slack.page.getByRole("log").getByText("very beginning").waitFor();
  await expectCount(slack.messages(/asks? for|\$150\.00/), 0);
});

test("a large raise takes two of finance, and the smaller amount holds", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openChannel("team-search");
  await slack.send("/claude-spend raise search 500 Load test of the new ranking");
  await newest(slack.messages("Only visible to you", "Asked", "$500.00"));

  await slack.viewAs("Finn Roth");
  await slack.openApp("Messages");
  const card = await newest(slack.messages("$500.00", "Needs 2 approvals"));
  await card.getByRole("button", { name: "Approve other amount" }).click();
  const form = slack.dialog("Approve other amount");
  await form.getByLabel("Amount in USD").fill("300");
  await form.getByLabel("Note to the requester").fill("Enough for one run.");
  await slack.shoot("21-other-amount");
  await form.getByRole("button", { name: "Approve" }).click();
  await newest(slack.messages("1 of 2 approved, by @Finn Roth ($300.00)"));
  await slack.shoot("22-first-of-two");

  await slack.viewAs("Dana Kim");
  await slack.openApp("Messages");
  const second = await newest(slack.messages("1 of 2 approved, by @Finn Roth ($300.00)"));
  await second.getByRole("button", { name: "Approve", exact: true }).click();
  await slack
    .dialog(/^Approve \$/)
    .getByRole("button", { name: "Approve" })
    .click();
  const decided = await newest(
    slack.messages("Approved by @Finn Roth and @Dana Kim", "$300.00 of $500.00"),
  );

  expect(await decided.getByRole("button", DECISIONS).count()).toBe(0);
  expect(await slack.messages("Approved: ").count()).toBe(0);
  await slack.shoot("23-second-of-two");

  await slack.viewAs("Bo Chen");
  await slack.openApp("Messages");
  await newest(
    slack.messages("@Finn Roth and @Dana Kim approved $300.00 of $500.00", "Enough for one run."),
  );
});

test("a denial tells its reason", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openChannel("team-search");
  await slack.send("/claude-spend raise search 900 Just in case");
  await newest(slack.messages("Only visible to you", "Asked", "$900.00"));

  await slack.viewAs("Dana Kim");
  await slack.openApp("Messages");
  const card = await newest(slack.messages("$900.00", "Just in case"));
  await card.getByRole("button", { name: "Deny" }).click();
  const form = slack.dialog("Deny request");
  await form.getByLabel("Reason").fill("Come back with a plan.");
  await slack.shoot("24-deny");
  await form.getByRole("button", { name: "Deny" }).click();
  await newest(slack.messages("$900.00", "Denied by @Dana Kim", "Come back with a plan."));

  await slack.viewAs("Bo Chen");
  await slack.openApp("Messages");
  const told = await newest(slack.messages("@Dana Kim denied your request"));

  expect(await told.innerText()).toContain("Come back with a plan.");
  await slack.shoot("25-denied");
});

test("the daily digest arrives on its schedule", { timeout: 2 * DIGEST_WITHIN_MS }, async () => {
  await slack.viewAs("Finn Roth");
  await slack.openChannel("finops");
  const digest = await newest(
    slack.messages(/Acme · \$[\d,.]+ on \w{3}, \w{3} \d+/),
    DIGEST_WITHIN_MS,
  );

  expect(await digest.innerText()).toMatch(/By team[^]*Search[^]*By model/);
  await slack.shoot("26-digest");

  const heading = await newest(
    slack.messages(/No price is known for the model|at an assumed price/),
    ALERT_WITHIN_MS,
  );
  await heading.scrollIntoViewIfNeeded();
  await slack.shoot("27-alerts-of-finance");
  await slack.page.emulateMedia({ colorScheme: "dark" });
  await slack.shoot("28-alerts-in-the-dark");
  await slack.page.emulateMedia({ colorScheme: "light" });
  expect(slack.complaints).toEqual([]);
});

/** What of all that was found somebody was told, as the demo's own API says. */
async function announcedKinds(): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${demo.url}/v1/alerts?limit=100`, {
    headers: { authorization: "Bearer demo-api-token-for-this-machine" },
  });
  const { alerts } = ALERTS.parse(await answer.json());
  return new Set(alerts.filter((alert) => alert.announced).map(({ kind }) => kind));
}

test("each kind of alert has been announced", { timeout: 2 * ALERTS_WITHIN_MS }, async () => {
  await expect
    .poll(
      async () => {
        const announced = await announcedKinds();
        return ALERT_KINDS.filter((kind) => !announced.has(kind));
      },
      { timeout: ALERTS_WITHIN_MS, interval: 1_000 },
    )
    .toEqual([]);
});

test("Ctrl-C ends it all, and waits for nobody who has the page open", async () => {
  const { code, said } = await demo.interrupt();

  expect(code).toBe(0);
  expect(said.join("\n")).not.toContain("requests cut off");
  expect(await processesNaming(where.dataDir)).toEqual([]);
  await slack.page.getByText("Reconnecting…").waitFor();
});

test("the next start goes on with the same data, and the open page finds it", async () => {
  demo = await startDemo(where);
  undo.push(demo.kill);

  await slack.page.getByText("Reconnecting…").waitFor({ state: "detached" });
  await slack.viewAs("Bo Chen");
  await slack.openApp("Messages");
  await newest(slack.messages("@Ana Silva approved $150.00"));
  await slack.openChannel("team-search");
  await slack.send("/claude-spend budget search");
  await newest(slack.messages("Budgets of Search", "of $2,650.00"));
  await slack.shoot("29-next-start");

  expect((await demo.interrupt()).code).toBe(0);
  expect(await processesNaming(where.dataDir)).toEqual([]);
});
