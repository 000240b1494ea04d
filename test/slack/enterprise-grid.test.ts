import { describe, expect, test } from "vitest";
import { ACME } from "../../src/sandbox/slack/index.ts";
import { message, section } from "../../src/slack/blocks.ts";
import type { SlackListeners } from "../../src/slack/listener.ts";
import { useDatabase } from "../support/database.ts";
import { FIRST, LABS, SECOND, useManyWorkspaces } from "../support/fake-organization.ts";
import { PEOPLE } from "../support/fake-slack.ts";

const db = useDatabase();
const GRID = { id: "E01ACMEGRID", name: "Acme Grid" };
/** In a Grid ids are the Grid's: the same person is the same user everywhere. */
const teams = [
  { ...ACME, enterprise: GRID },
  { ...ACME, slackTeamId: SECOND, name: "Acme Labs", enterprise: GRID },
];

const listeners: SlackListeners = {
  subcommands: [
    {
      name: "",
      usage: "",
      description: "",
      async run({ actor, respond }) {
        const said = `${actor.email ?? "?"} at ${actor.slackTeamId}`;
        await respond(message(said, [section(said)]));
      },
    },
  ],
};

interface Row {
  readonly id: string;
  readonly teams: readonly string[];
}

async function rows(): Promise<readonly Row[]> {
  const found = await db.pool.query<Row>(
    "select slack_installation_id as id, slack_team_ids as teams from slack_installations where revoked_at is null",
  );
  return found.rows;
}

describe("an Enterprise Grid", () => {
  const slack = useManyWorkspaces(db, listeners, { teams });

  test("installs once for all of its workspaces, and each call says which is meant", async () => {
    expect(await slack().install(GRID.id)).toMatchObject({ status: 200 });
    expect(await rows()).toEqual([{ id: GRID.id, teams: [FIRST, SECOND] }]);

    const lab = slack().organization.workspace(SECOND).as(PEOPLE.ana);
    await lab.command("/claude-spend");
    const answer = await lab.waitForMessage("#general");
    expect(answer.text).toBe(`ana@acme.test at ${SECOND}`);

    const posted = await slack().web.postMessage({
      channel: `${SECOND}/#finops`,
      text: "hello",
      blocks: [section("hello")],
      dedupeKey: "1",
    });
    expect(posted.channelId).toBe(`${SECOND}/C02FINOPS00`);
    expect(slack().organization.workspace(FIRST).messages("#finops")).toEqual([]);
    const groups = await slack().web.listUserGroups();
    expect(groups).toMatchObject([{ handle: "finops-leads" }]);
  });

  test("that got another workspace since serves it, by what Slack says of the Grid", async () => {
    await slack().install(GRID.id);
    await db.pool.query("update slack_installations set slack_team_ids = $1", [[FIRST]]);

    const lab = slack().organization.workspace(SECOND).as(PEOPLE.ana);
    await lab.command("/claude-spend");

    expect((await lab.waitForMessage("#general")).text).toBe(`ana@acme.test at ${SECOND}`);
    expect(await rows()).toEqual([{ id: GRID.id, teams: [FIRST, SECOND] }]);
  });

  test("that removes the bot loses its token for all of them", async () => {
    await slack().install(GRID.id);
    await slack().organization.uninstall(GRID.id);
    await expect.poll(rows).toEqual([]);
  });

  test("one of whose workspaces removes its own installation keeps that of the Grid", async () => {
    await slack().install(GRID.id);
    await slack().install(SECOND);
    await slack().organization.uninstall(SECOND);
    await expect.poll(rows).toEqual([{ id: GRID.id, teams: [FIRST, SECOND] }]);
  });
});

describe("a workspace outside the Grid", () => {
  const stranger = { ...LABS, slackTeamId: "T03STRANGER", name: "Strangers" };
  const slack = useManyWorkspaces(db, listeners, { teams: [...teams, stranger] });

  test("is not served by its installation", async () => {
    await slack().install(GRID.id);
    const lia = slack().organization.workspace(stranger.slackTeamId).as(PEOPLE.ana);
    await lia.command("/claude-spend");
    expect((await lia.waitForMessage("#general")).text).toMatch(/another Slack workspace/);
  });
});

describe("an app with token rotation", () => {
  const slack = useManyWorkspaces(db, listeners, { isRotating: true });

  test("is refused with what to do, and its token given back", async () => {
    const end = await slack().install(FIRST);
    expect(end).toMatchObject({ status: 403 });
    expect(end.html).toMatch(/token rotation turned on, which Claude Spend does not support/);
    expect(await rows()).toEqual([]);
    expect(slack().organization.calls().at(-1)).toMatchObject({ method: "auth.revoke" });
  });
});
