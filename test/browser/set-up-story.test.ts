/**
 * A new admin, from nothing to the first digest, in a real browser: no file and no governance, only
 * the forms. The clock is the test's own. The tests tell one story, in their order.
 */
import { pino } from "pino";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Program } from "../../src/app/program.ts";
import { type Clock, instant } from "../../src/domain/time.ts";
import { sendDueDigests } from "../../src/features/digests/index.ts";
import { launchChromium } from "./chromium.ts";
import { buildPage } from "./demo-program.ts";
import { startSandbox } from "./sandbox-program.ts";
import { newest, openSlack, type SlackClient } from "./slack-client.ts";

const log = pino({ level: "silent" });
/** Begins by day in every zone of the story: what is used in the small hours is not told at half past eight. */
let passedMs = new Date().setUTCHours(34, 0, 0, 0) - Date.now();
const clock: Clock = () => instant(new Date(Date.now() + passedMs));
const undo: (() => Promise<void>)[] = [];
let program: Program;
let browser: Browser;
let slack: SlackClient;
let secret = "";

beforeAll(async () => {
  buildPage();
  program = await startSandbox(clock, undo);
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

/** In the light, in the dark, and on a phone, where the window is the whole screen. */
async function shootAll(name: string): Promise<void> {
  await slack.shoot(`set-up-${name}`);
  await slack.page.emulateMedia({ colorScheme: "dark" });
  await slack.page.setViewportSize({ width: 390, height: 844 });
  await slack.shoot(`set-up-${name}-phone-dark`);
  await slack.page.emulateMedia({ colorScheme: "light" });
  await slack.page.setViewportSize({ width: 1280, height: 800 });
}

/** The step's row in the window. */
async function open(step: string, button: string): Promise<void> {
  const row = slack.dialog(/Set up|Settings/).locator(".block", { hasText: step });
  await row.getByRole("button", { name: button }).first().click();
}

async function chooseByLabel(form: Locator, label: string, option: string): Promise<void> {
  const field = form.getByLabel(new RegExp(`^${label}`));
  const choice = field.locator("option", { hasText: option }).first();
  await choice.waitFor({ state: "attached" });
  await field.selectOption((await choice.getAttribute("value")) ?? "");
}

async function choosePeople(form: Locator, label: string, names: readonly string[]): Promise<void> {
  const field = form.getByRole("combobox", { name: label });
  for (const name of names) {
    // oxlint-disable no-await-in-loop -- as a person types
    await field.fill(name);
    await form.getByRole("option", { name }).first().click();
    // oxlint-enable no-await-in-loop
  }
}

async function save(form: Locator): Promise<void> {
  await form.locator("button[type=submit]").click();
}

const saved = (): Locator => slack.dialog(/Set up|Settings/).getByText("Saved.");

test("who does not run the workspace is told who can begin", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openChannel("general");
  await slack.send("/claude-spend");

  const welcome = await newest(slack.messages("Only visible to you", "Nobody is its admin yet"));
  await welcome.getByRole("button", { name: "Set up" }).click();
  await slack.dialog("Who may begin").getByLabel("Code").fill("WRONG");
  await save(slack.dialog("Who may begin"));
  await slack.dialog("Who may begin").getByText("That is not the code").waitFor();
  expect(await slack.dialog("Organization").count()).toBe(0);
  await shootAll("code");
  await slack.page.keyboard.press("Escape");
});

test("whoever runs it begins on App Home, and becomes the first admin", async () => {
  await slack.viewAs("Dana Kim");
  await slack.openApp("Home");
  const welcome = slack.page.locator(".home");
  await welcome.getByText("You run this Slack workspace").waitFor();
  await shootAll("welcome");
  await welcome.getByRole("button", { name: "Set up" }).click();
  await slack.dialog("Set up Claude Spend").getByText("0 of 5 steps done").waitFor();
  await shootAll("steps");

  await open("Organization", "Set up");
  const form = slack.dialog("Organization");
  await form.getByLabel("Name", { exact: true }).fill("Acme");
  expect(await form.getByLabel("Time zone").inputValue()).toBe("Europe/Berlin");
  await form.getByLabel("Time zone").fill("Berlin");
  await chooseByLabel(form, "Channel of finance", "#finops");
  await save(form);
  await form.getByText("I don't know this zone").waitFor();
  await shootAll("organization");
  await form.getByLabel("Time zone").fill("Europe/Berlin");
  await save(form);

  await saved().waitFor();
  await slack.dialog("Set up Claude Spend").getByText("where I can post").waitFor();
  await shootAll("organization-saved");
});

test("a team and a budget are added without a file", async () => {
  await open("Teams", "Set up");
  const team = slack.dialog("Add a team");
  await team.getByLabel("Name", { exact: true }).fill("Search");
  await chooseByLabel(team, "Channel", "#team-search");
  await choosePeople(team, "Owners", ["Ana Silva"]);
  await choosePeople(team, "Members", ["Bo Chen"]);
  await team.getByLabel("Projects").fill("checkout, ranking");
  await shootAll("team");
  await save(team);
  await saved().waitFor();

  await open("Budgets", "Set up");
  const budget = slack.dialog("Add a budget");
  await chooseByLabel(budget, "For", "Team Search");
  await budget.getByLabel("Limit in USD").fill("500");
  await shootAll("budget");
  await save(budget);
  await saved().waitFor();
  const steps = slack.dialog("Set up Claude Spend");
  await steps.getByText("1 budget").waitFor();
  expect(await steps.innerText()).toContain("3 of 5 steps done");
});

test("a source shows its secret once, and its first event is noticed", async () => {
  await open("Usage", "Add a source");
  const source = slack.dialog("Add a source");
  await source.getByLabel("Name", { exact: true }).fill("checkout-api");
  await save(source);
  const shown = slack.dialog("Copy the secret now");
  await shown.getByText("is ready").waitFor();
  [secret = ""] = /whsec_[A-Za-z0-9+/=]+/.exec(await shown.innerText()) ?? [];
  await shootAll("secret");
  await shown.getByRole("button", { name: "I have copied it" }).click();
  const steps = slack.dialog("Set up Claude Spend");
  await steps.getByText("Waiting for the first event of checkout-api").waitFor();
  await shootAll("waiting");

  const sent = await fetch(`${program.url}/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({
      event_id: "first-1",
      occurred_at: clock().toISOString(),
      model: "claude-opus-5-5",
      user_email: "bo@acme.test",
      team: "search",
      usage: { input_tokens: 100_000, output_tokens: 80_000 },
    }),
  });
  expect(await sent.json()).toMatchObject({ accepted: 1 });
  await steps.getByRole("button", { name: "Check again" }).click();
  await steps.getByText("First event received").waitFor();
});

test("the digest is the last step, and the first one arrives", async () => {
  await open("Digest", "Set up");
  const digest = slack.dialog("Add a digest");
  expect(await digest.getByLabel("About").inputValue()).toBe("org");
  expect(await digest.getByLabel(/^Channel/).inputValue()).toBe("C02FINOPS00");
  await digest.getByLabel("At", { exact: true }).fill("08:30");
  await shootAll("digest");
  await save(digest);
  await slack.dialog("Settings").getByText("Everything is set up").waitFor();
  await shootAll("done");
  await slack.page.keyboard.press("Escape");

  const { rows } = await program.database.query<{ next_run_at: Date }>(
    `select d.next_run_at from digests d where d.scope = 'org'`,
  );
  passedMs = (rows[0]?.next_run_at.getTime() ?? 0) - Date.now();
  await sendDueDigests({ database: program.database, clock, log });
  await slack.openChannel("finops");
  const posted = await newest(slack.messages(/Acme/, /\$[\d,.]+/));
  expect(await posted.innerText()).toContain("Search");
  await slack.shoot("set-up-first-digest");
});

test("the history tells who decided what, and leads back", async () => {
  await slack.send("/claude-spend governance");
  const history = await newest(slack.messages("Governance · version", "team search: added"));
  expect(await history.innerText()).toContain("@Dana Kim in Slack");
  await slack.shoot("set-up-history");
  await history.getByRole("button", { name: "Open" }).nth(1).click();
  const version = slack.dialog(/^Version/);
  await version.getByText("organization:").waitFor();
  await shootAll("version");
  await version.getByRole("button", { name: "Go back to this version" }).click();
  await slack
    .dialog(/^Back to version/)
    .getByRole("button", { name: "Go back" })
    .click();
  await slack.dialog("Governance").getByText("is in force now").waitFor();
  await slack.page.keyboard.press("Escape");

  await slack.openApp("Home");
  await slack.page.locator(".home").getByText("Set up", { exact: true }).waitFor();
  await shootAll("home-again");
  expect(slack.complaints).toEqual([]);
});
