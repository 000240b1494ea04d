/**
 * What people type and what is sent in their name, through the running program: bad input gets a
 * private answer, a repeated or forged action changes nothing, and each way of asking leads to a
 * card.
 */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runningClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../../support/program.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
const clock = runningClock();
let program: TestProgram;
/** Where the answers to hand-made actions go. */
const answers: string[] = [];
const inbox = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    answers.push(body);
    response.end("ok");
  });
});
const governance = (budgets: string): string => `
organization: { name: Acme, time_zone: UTC, admins: [dana@acme.test] }
teams: { search: { name: Search, channel: "#team-search", owners: [ana@acme.test], members: [bo@acme.test] } }
budgets: [${budgets}]
approvals: [{ approvers: [team_owners], expires_in: 24h }]
`;
const BUDGET = `{ key: search, scope: "team:search", limit: "1000.00", period: yearly }`;

beforeAll(async () => {
  await new Promise<void>((resolve) => inbox.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  inbox.close();
});
afterEach(async () => {
  await program.stop();
});
beforeEach(async () => {
  answers.length = 0;
  await db.pool.query(
    `truncate approval_requests, approval_votes, budget_grants, budgets, outbox_messages,
              governance_documents, usage_events, spend_days, spend_rollups, alerts cascade`,
  );
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack(), clock });
  await program.put("/v1/governance", governance(BUDGET));
});

const TABLES = [
  "approval_requests",
  "approval_votes",
  "approval_questions",
  "approval_auto_spend",
  "budget_grants",
  "budgets",
  "audit_entries",
  "outbox_messages",
];

async function counts(): Promise<Record<string, number>> {
  const selects = TABLES.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const { rows } = await db.pool.query<Record<string, number>>(`select ${selects.join(", ")}`);
  return rows[0] ?? {};
}

const bo = () => slack().as(PEOPLE.bo);
const ana = () => slack().as(PEOPLE.ana);

async function cardOf(text = "asks for $20.00") {
  return await ana().waitForMessage("dm", (message) => message.text.includes(text));
}

/** A request of Bo's, with Ana's card about it. */
async function aRequest() {
  await bo().command("/claude-spend raise search 20 a reason");
  const card = await cardOf();
  const { rows } = await db.pool.query<{ readonly id: string }>(
    `select r.approval_request_id as id from approval_requests r`,
  );
  return { card, requestId: rows[0]?.id ?? "" };
}

/** Waits for the private answer to the one command of this test that says something new. */
async function answerTo(line: string): Promise<string> {
  const known = new Set(
    bo()
      .messages("#general")
      .map(({ ts }) => ts),
  );
  await bo().command(`/claude-spend ${line}`);
  const answer = await bo().waitForMessage("#general", ({ ts }) => !known.has(ts));
  return answer.text;
}

