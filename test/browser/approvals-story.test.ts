/**
 * A raise among three people as they click through it, in a real browser, up to what days later
 * becomes of a request: here the clock is the test's own. The tests tell one story, in their order.
 */
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Program } from "../../src/app/program.ts";
import { governanceAppliers } from "../../src/app/wire.ts";
import { type Clock, HOUR_MS, instant } from "../../src/domain/time.ts";
import {
  escalateApprovals,
  expireApprovals,
  remindApprovers,
} from "../../src/features/approvals/index.ts";
import { applyGovernance } from "../../src/features/governance/index.ts";
import { launchChromium } from "./chromium.ts";
import { buildPage } from "./demo-program.ts";
import { startSandbox } from "./sandbox-program.ts";
import { expectCount, newest, openSlack, type SlackClient, type Who } from "./slack-client.ts";

const GOVERNANCE = `
organization: { name: Acme, time_zone: UTC, admins: [dana@acme.test] }
teams: { search: { name: Search, owners: [ana@acme.test], members: [bo@acme.test] } }
budgets: [{ key: search, scope: "team:search", limit: "1000.00", period: yearly }]
approvals:
  - { up_to: "100.00", approvers: [team_owners], expires_in: 24h, escalate_to: [dana@acme.test] }
  - { steps: [{ approvers: [team_owners] }, { approvers: [finops@acme.test] }], expires_in: 48h }
`;

let passedMs = 0;
const clock: Clock = () => instant(new Date(Date.now() + passedMs));
const undo: (() => Promise<void>)[] = [];
let program: Program;
let browser: Browser;
let slack: SlackClient;

beforeAll(async () => {
  buildPage();
  program = await governed(await startSandbox(clock, undo));
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

async function governed(started: Program): Promise<Program> {
  const { database } = started;
  const what = { text: GOVERNANCE, appliedBy: "test" };
  const applied = await applyGovernance({ database, clock, appliers: governanceAppliers }, what);
  if (applied.kind === "refused") throw new Error(JSON.stringify(applied.problems));
  return started;
}

async function messagesOf(who: Who): Promise<void> {
  await slack.viewAs(who);
  await slack.openApp("Messages");
}

/** Fills the form behind a button and sends it. */
async function submit(title: string, values: Readonly<Record<string, string>>): Promise<void> {
  const form = slack.dialog(title);
  for (const [label, value] of Object.entries(values)) {
    // oxlint-disable-next-line no-await-in-loop -- as a person types
    await form.getByLabel(label).fill(value);
  }
  await slack.shoot(`approvals-form-${title.toLowerCase().replaceAll(" ", "-")}`);
  await form.locator("button[type=submit]").click();
  await form.waitFor({ state: "detached" });
}

async function approve(card: Locator): Promise<void> {
  await card.getByRole("button", { name: "Approve", exact: true }).click();
  await slack
    .dialog(/^Approve \$/)
    .getByRole("button", { name: "Approve" })
    .click();
}

/** So much later, with all that the clockwork does by then. */
async function later(hours: number): Promise<void> {
  passedMs += hours * HOUR_MS;
  const deps = { database: program.database, clock };
  await expireApprovals(deps);
  await escalateApprovals(deps);
  await remindApprovers(deps);
}

test("a raise is asked for from App Home, and goes to the first of two", async () => {
  await slack.viewAs("Bo Chen");
  await slack.openApp("Home");
  await slack.page.getByRole("button", { name: "Request a raise" }).click();
  await slack.dialog("Request a raise").getByLabel("How much more").waitFor();
  await submit("Request a raise", {
    "How much more": "300",
    "What it is for": "Re-indexing before the launch",
  });

  await slack.openApp("Messages");
  await newest(slack.messages("You asked for $300.00", /Ana Silva|ana@acme/));
  await slack.viewAs("Finn Roth");
  expect(await slack.entry("Claude Spend").getByLabel("1 unread").count()).toBe(0);
});

test("a question is answered before the decision", async () => {
  await messagesOf("Ana Silva");
  const card = await newest(slack.messages("@Bo Chen asks for $300.00"));
  await slack.shoot("approvals-card");
  await card.getByRole("button", { name: "Ask a question" }).click();
  await submit("Ask a question", { "Question to": "Can it wait for Monday?" });
  await newest(slack.messages("Can it wait for Monday?", "Not answered yet"));

  await messagesOf("Bo Chen");
  await (await newest(slack.messages("1 reply"))).getByText("1 reply").click();
  await slack.page.getByRole("button", { name: "Answer" }).click();
  await submit("Answer", { Answer: "No, the launch is on Friday." });

  await messagesOf("Ana Silva");
  const answered = await newest(slack.messages("Can it wait for Monday?", "is on Friday"));
  expect(await answered.innerText()).not.toContain("Not answered yet");
  await slack.shoot("approvals-answered");
});

test("the counter-offer goes on to the second approver, whose word grants it", async () => {
  const card = await newest(slack.messages("@Bo Chen asks for $300.00"));
  await card.getByRole("button", { name: "Approve other amount" }).click();
  await submit("Approve other amount", {
    "Amount in USD": "200",
    "Note to the requester": "Enough for one run.",
  });
  await newest(slack.messages("$300.00", "@Ana Silva ($200.00)"));
  await slack.shoot("approvals-first-step");

  await messagesOf("Finn Roth");
  await approve(await newest(slack.messages("@Bo Chen asks for $300.00")));
  await newest(slack.messages("Approved by @Ana Silva and @Finn Roth", "$200.00 of $300.00"));
  await slack.shoot("approvals-approved");

  await messagesOf("Bo Chen");
  const told = await newest(slack.messages("approved $200.00 of $300.00"));
  expect(await told.innerText()).toContain("Enough for one run.");
  await slack.shoot("approvals-told");
});

test("it is ended early, and the requester reads why", async () => {
  await messagesOf("Ana Silva");
  const card = await newest(slack.messages("Approved by @Ana Silva and @Finn Roth"));
  await card.getByRole("button", { name: "End early" }).click();
  await submit("End early", { Reason: "The launch has moved." });
  await newest(slack.messages("The launch has moved."));
  await slack.shoot("approvals-ended");

  await messagesOf("Bo Chen");
  const told = await newest(slack.messages("@Ana Silva ended the $200.00"));
  expect(await told.innerText()).toContain("The launch has moved.");
});

test("a request that nobody answers reaches an admin, and expires in the end", async () => {
  await slack.send("/claude-spend raise search 50 Two more days");
  await newest(slack.messages("You asked for $50.00"));
  await later(13);

  await messagesOf("Dana Kim");
  await newest(slack.messages("@Bo Chen asks for $50.00"));
  await slack.shoot("approvals-escalated");
  await later(12);
  const card = await newest(slack.messages("$50.00", "Expired"));
  await expectCount(card.getByRole("button", { name: /^Approve/ }), 0);
  await slack.shoot("approvals-expired");

  await messagesOf("Bo Chen");
  await newest(slack.messages("$50.00", "expired"));
  await slack.shoot("approvals-expired-told");
  expect(slack.complaints).toEqual([]);
});
