/** Forms of the set-up in one workspace, about what is in another one. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import {
  ACME,
  createFakeOrganization,
  type FakeOrganization,
} from "../../../src/sandbox/slack/index.ts";
import { makeInstallLink } from "../../../src/slack/installations/install.ts";
import { useDatabase } from "../../support/database.ts";
import {
  buttonOf,
  FIRST,
  LABS,
  MANY_MANIFEST,
  manySettings,
  SECOND,
  visitAt,
} from "../../support/fake-organization.ts";
import { PEOPLE } from "../../support/fake-slack.ts";
import { startTestProgram, type TestProgram } from "../../support/program.ts";

const DOCUMENT = `organization: { name: Acme, time_zone: UTC, finops_channel: "#finops", admins: [ lia@labs.test, ana@acme.test ] }
teams:
  labs: { name: Labs, channel: "${SECOND}/#finops", owners: [ lia@labs.test ] }
  search: { name: Search, channel: "#team-search", owners: [ ana@acme.test, lia@labs.test ], members: [ mia@acme.test ] }
`;

const db = useDatabase();
let organization: FakeOrganization;
let program: TestProgram;

beforeAll(async () => {
  organization = createFakeOrganization({
    teams: [ACME, LABS],
    manifest: MANY_MANIFEST,
    now: () => Date.now(),
  });
  await organization.listen();
  const fake = {
    credentials: { botToken: "", appToken: "", signingSecret: organization.signingSecret },
    apiUrl: organization.apiUrl,
    setRequestUrl: () => undefined,
  };
  const env = manySettings(organization);
  program = await startTestProgram({ poolConfig: db.poolConfig, fake, env });
  organization.setBotUrl(program.url);
  const clock = () => instant(Date.now());
  for (const id of [FIRST, SECOND]) {
    const { link } = await makeInstallLink({ database: db.pool, clock }, { madeBy: "test" });
    const page = await visitAt(program.url, `/slack/install?link=${link}`);
    const target = new URL(organization.allow(buttonOf(page), id));
    await visitAt(program.url, target.pathname + target.search, page.cookie);
  }
  const { status } = await program.put("/v1/governance", DOCUMENT);
  if (status !== 200) throw new Error("the document was refused");
});
afterAll(async () => {
  await program.stop();
  await organization.close();
});

type Person = ReturnType<ReturnType<FakeOrganization["workspace"]>["as"]>;
type View = NonNullable<ReturnType<Person["modal"]>>;

const lia = (): Person => organization.workspace(SECOND).as(PEOPLE.ana);

async function shows(text: string): Promise<View> {
  return await lia().waitForModal((view) => JSON.stringify(view).includes(text));
}

async function press(view: View, row: string, action: string): Promise<void> {
  const block = view.blocks.find((one) => JSON.stringify(one).includes(row));
  await lia().click(view, action, { blockId: String(block?.["block_id"]) });
}

afterEach(async () => {
  const open = lia().modal();
  if (open !== undefined) await lia().close(open, true);
});

async function document(): Promise<string> {
  const { rows } = await db.pool.query<{ content: string }>(
    `select g.content from governance_documents g order by g.version desc limit 1`,
  );
  return rows[0]?.content ?? "";
}

test("what a field can't show there stays as it is", async () => {
  await lia().command("/claude-spend setup");
  await press(await shows("of 5 steps done"), "*Teams*", "setup_list");
  await press(await shows("*Search*"), "*Search*", "setup_form");
  const form = await shows("Change team");
  expect(JSON.stringify(form)).not.toContain("initial_conversation");

  await lia().submit(form, { name: "Find" });
  const saved = await shows("Saved.");

  expect(await document()).toBe(DOCUMENT.replace("name: Search", "name: Find"));
  await press(saved, '"value":"admins"', "setup_form");
  await lia().submit(await shows("multi_users_select"), {});
  await shows("it was so already");
  expect(await document()).toContain("admins: [ lia@labs.test, ana@acme.test ]");
});

test("who approves from the other workspace stays, and nobody else has to be named", async () => {
  const before = await document();
  const rules = `approvals:
  - { up_to: "100.00", approvers: [ ana@acme.test, "slack_group:leads" ] }
  - { up_to: "500.00", approvers: [ mia@acme.test ] }
  - { approvers: [ admins ] }
`;
  expect((await program.put("/v1/governance", before + rules)).status).toBe(200);
  await lia().command("/claude-spend setup");
  const steps = await shows("of 5 steps done");
  await press(steps, '"value":"approvals"', "setup_list");
  await press(await shows("*Up to $500.00*"), "*Up to $500.00*", "setup_form");
  const form = await shows("1 more person");
  expect(JSON.stringify(form)).toContain('"value":"kept"');

  await lia().submit(form, { expires: "2d" });
  const saved = await shows("Saved.");
  expect(await document()).toMatch(/approvers: \[ mia@acme\.test \], quorum: 1, expires_in: 2d/);

  await press(saved, '"value":"approvals"', "setup_list");
  await press(await shows("*Up to $100.00*"), "*Up to $100.00*", "setup_form");
  await lia().submit(await shows("group:leads, 1 more person"), { up_to: "50" });
  await shows("Saved.");
  expect(await document()).toMatch(/"50\.00", approvers: \[.*leads.*ana@acme\.test/);
  expect((await program.put("/v1/governance", before)).status).toBe(200);
});

test("a channel of the other workspace need not be chosen anew to change something else", async () => {
  await lia().command("/claude-spend setup");
  await press(await shows("of 5 steps done"), "*Organization*", "setup_form");
  const form = await shows("Channel of finance");
  expect(JSON.stringify(form)).toContain("Left empty, it stays.");

  const before = await document();
  await lia().submit(form, { name: "Acme and Labs" });
  await shows("Saved.");

  expect(await document()).toBe(before.replace("name: Acme,", "name: Acme and Labs,"));
});

test("a channel by its name there is shown, and goes when it is taken out", async () => {
  await lia().command("/claude-spend setup");
  await press(await shows("of 5 steps done"), "*Teams*", "setup_list");
  await press(await shows("*Labs*"), "*Labs*", "setup_form");
  const form = await shows("Change team");
  const finops = ACME.channels.find(({ name }) => name === "finops");
  expect(JSON.stringify(form)).toContain(`"initial_conversation":"${finops?.id ?? ""}"`);

  await lia().submit(form, { channel: null });
  await shows("Saved.");
  expect(await document()).toContain("labs: { name: Labs, owners: [ lia@labs.test ] }");
});
