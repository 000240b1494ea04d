/**
 * Requests that only somebody with the signing secret could make by hand: values of buttons, forms
 * and workspaces that nobody was shown. Whatever they say, authority is that of who sends them.
 */
import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ACME, createFakeSlack, type FakeSlack } from "../../src/sandbox/slack/index.ts";
import { useDatabase } from "../support/database.ts";
import { CHANNELS, PATIENCE_MS, PEOPLE } from "../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../support/program.ts";

const FIRST_DOCUMENT = `organization: { name: Acme, time_zone: UTC, admins: [dana@acme.test, bo@acme.test] }
`;
const DOCUMENT = `organization: { name: Acme, time_zone: UTC, finops_channel: "#finops", admins: [dana@acme.test] }
teams:
  labs: { name: Hidden Labs, owners: [cleo@acme.test], projects: [secret-project] }
  search: { name: Search, owners: [ana@acme.test], members: [bo@acme.test], projects: [checkout] }
budgets:
  - { key: labs-budget, scope: team:labs, limit: "777.77", period: monthly, thresholds: [80] }
  - { key: hidden-budget, scope: project:secret-project, limit: "777.77", period: monthly, thresholds: [80] }
  - { key: checkout-budget, scope: project:checkout, limit: "333.33", period: monthly, thresholds: [80] }
digests:
  - { channel: "#finops", scope: org, every: day, at: "09:00" }
`;
const SECRETS = /777|Hidden|hidden-|secret-project|dana@acme\.test, bo/;

const db = useDatabase();
const answers: string[] = [];
let program: TestProgram;
let inbox: Server;
let fake: FakeSlack;
const slack = (): FakeSlack => fake;

beforeAll(async () => {
  inbox = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      answers.push(body);
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => inbox.listen(0, "127.0.0.1", resolve));
  // All of what follows is refused, so that nothing has to be made anew between.
  const startedAt = Date.now();
  fake = createFakeSlack({
    manifest: MANIFEST,
    now: () => startedAt,
    dispatchTimeoutMs: PATIENCE_MS,
  });
  await fake.listen();
  program = await startTestProgram({ poolConfig: db.poolConfig, fake });
  for (const document of [FIRST_DOCUMENT, DOCUMENT]) {
    const { status, body } = await program.put("/v1/governance", document);
    if (status !== 200) throw new Error(JSON.stringify(body));
  }
});
afterAll(async () => {
  await program.stop();
  await fake.close();
  inbox.closeAllConnections();
  await new Promise((resolve) => inbox.close(resolve));
});

beforeEach(() => {
  answers.length = 0;
});

afterEach(async () => {
  for (const id of [PEOPLE.ana, PEOPLE.bo]) {
    const open = slack().as(id).modal();
    if (open !== undefined) await slack().as(id).close(open, true);
  }
});

interface Sender {
  readonly slackUserId: string;
  readonly slackTeamId?: string;
}

async function send({ slackUserId, slackTeamId }: Sender, payload: object): Promise<void> {
  const team = slackTeamId ?? ACME.slackTeamId;
  const whole = {
    team: { id: team, domain: "acme" },
    user: { id: slackUserId, name: "x", team_id: team },
    api_app_id: "A1",
    token: "t",
    trigger_id: "1.2.3",
    ...payload,
  };
  const body = `payload=${encodeURIComponent(JSON.stringify(whole))}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const secret = slack().credentials.signingSecret;
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  const response = await fetch(`${program.url}/slack/events`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
  });
  expect(response.status).toBe(200);
}

function click(actionId: string, value: string, viewId?: string): object {
  const { port } = inbox.address() as AddressInfo;
  const place =
    viewId === undefined
      ? {
          container: { type: "message", message_ts: "1.1", channel_id: CHANNELS.general },
          channel: { id: CHANNELS.general, name: "general" },
          message: { ts: "1.1", text: "", type: "message" },
          response_url: `http://127.0.0.1:${String(port)}/`,
        }
      : { container: { type: "view", view_id: viewId }, view: { id: viewId, type: "modal" } };
  const text = { type: "plain_text", text: "x" };
  const action = {
    type: "button",
    block_id: "b",
    action_id: actionId,
    action_ts: "1",
    text,
    value,
  };
  return { type: "block_actions", ...place, actions: [action] };
}

