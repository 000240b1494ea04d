/**
 * Two readers of a team's spend in a real browser: a report that leads from one part of it to the
 * next and to the channel, and preferences with what comes of them. The clock is the test's own, on
 * a Wednesday in November. The tests tell one story, in their order.
 */
import { pino } from "pino";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Program } from "../../src/app/program.ts";
import { governanceAppliers } from "../../src/app/wire.ts";
import { addMs, type Clock, HOUR_MS, type Instant, instant } from "../../src/domain/time.ts";
import { releaseHeldAlerts } from "../../src/features/alerts/index.ts";
import { sendDueDigests } from "../../src/features/digests/index.ts";
import { applyGovernance } from "../../src/features/governance/index.ts";
import { launchChromium } from "./chromium.ts";
import { buildPage } from "./demo-program.ts";
import { startSandbox } from "./sandbox-program.ts";
import { expectCount, newest, openSlack, type SlackClient } from "./slack-client.ts";

const GOVERNANCE = `
organization: { name: Acme, time_zone: Europe/Berlin, admins: [dana@acme.test] }
teams:
  search:
    name: Search
    channel: "#team-search"
    owners: [ana@acme.test]
    members: [bo@acme.test]
    projects: [ranking, checkout]
budgets:
  - { key: search-daily, scope: "team:search", limit: "100.00", period: daily, thresholds: [50, 80] }
  - { key: per-person, scope: "each:user", limit: "60.00", period: daily, thresholds: [50, 80] }
`;
const SECRET = "whsec_cmVhZGVycy1vZi10aGUtYnJvd3Nlci1zdG9yeQ==";
/** In the afternoon in Berlin, in the morning in New York, late at night in Tokyo. */
const BEGIN = instant("2026-11-18T15:00:00Z");
const FIVE_DOLLARS = { input_tokens: 1_250_000, output_tokens: 0 };

const startedAtMs = Date.now();
let passedMs = 0;
const clock: Clock = () => addMs(BEGIN, passedMs + Date.now() - startedAtMs);
const undo: (() => Promise<void>)[] = [];
let program: Program;
let browser: Browser;
let slack: SlackClient;

beforeAll(async () => {
  buildPage();
  program = await startSandbox(clock, undo, { INGEST_SECRET: SECRET });
  const { database } = program;
  const what = { text: GOVERNANCE, appliedBy: "test" };
  const applied = await applyGovernance({ database, clock, appliers: governanceAppliers }, what);
  if (applied.kind === "refused") throw new Error(JSON.stringify(applied.problems));
  await use("ranking", 9, instant("2026-10-14T09:00:00Z"));
  await use("ranking", 3, instant("2026-11-11T09:00:00Z"));
  await use("checkout", 2, instant("2026-11-18T05:00:00Z"));
  browser = await launchChromium();
  undo.push(async () => await browser.close());
  slack = await openSlack(browser, program.url);
});

afterAll(async () => {
  for (const step of undo.toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- in the reverse order of starting
    await step();
  }
});

let sent = 0;

