/** The set-up in the running program, with the strict fake Slack on the other side. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { tellOfArrivals } from "../../../src/features/onboarding/index.ts";
import { useDatabase } from "../../support/database.ts";
import { CHANNELS, PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { MANIFEST, startTestProgram, type TestProgram } from "../../support/program.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const slack = useFakeSlack({ manifest: MANIFEST });
let program: TestProgram;

beforeEach(async () => {
  await db.pool.query(
    `truncate governance_documents, governance_file, admins, teams, team_members, projects, budgets,
              digest_rules, digests, organization_settings, setup_code, channel_checks,
              awaited_sources, sources, source_secrets, outbox_messages, audit_entries cascade`,
  );
  program = await startTestProgram({ poolConfig: db.poolConfig, fake: slack() });
});
afterEach(async () => {
  await program.stop();
});

type Person = ReturnType<ReturnType<typeof slack>["as"]>;
type View = NonNullable<ReturnType<Person["modal"]>>;

const said = (view: { readonly blocks: readonly unknown[] }): string => JSON.stringify(view.blocks);

const TITLES = new Set([
  "Add a team",
  "Change team",
  "Change rule",
  "Add a digest",
  "Add a budget",
  "Add a source",
  "Who may begin",
]);

/** Waits for the window of that title, or that says so. */
async function shows(person: Person, text: string): Promise<View> {
  return await person.waitForModal(({ title, blocks }) =>
    TITLES.has(text) ? title.text === text : JSON.stringify(blocks).includes(text),
  );
}

/** The button in the row that says so. */
async function press(
  person: Person,
  view: View,
  row: string,
  action = "setup_form",
): Promise<void> {
  const block = view.blocks.find((one) => JSON.stringify(one).includes(row));
  await person.click(view, action, { blockId: String(block?.["block_id"]) });
}

async function begin(person: Person): Promise<View> {
  await person.command("/claude-spend setup");
  await press(person, await shows(person, "of 5 steps done"), "*Organization*");
  const form = await shows(person, "Channel of finance");
  await person.submit(form, { name: "Acme", zone: "Europe/Berlin", channel: CHANNELS.finops });
  return await shows(person, "Saved.");
}

async function addTeam(person: Person, view: View, name = "Search"): Promise<View> {
  await press(person, view, "*Teams*");
  const form = await shows(person, "Add a team");
  await person.submit(form, { name, owners: [PEOPLE.ana], members: [PEOPLE.bo] });
  return await shows(person, "1 team");
}

async function governance(): Promise<{ readonly version: number; readonly content: string }> {
  const { rows } = await db.pool.query<{ version: number; content: string }>(
    `select g.version, g.content from governance_documents g order by g.version desc limit 1`,
  );
  return rows[0] ?? { version: 0, content: "" };
}

describe("the first admin", () => {
  test("is let in by the code, once, and becomes the admin with what they save", async () => {
    const { rows } = await db.pool.query<{ code: string }>(`select s.code from setup_code s`);
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend setup AAAA-AAAA-AAAA");
    await bo.waitForMessage("#general", ({ text }) => text.includes("not the code"));

    await bo.command(`/claude-spend setup ${(rows[0]?.code ?? "").toLowerCase()}`);
    await bo.close(await shows(bo, "of 5 steps done"));
    const finn = slack().as(PEOPLE.finn);
    await finn.command(`/claude-spend setup ${rows[0]?.code ?? ""}`);
    await finn.waitForMessage("#general", ({ text }) => text.includes("not the code"));
    await begin(bo);

    expect((await governance()).content).toContain("admins: [ bo@acme.test ]");
    expect((await db.pool.query(`select from setup_code`)).rowCount).toBe(0);
    const dana = slack().as(PEOPLE.dana);
    await dana.command("/claude-spend setup");
    await shows(dana, "ask bo@acme.test");
  });

  test("is nobody who merely comes by: the bare command says who can begin", async () => {
    const bo = slack().as(PEOPLE.bo);
    await bo.command("/claude-spend");
    const welcome = await bo.waitForMessage("#general", ({ text }) => text.includes("not set up"));

    await bo.click(welcome, "setup_open");
    const form = await shows(bo, "Who may begin");
    await bo.submit(form, { code: "nonsense" });
    await shows(bo, "That is not the code");
    expect((await governance()).version).toBe(0);
  });
});