/** `fields`: what was typed, by field. */
function submission(
  of: { readonly callbackId: string; readonly privateMetadata: string; readonly viewId: string },
  fields: Readonly<Record<string, object>>,
): object {
  const values: Record<string, object> = {};
  for (const [field, value] of Object.entries(fields)) {
    values[`${of.callbackId} ${of.privateMetadata}.${field}`] = { [field]: value };
  }
  return {
    type: "view_submission",
    view: {
      id: of.viewId,
      type: "modal",
      callback_id: of.callbackId,
      private_metadata: of.privateMetadata,
      state: { values },
      blocks: [],
    },
  };
}

const typed = (value: string) => ({ type: "plain_text_input", value });
const people = (...ids: string[]) => ({ type: "multi_users_select", selected_users: ids });
const option = (value: string) => ({ type: "static_select", selected_option: { value } });
const conversation = (id: string) => ({
  type: "conversations_select",
  selected_conversation: id,
});

const asPerson = (id: string) => slack().as(id);

/** Their own window, which a hand-made request may name. */
async function openWindow(id: string): Promise<{ readonly id: string }> {
  const person = asPerson(id);
  await person.command("/claude-spend setup");
  return await person.waitForModal(({ blocks }) => !JSON.stringify(blocks).includes("moment"));
}

async function newVersions(): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(
    `select (max(g.version) - 2)::integer as count from governance_documents g`,
  );
  return rows[0]?.count ?? -1;
}

async function nothingHappened(): Promise<void> {
  expect(await newVersions()).toBe(0);
  const { rows } = await db.pool.query(
    `select o.dedupe_key from outbox_messages o where o.destination not like 'person:%'
      union all
     select a.action from audit_entries a where a.actor in ('ana@acme.test', 'bo@acme.test')`,
  );
  expect(rows).toEqual([]);
}

const ANA = { slackUserId: PEOPLE.ana };
const BO = { slackUserId: PEOPLE.bo };

test.each([
  ["a budget of another team", "budget:hidden-budget"],
  ["a budget that is for admins", "budget:labs-budget"],
  ["the admins", "admins:x"],
  ["the organization", "organization:x"],
  ["a source", "source:x"],
  ["a digest", "digest:0"],
  ["another team", "team:labs"],
])("an owner who asks for the form of %s is told that it is for admins", async (_name, value) => {
  const window = await openWindow(PEOPLE.ana);

  await send(ANA, click("setup_form", value, window.id));

  const shown = await asPerson(PEOPLE.ana).waitForModal(({ blocks }) =>
    JSON.stringify(blocks).includes("for admins"),
  );
  expect(JSON.stringify(shown)).not.toMatch(SECRETS);
});