const BAD_COMMANDS: readonly (readonly [string, RegExp])[] = [
  ["raise search 1e9", /Enter an amount in US dollars/],
  ["raise search -5", /above \$0/],
  ["raise search 0", /above \$0/],
  ["raise search 200 EUR", /without another currency/],
  ["raise search $2OO", /Enter an amount in US dollars/],
  ["raise search 99999999999999999999", /at most \$1,000,000/],
  ["raise search -10%", /percentage above 0%/],
  ["raise search 20 until 2020-01-01", /not over yet/],
  ["raise search 20 until 2026-02-30", /Enter a date/],
  ["raise search 20 until yesterday", /Enter a date/],
  ["raise nowhere 20", /don't know “nowhere”/],
  [`raise search 20 ${"because ".repeat(625)}`, /at most 500 characters/],
];

test("bad input of a command is answered privately, and nothing is changed", async () => {
  const before = await counts();

  const said: string[] = [];
  for (const [line] of BAD_COMMANDS) said.push(await answerTo(line));

  const faults = BAD_COMMANDS.filter(([, expected], index) => !expected.test(said[index] ?? ""));
  expect(faults).toEqual([]);
  expect(slack().messages("#general")).toEqual([]);
  expect(await counts()).toEqual(before);
});

test("bad input of the form is told beside its field, and nothing is changed", async () => {
  await bo().shortcut("request_budget_raise");
  const form = await bo().waitForModal((view) => JSON.stringify(view).includes("amount"));
  const before = await counts();
  const good = { amount: "20", reason: "launch", until: "2099-01-01" };
  const bad = { ...good, until: null };

  const errors: unknown[] = [];
  for (const values of [
    { ...bad, amount: "1e9" },
    { ...bad, amount: "-5" },
    { ...bad, amount: "200 EUR" },
    { ...bad, amount: "$2OO" },
    { ...bad, until: "2020-01-01" },
    good,
  ]) {
    errors.push(await bo().submit(form, values));
  }

  expect(errors).toMatchObject([
    { error: "field_errors", errors: { amount: expect.stringContaining("US dollars") as string } },
    { error: "field_errors", errors: { amount: expect.stringContaining("above $0") as string } },
    { error: "field_errors", errors: { amount: expect.stringContaining("currency") as string } },
    { error: "field_errors", errors: { amount: expect.stringContaining("US dollars") as string } },
    { error: "field_errors", errors: { until: expect.stringContaining("not over yet") as string } },
    { error: "field_errors", errors: { until: expect.stringContaining("366 days") as string } },
  ]);
  expect(await counts()).toEqual(before);
});

/** A click as Slack would send it, made by hand. */
interface Forged {
  readonly slackUserId?: string;
  readonly slackTeamId?: string;
  readonly value: string;
  readonly ts?: string;
  readonly ageS?: number;
  readonly secret?: string;
}

/** Sends it and returns Slack's side of the answer; private answers go to the inbox. */
async function sendClick(forged: Forged): Promise<number> {
  const { slackUserId = PEOPLE.ana, slackTeamId, value, ts = "1.1", ageS = 0 } = forged;
  const { port } = inbox.address() as AddressInfo;
  const team = slackTeamId ?? (await ownTeamId());
  const payload = {
    type: "block_actions",
    team: { id: team, domain: "acme" },
    user: { id: slackUserId, name: "x", team_id: team },
    api_app_id: "A1",
    token: "t",
    trigger_id: "1.2.3",
    container: { type: "message", message_ts: ts, channel_id: ana().dm },
    channel: { id: ana().dm, name: "directmessage" },
    message: { ts, text: "", type: "message" },
    response_url: `http://127.0.0.1:${String(port)}/`,
    actions: [
      {
        type: "button",
        block_id: "b",
        action_id: "approval_approve",
        action_ts: "1.1",
        text: { type: "plain_text", text: "Approve" },
        value,
      },
    ],
  };
  const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageS);
  const secret = forged.secret ?? slack().credentials.signingSecret;
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
  return response.status;
}

async function ownTeamId(): Promise<string> {
  const response = await fetch(`${slack().apiUrl()}auth.test`, {
    method: "POST",
    headers: { authorization: `Bearer ${slack().credentials.botToken}` },
  });
  return ((await response.json()) as { readonly team_id: string }).team_id;
}

/** The one private answer to what was sent last. */
async function privateAnswer(): Promise<string> {
  await expect.poll(() => answers.length).toBeGreaterThan(0);
  return answers.splice(0).join();
}