describe("a form", () => {
  test("keeps what was typed where somebody was faster, and tells what they changed", async () => {
    const dana = slack().as(PEOPLE.dana);
    const steps = await addTeam(dana, await begin(dana));
    await press(dana, steps, "*Teams*", "setup_list");
    await press(dana, await shows(dana, "1 owner"), "*Search*");
    const form = await shows(dana, "Change team");
    const { content } = await governance();
    await program.put("/v1/governance", content.replace("name: Search", "name: Find"));

    await dana.submit(form, { name: "Seek" });
    const again = await shows(dana, "somebody changed the same");
    expect(said(again)).toMatch(/api.*name Search → Find/);
    expect(said(again)).toContain('"initial_value":"Seek"');
    await dana.submit(again, {});
    await shows(dana, "name Find → Seek");

    expect((await governance()).content).toContain("name: Seek");
  });

  test("names the field that can't be right, and saves nothing", async () => {
    const dana = slack().as(PEOPLE.dana);
    const steps = await begin(dana);
    await press(dana, steps, "*Budgets*");
    const form = await shows(dana, "Add a budget");

    const outcome = await dana.submit(form, { scope: "org", amount: "lots", thresholds: "80, 50" });

    const errors = "errors" in outcome ? outcome.errors : {};
    const fields = Object.keys(errors).map((id) => id.slice(id.lastIndexOf(".") + 1));
    expect(fields.toSorted()).toEqual(["amount", "thresholds"]);
    expect((await governance()).version).toBe(1);
  });

  test("says what does not fit the rest: a team that a budget is for can't go", async () => {
    const dana = slack().as(PEOPLE.dana);
    const steps = await addTeam(dana, await begin(dana));
    await press(dana, steps, "*Budgets*");
    const budget = await shows(dana, "Add a budget");
    await dana.submit(budget, { scope: "team:search", amount: "500", thresholds: "50, 80" });
    const saved = await shows(dana, "1 budget");
    await press(dana, saved, "*Teams*", "setup_list");
    await press(dana, await shows(dana, "1 owner"), "*Search*");

    await dana.click(await shows(dana, "Change team"), "setup_remove");
    expect(said(await shows(dana, "doesn't fit"))).toContain("team:search");
    expect((await governance()).content).toContain("search:");
  });

  test("of approval rules, monthly and each digests, and finance needs no file", async () => {
    const dana = slack().as(PEOPLE.dana);
    let steps = await begin(dana);
    await press(dana, steps, '"value":"approvals"', "setup_list");
    await dana.click(
      await shows(dana, "No rule yet. An owner of the team or an admin decides"),
      "setup_form",
    );
    const rule = await shows(dana, "Who approves");
    const refused = await dana.submit(rule, { up_to: "lots", quorum: "0" });
    const fields = "errors" in refused ? Object.keys(refused.errors) : [];
    expect(fields.map((id) => id.slice(id.lastIndexOf(".") + 1)).toSorted()).toEqual([
      "quorum",
      "up_to",
    ]);
    await dana.submit(rule, { up_to: "200", who: "owners", people: [PEOPLE.ana], quorum: "2" });
    steps = await shows(dana, "Approval rules: 0 → 2");

    await press(dana, steps, '"value":"approvals"', "setup_list");
    await press(dana, await shows(dana, "Up to $200.00"), "Up to $200.00");
    await dana.submit(await shows(dana, "Change rule"), { up_to: "300", quorum: "1" });
    steps = await shows(dana, "Approval rules: 2 → 2");

    await press(dana, steps, "*Digest*");
    const digest = await shows(dana, "Add a digest");
    const told = await dana.submit(digest, { scope: "each:team", channel: null, every: "month" });
    expect("errors" in told ? told.errors : {}).toEqual({});
    steps = await shows(dana, "Digest each:team");
    await press(dana, steps, '"value":"admins"', "setup_form");
    await dana.submit(await shows(dana, "Finance sees"), { finance: [PEOPLE.mia] });
    steps = await shows(dana, "finance none → mia@acme.test");
    await press(dana, steps, "*Digest*", "setup_list");
    await shows(dana, "Each team, in its own channel · every month");

    const { content } = await governance();
    expect(content).toMatch(
      /up_to: "300\.00"[^]*team_owners, ana@acme\.test[^]*- approvers: \[ admins \]/,
    );
    expect(content).toMatch(/scope: each:team[^]*every: month/);
    const { rows } = await db.pool.query<{ line: string }>(
      `select r.every || ' ' || coalesce(r.destination, 'each') as line from digest_rules r`,
    );
    expect(rows.map(({ line }) => line)).toEqual(["month each"]);
  });

  describe("of a rule", () => {
    const RULES = `approvals:
  - { up_to: "100.00", approvers: [team_owners] }
  - { up_to: "500.00", approvers: [ana@acme.test] }
  - { approvers: [admins] }
`;
    async function openRule(dana: Person, title: string, rules = RULES): Promise<View> {
      const saved = await begin(dana);
      const { content } = await governance();
      expect((await program.put("/v1/governance", content + rules)).status).toBe(200);
      await press(dana, saved, '"value":"approvals"', "setup_list");
      const list = await shows(dana, title);
      await press(dana, list, title);
      return await dana.waitForModal(({ title: { text } }) => text !== "Approvals");
    }

    test("lands on that rule, not on its neighbour, where somebody else added one before it", async () => {
      const dana = slack().as(PEOPLE.dana);
      const form = await openRule(dana, "*Up to $500.00*");
      const { content } = await governance();
      const longer = content.replace(
        "approvals:",
        'approvals:\n  - { up_to: "50.00", approvers: [admins] }',
      );
      await program.put("/v1/governance", longer);

      await dana.submit(form, { up_to: "700" });
      await dana.submit(await shows(dana, "somebody changed the same"), {});
      await shows(dana, "Saved.");

      const now = (await governance()).content;
      expect([...now.matchAll(/up_to: "(\d+)/g)].map(([, amount]) => amount)).toEqual([
        "50",
        "100",
        "700",
      ]);
    });

    test("that somebody else removed says so", async () => {
      const dana = slack().as(PEOPLE.dana);
      const form = await openRule(dana, "*Up to $500.00*");
      const { content } = await governance();
      await program.put("/v1/governance", content.replace(/.*500.00.*\n/, ""));

      await dana.submit(form, { up_to: "700" });
      await shows(dana, "somebody removed or replaced that rule");
      expect((await governance()).version).toBe(3);
    });

    test("is not removed by its place where somebody else changed the list", async () => {
      const dana = slack().as(PEOPLE.dana);
      const form = await openRule(dana, "*Up to $500.00*");
      const { content } = await governance();
      await program.put("/v1/governance", content.replace("100.00", "150.00"));

      await dana.click(form, "setup_remove");
      await shows(dana, "*Not removed:* somebody changed the same");
      expect((await governance()).content).toContain("500.00");
    });

    test("that more have to agree to than it names is refused by the name of its field", async () => {
      const dana = slack().as(PEOPLE.dana);
      const form = await openRule(dana, "*Up to $500.00*");
      await dana.submit(form, { quorum: "2" });
      const again = await shows(dana, "doesn't fit");

      expect(said(again)).toContain("How many of them have to agree: expected at most 1");
      await dana.submit(again, { quorum: "1", up_to: "100" });
      expect(said(await shows(dana, "there is a rule up to"))).toContain("choose another amount");
      expect((await governance()).version).toBe(2);
    });

    test("of several steps is the document's to change", async () => {
      const dana = slack().as(PEOPLE.dana);
      const steps = `approvals:
  - { name: chain, steps: [{ approvers: [admins] }, { approvers: [ana@acme.test] }] }
`;
      expect(said(await openRule(dana, "*chain*", steps))).toContain("several steps");
    });
  });

  test("of a digest for each team needs no channel, and uses none that it shows", async () => {
    const dana = slack().as(PEOPLE.dana);
    await press(dana, await begin(dana), "*Digest*");
    const form = await shows(dana, "Add a digest");

    await dana.submit(form, { scope: "each:team", channel: CHANNELS.finops });
    await shows(dana, "Saved.");

    expect((await governance()).content).toMatch(/scope: each:team/);
    expect((await governance()).content).not.toMatch(/digests:[^]*channel:/);
  });

  test("is the owner's for members only; the click of an owner who lost the team does nothing", async () => {
    const dana = slack().as(PEOPLE.dana);
    await addTeam(dana, await begin(dana));
    const ana = slack().as(PEOPLE.ana);
    await ana.command("/claude-spend setup");
    await press(ana, await shows(ana, "1 owner"), "*Search*");
    const form = await shows(ana, "Change team");
    expect(said(form)).not.toMatch(/"Owners"|"Projects"/);
    const { content } = await governance();
    await program.put("/v1/governance", content.replace("[ ana@", "[ mia@"));

    await ana.submit(form, { name: "Mine" });
    await shows(ana, "Not saved");
    expect((await governance()).content).not.toContain("Mine");
  });
});

test("a channel that Slack refuses is a problem with a remedy, until it is mended", async () => {
  slack().faults.add({ kind: "http_500", method: "chat.postMessage", times: 1 });
  const dana = slack().as(PEOPLE.dana);
  const steps = await begin(dana);
  expect(said(steps)).toContain("I can't post there. Slack refuses it");

  await dana.click(steps, "setup_check");
  await shows(dana, "where I can post");
  const hello = dana.messages("#finops").filter(({ text }) => text.startsWith("Hello!"));
  expect(hello).toHaveLength(1);
});

test("a source is made once, its secret works, and who asked is told of the first event", async () => {
  const dana = slack().as(PEOPLE.dana);
  const steps = await begin(dana);
  await press(dana, steps, "*Usage*");
  await dana.submit(await shows(dana, "Add a source"), { name: "checkout-api" });
  const [secret = ""] =
    /whsec_[A-Za-z0-9+/=]+/.exec(said(await shows(dana, "shown only here"))) ?? [];
  await dana.click(await shows(dana, "shown only here"), "setup_open");
  const waiting = await shows(dana, "Waiting for the first event of checkout-api");
  expect(said(waiting)).not.toContain(secret);

  await press(dana, waiting, "*Usage*");
  await dana.submit(await shows(dana, "Add a source"), { name: "checkout-api" });
  await shows(dana, "There is, or was, a source of that name");
  const told = async () =>
    await tellOfArrivals({ database: db.pool, clock: () => instant(new Date()) });
  expect(await told()).toBe(0);
  const sent = await fetch(`${program.url}/v1/usage`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(aNativeEvent({ occurred_at: new Date().toISOString() })),
  });
  expect(await sent.json()).toMatchObject({ accepted: 1 });
  expect([await told(), await told()]).toEqual([1, 0]);
  await dana.waitForMessage("dm", ({ text }) => text.includes("first usage event of checkout-api"));
});

test("the history is for admins", async () => {
  const dana = slack().as(PEOPLE.dana);
  await begin(dana);
  const bo = slack().as(PEOPLE.bo);
  await bo.command("/claude-spend governance");
  await bo.waitForMessage("#general", ({ text }) => text.includes("for admins"));
  await dana.command("/claude-spend governance");
  const history = await dana.waitForMessage("#general", ({ text }) => text.includes("Version 1"));

  expect(said(history)).toContain(`<@${PEOPLE.dana}> in Slack`);
});