/** Bo makes so many requests of five dollars each. */
async function use(project: string, count: number, at: Instant = clock()): Promise<void> {
  const events = Array.from({ length: count }, () => {
    sent += 1;
    return {
      event_id: `req_${String(sent)}`,
      occurred_at: at.toISOString(),
      model: "claude-opus-5-5",
      usage: FIVE_DOLLARS,
      user_email: "bo@acme.test",
      team: "search",
      project,
    };
  });
  const answer = await fetch(`${program.url}/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(await answer.json()).toMatchObject({ accepted: count, rejected: [] });
}

/** The list of a report that says so, to choose from. */
async function choose(report: Locator, list: string, label: string): Promise<void> {
  await report.locator("select").filter({ hasText: list }).selectOption({ label });
}

async function preferences(): Promise<Locator> {
  await slack.openApp("Home");
  const row = slack.page.locator(".home .block", { hasText: "Preferences" });
  await row.getByRole("button", { name: "Change" }).click();
  const form = slack.dialog("Preferences");
  await form.getByLabel("My digest comes at").waitFor();
  return form;
}

async function save(form: Locator): Promise<void> {
  await form.locator("button[type=submit]").click();
  await form.waitFor({ state: "detached" });
}

/** What the clockwork does of this. */
async function minutePasses(): Promise<void> {
  const { database } = program;
  await releaseHeldAlerts({ database, clock });
  await sendDueDigests({ database, clock, log: pino({ level: "silent" }) });
}

test("a report leads to its parts and to another time, in place", async () => {
  await slack.viewAs("Ana Silva");
  await slack.openChannel("team-search");
  await slack.send("/claude-spend search");
  const report = await newest(slack.messages("Only visible to you", "Search · $25.00"));
  expect(await report.innerText()).toMatch(
    /Month to date[^]*\$45\.00[^]*By project[^]*\$15\.00\s+ranking/,
  );
  await slack.shoot("reader-report");

  await choose(report, "Look closer", "By person");
  const people = await newest(slack.messages("Search · $25.00", /\$25\.00\s+bo@acme\.test/));
  await choose(people, "Look closer", "By project");
  const projects = await newest(slack.messages("Search · $25.00", /\$10\.00\s+checkout · 40%/));
  expect(await projects.innerText()).not.toContain("bo@acme.test");
  await slack.shoot("reader-by-project");

  await choose(projects, "Month to date", "Last month");
  const october = await newest(slack.messages("Search · $45.00", "Last month"));
  expect(await october.innerText()).toMatch(/\$45\.00\s+ranking · 100%/);
  await slack.shoot("reader-last-month");
  await expectCount(slack.messages("Only visible to you"), 1);
});

test("it is shared with the channel after a question, without single people", async () => {
  const report = await newest(slack.messages("Only visible to you"));
  await choose(report, "Look closer", "Overview");
  const whole = await newest(slack.messages("Search · $45.00", "By person"));
  await whole.getByRole("button", { name: "Share here" }).click();
  const question = slack.dialog("Show it to this channel?");
  await question.getByText("Amounts per person are left out").waitFor();
  await slack.shoot("reader-share");
  await question.getByRole("button", { name: "Share" }).click();

  await slack.viewAs("Bo Chen");
  await slack.openChannel("team-search");
  const shared = await newest(slack.messages("Search · $45.00", "Shared by @Ana Silva"));
  expect(await shared.innerText()).not.toContain("bo@acme.test");
  expect(await shared.locator("select").count()).toBe(0);
  await slack.shoot("reader-shared");
});

test("a member looks closer at projects and models, and not at people", async () => {
  await slack.send("/claude-spend search");
  const report = await newest(slack.messages("Only visible to you", "Search · $25.00"));
  const choices = await report.locator("select").first().locator("option").allInnerTexts();
  expect(choices).toContain("By project");
  expect(choices).not.toContain("By person");

  await slack.send("/claude-spend search by person");
  await newest(slack.messages("What each person of Search spent is for its owners"));
});

test("preferences say what is wrong, are kept, and stand on Home", async () => {
  const form = await preferences();
  await form.getByLabel("My digest", { exact: true }).selectOption({ label: "Every day" });
  await form.getByLabel("My digest comes at").selectOption("08:00");
  await form.getByLabel("Quiet from").selectOption("22:00");
  await form.getByLabel("My time zone").fill("Atlantis");
  await form.locator("button[type=submit]").click();
  await form.getByText("There is no such time zone").waitFor();
  await form.getByText("Choose when they begin and when they end").waitFor();
  await slack.shoot("reader-preferences-wrong");
  await form.getByLabel("My time zone").fill("Tokyo");
  await form.getByLabel("Quiet until").selectOption("07:00");
  await form.getByRole("checkbox", { name: "Forecasts" }).uncheck();
  await slack.shoot("reader-preferences");
  await save(form);

  const line =
    "Messages about my spend, not of forecasts · digest every day at 08:00 · quiet 22:00 to 07:00 · Asia/Tokyo";
  await slack.page.locator(".home").getByText(line).waitFor();
  await slack.shoot("reader-home");
  const again = await preferences();
  expect(await again.getByLabel("My digest", { exact: true }).inputValue()).toBe("day");
  expect(await again.getByLabel("My time zone").inputValue()).toBe("Asia/Tokyo");
  expect(await again.getByLabel("Quiet from").inputValue()).toBe("22:00");
  expect(await again.getByRole("checkbox", { name: "Forecasts" }).isChecked()).toBe(false);
  expect(await again.getByRole("checkbox", { name: "Budgets" }).isChecked()).toBe(true);
  await slack.page.keyboard.press("Escape");
});

test("an owner who wants to hear of the team gets its alert as well", async () => {
  await slack.viewAs("Ana Silva");
  const form = await preferences();
  await form.getByRole("checkbox", { name: "The teams that I own" }).check();
  await save(form);
  await slack.page.locator(".home").getByText("Messages about my spend and my teams").waitFor();

  await use("ranking", 8);
  await slack.openChannel("team-search");
  await newest(slack.messages(/Search passed 50% of its daily budget: \$50\.00/));
  await slack.openApp("Messages");
  const told = await newest(slack.messages(/Search passed 50% of its daily budget: \$50\.00/));
  expect(await told.getByRole("button").allInnerTexts()).toContain("Request raise");
  await slack.shoot("reader-owner-alert");
});

test("who sleeps is told in the morning: the alert that waited, and the digest", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openApp("Messages");
  await slack.page.getByRole("log").getByText("very beginning").waitFor();
  await expectCount(slack.messages(/your daily budget/), 0); // It is midnight in Tokyo.

  await minutePasses(); // What was chosen is planned by now.
  passedMs += 7 * HOUR_MS + HOUR_MS / 2;
  await minutePasses();
  await newest(slack.messages(/You passed 80% of your daily budget: \$50\.00/));
  passedMs += HOUR_MS;
  await minutePasses();
  const digest = await newest(slack.messages("You · $10.00 on Wed, Nov 18"));
  expect(await digest.innerText()).toContain("Your teams");
  await slack.shoot("reader-morning");
  expect(slack.complaints).toEqual([]);
});