describe("a repeated or forged action", () => {
  test("the same payload twice counts once; the second time it reads who decided", async () => {
    const { card, requestId } = await aRequest();
    expect(await sendClick({ value: requestId, ts: card.ts })).toBe(200);
    expect(await privateAnswer()).toContain('replace_original":true');
    const before = await counts();

    expect(await sendClick({ value: requestId, ts: card.ts })).toBe(200);

    const answer = await privateAnswer();
    expect(answer).toContain('"response_type":"ephemeral"');
    expect(answer).toContain("Too late: ana@acme.test approved this");
    expect(await counts()).toMatchObject({
      approval_votes: 1,
      budget_grants: 1,
      audit_entries: before["audit_entries"],
      outbox_messages: before["outbox_messages"],
    });
  });

  test.each<[string, (requestId: string) => Forged]>([
    ["older than five minutes", (value) => ({ value, ageS: 301 })],
    ["with another signature", (value) => ({ value, secret: "0".repeat(32) })],
  ])("%s is turned away before anything is looked up", async (_, forged) => {
    const { requestId } = await aRequest();
    const before = await counts();

    expect(await sendClick(forged(requestId))).toBe(401);

    expect(answers).toEqual([]);
    expect(await counts()).toEqual(before);
  });

  test.each<[string, (requestId: string) => Forged, RegExp]>([
    [
      "by a user of another workspace",
      (value) => ({ value, slackTeamId: "T0OTHER" }),
      /another Slack workspace/,
    ],
    ["by a user whom nobody knows", (value) => ({ value, slackUserId: "U0NOBODY" }), /ephemeral/],
    [
      "by its requester, on the approver's card",
      (value) => ({ value, slackUserId: PEOPLE.bo }),
      /your own request|own request/,
    ],
    [
      "by a colleague, on another message",
      (value) => ({ value, slackUserId: PEOPLE.mia, ts: "9.9" }),
      /can't decide|not an approver|approvers/,
    ],
    [
      "with a value that is no id",
      () => ({ value: "'; drop table approval_requests; --" }),
      /ephemeral/,
    ],
    [
      "with the id of nothing",
      () => ({ value: "01930000-0000-7000-8000-00000000ffff" }),
      /ephemeral/,
    ],
  ])("%s is answered privately, and nothing is changed", async (_, forged, expected) => {
    const { requestId } = await aRequest();
    const before = await counts();

    expect(await sendClick(forged(requestId))).toBe(200);

    const answer = await privateAnswer();
    expect(answer).toMatch(expected);
    expect(answer).toContain('"response_type":"ephemeral"');
    expect(answer).not.toContain("a reason");
    expect(await counts()).toEqual(before);
  });

  test("on a budget that was deleted is answered privately, and grants nothing", async () => {
    const { requestId } = await aRequest();
    await program.put("/v1/governance", governance(""));
    const before = await counts();

    expect(await sendClick({ value: requestId })).toBe(200);

    expect(await privateAnswer()).toContain("This budget was removed");
    expect(await counts()).toEqual(before);
  });
});

describe("each way of asking leads to a card", () => {
  /** Fills in the form that is open and sends it. */
  async function fillIn(person = bo()): Promise<void> {
    const form = await person.waitForModal((view) => JSON.stringify(view).includes('"amount"'));
    expect(await person.submit(form, { amount: "20", reason: "a reason" })).toMatchObject({
      ok: true,
    });
  }

  const WAYS: readonly (readonly [string, () => Promise<void>])[] = [
    [
      "the command, with a share of the limit",
      async () => {
        await bo().command("/claude-spend raise search 2% a reason");
      },
    ],
    [
      "the shortcut",
      async () => {
        await bo().shortcut("request_budget_raise");
        await fillIn();
      },
    ],
    [
      "App Home",
      async () => {
        await bo().openHome();
        const home = await bo().waitForHome((view) =>
          JSON.stringify(view).includes("budget_request_raise"),
        );
        // One beside each budget, and one that names none.
        const blockId = home.blocks
          .filter((block) => JSON.stringify(block).includes("budget_request_raise"))
          .map((block) => block.block_id)[0];
        await bo().click(home, "budget_request_raise", { blockId: blockId ?? "" });
        await fillIn();
      },
    ],
    [
      "the button of an alert",
      async () => {
        const spent = { input_tokens: 0, output_tokens: 85_000_000 };
        const occurred_at = clock().toISOString();
        const model = "claude-sonnet-5";
        await program.post([aNativeEvent({ occurred_at, model, usage: spent, team: "search" })]);
        const alert = await bo().waitForMessage("#team-search", ({ blocks }) =>
          JSON.stringify(blocks).includes("budget_request_raise"),
        );
        await bo().click(alert, "budget_request_raise");
        await fillIn();
      },
    ],
  ];

  test.each(WAYS)("%s", async (_, askFor) => {
    await askFor();

    const card = await cardOf();
    expect(card.text).toContain("bo@acme.test");
    expect(JSON.stringify(card.blocks)).toContain("a reason");
  });

  test("an owner for somebody: the card is not theirs to approve, nor the other's", async () => {
    await ana().command("/claude-spend raise search 20 for @bo a reason");

    const card = await slack()
      .as(PEOPLE.dana)
      .waitForMessage("dm", ({ text }) => text.includes("$20.00"));
    expect(JSON.stringify(card.blocks)).toContain(PEOPLE.bo);
    const { rows } = await db.pool.query(
      `select r.requester_email, r.beneficiary_email, r.asked from approval_requests r`,
    );
    expect(rows).toEqual([
      {
        requester_email: "ana@acme.test",
        beneficiary_email: "bo@acme.test",
        asked: ["dana@acme.test"],
      },
    ]);
  });
});