test("a form is judged by who sends it, whatever it says that it was opened for", async () => {
  const window = await openWindow(PEOPLE.ana);
  const forms: readonly (readonly [string, string, Readonly<Record<string, object>>])[] = [
    // Her own team, with fields that an owner's form does not have, from a version that had others.
    [
      "setup_team",
      "2 search",
      { name: typed("Search"), owners: people(PEOPLE.ana, PEOPLE.bo), projects: typed("checkout") },
    ],
    ["setup_team", "1 search", { name: typed("Mine"), members: people(PEOPLE.ana) }],
    ["setup_team", "2 labs", { name: typed("Mine"), members: people(PEOPLE.ana) }],
    ["setup_team", "2", { name: typed("New"), owners: people(PEOPLE.ana) }],
    ["setup_admins", "2", { admins: people(PEOPLE.ana) }],
    ["setup_admins", "1", { admins: people(PEOPLE.ana) }],
    ["setup_admins", "0", { admins: people(PEOPLE.ana) }],
    [
      "setup_organization",
      "0",
      { name: typed("Mine"), zone: typed("UTC"), channel: conversation(CHANNELS.general) },
    ],
    [
      "setup_budget",
      "2 labs-budget",
      { scope: option("project:checkout"), amount: typed("9"), period: option("monthly") },
    ],
    ["setup_budget", "2", { scope: option("org"), amount: typed("9"), period: option("monthly") }],
    [
      "setup_digest",
      "2",
      { channel: conversation(CHANNELS.general), scope: option("org"), at: typed("09:00") },
    ],
    ["setup_source", "2 1", { name: typed("mine"), trust: option("yes") }],
  ];
  for (const [callbackId, privateMetadata, fields] of forms) {
    await send(ANA, submission({ callbackId, privateMetadata, viewId: window.id }, fields));
    const shown = await asPerson(PEOPLE.ana).waitForModal(
      ({ title, blocks }) => title.text !== "Teams" && !JSON.stringify(blocks).includes("Saving…"),
    );
    expect([callbackId, JSON.stringify(shown)]).not.toEqual([
      callbackId,
      expect.stringMatching(SECRETS),
    ]);
    await send(ANA, click("setup_list", "teams", window.id));
    await asPerson(PEOPLE.ana).waitForModal(({ title }) => title.text === "Teams");
  }
  await nothingHappened();
  const { rows } = await db.pool.query(`select from sources where source = 'mine'`);
  expect(rows).toEqual([]);
});

test.each([
  ["governance_restore", "1 2"],
  ["setup_remove", "2 budget:labs-budget"],
  ["setup_remove", "2 team:search"],
  ["report_share", "org"],
  ["report_share", "team:labs"],
  ["report_share", "team:search by person"],
  ["digest_send", "org day"],
  ["digest_send", "team:labs week"],
  ["digest_report", "org 7d"],
  ["digest_report", "setup"],
  ["digest_unallocated", "raise team:search 500"],
  ["digest_rejected", ""],
  ["digest_drift", ""],
  ["ask_again_1", "org"],
  ["ask_again_1", "top people team:labs"],
  ["ask_again_1", "raise team:search 500"],
  ["ask_again_1", "setup"],
  ["ask_again_drill", "digest send org"],
  ["ask_again_period", "budget set team:labs 5"],
])(
  "a click on %s for “%s” by somebody who may not shows and changes nothing",
  async (id, value) => {
    const inWindow = /^(?:setup|governance)/.test(id) ? await openWindow(PEOPLE.bo) : undefined;
    await send(BO, click(id, value, inWindow?.id));
    // Whatever it did is done when what was sent next is answered.
    const before = asPerson(PEOPLE.bo).messages("#general").length;
    await asPerson(PEOPLE.bo).command("/claude-spend team:search");
    await expect
      .poll(() => asPerson(PEOPLE.bo).messages("#general").length)
      .toBeGreaterThan(before);

    await nothingHappened();
    const window = asPerson(PEOPLE.bo).modal();
    const shown = answers.join() + JSON.stringify(window?.blocks ?? []);
    // It may say back what was asked.
    expect(shown.replaceAll("team:labs", "")).not.toMatch(SECRETS);
  },
);

test("an admin's id in another workspace is nobody's here", async () => {
  const stranger = { slackUserId: PEOPLE.dana, slackTeamId: "T99STRANGER" };
  await send(stranger, click("governance_restore", "1 2"));
  await send(stranger, click("report_share", "org"));

  await expect.poll(() => answers.length).toBe(2);
  expect(answers.join()).toMatch(/another Slack workspace/);
  expect(await newVersions()).toBe(0);
  const { rows } = await db.pool.query(
    `select o.dedupe_key from outbox_messages o where o.destination not like 'person:%'`,
  );
  expect(rows).toEqual([]);
});
