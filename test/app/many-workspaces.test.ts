/** The whole program for two workspaces: its routes, its commands, its messages. */
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { ACME, createFakeOrganization } from "../../src/sandbox/slack/index.ts";
import { makeInstallLink } from "../../src/slack/installations/install.ts";
import { useDatabase } from "../support/database.ts";
import {
  buttonOf,
  FIRST,
  LABS,
  MANY_MANIFEST,
  manySettings,
  SECOND,
  visitAt,
} from "../support/fake-organization.ts";
import { PEOPLE } from "../support/fake-slack.ts";
import { startTestProgram } from "../support/program.ts";

const db = useDatabase();
const clock = () => instant(Date.now());

test("installs two workspaces, answers in both, and posts to each by its own token", async () => {
  const organization = createFakeOrganization({
    teams: [ACME, LABS],
    manifest: MANY_MANIFEST,
    now: () => Date.now(),
  });
  await organization.listen();
  const program = await startTestProgram({
    poolConfig: db.poolConfig,
    fake: {
      credentials: { botToken: "", appToken: "", signingSecret: organization.signingSecret },
      apiUrl: organization.apiUrl,
      setRequestUrl: () => undefined,
    },
    env: manySettings(organization),
  });
  try {
    organization.setBotUrl(program.url);
    for (const id of [FIRST, SECOND]) {
      const { link } = await makeInstallLink({ database: db.pool, clock }, { madeBy: "test" });
      const page = await visitAt(program.url, `/slack/install?link=${link}`);
      const target = new URL(organization.allow(buttonOf(page), id));
      const end = await visitAt(program.url, target.pathname + target.search, page.cookie);
      expect([id, end.status]).toEqual([id, 200]);
    }
    const applied = await program.put(
      "/v1/governance",
      `organization: { name: Acme, time_zone: UTC, finops_channel: "${SECOND}/#finops", admins: [lia@labs.test] }
teams:
  search: { name: Search, channel: "#team-search", owners: [ana@acme.test] }
`,
    );
    expect(applied).toMatchObject({ status: 200 });

    for (const [id, email] of [
      [FIRST, "ana@acme.test"],
      [SECOND, "lia@labs.test"],
    ] as const) {
      const person = organization.workspace(id).as(PEOPLE.ana);
      await person.command("/claude-spend help");
      await person.waitForMessage("#general");
      await person.openHome();
      await person.waitForHome();
      await expect
        .poll(async () => {
          const { rows } = await db.pool.query<{ email: string }>(
            "select email from slack_users where slack_user_id = $1",
            [`${id}/${PEOPLE.ana}`],
          );
          return rows[0]?.email;
        })
        .toBe(email);
    }
    const foreign = organization
      .calls()
      .filter(({ token = "", slackTeamId = "" }) => token !== "" && !token.includes(slackTeamId));
    expect(foreign).toEqual([]);
  } finally {
    await program.stop();
    await organization.close();
  }
});
