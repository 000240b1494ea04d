import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { auditListeners } from "../../../src/features/audit/slack.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { shownLines } from "../../support/shown.ts";

const db = useDatabase();
const DANA = "dana@acme.test";
const ANA = "ana@acme.test";
const BO = "bo@acme.test";

beforeAll(async () => {
  await db.pool.query(`
    insert into organization_settings (name, time_zone, week_starts_on)
    values ('Acme', 'UTC', 'monday');
    insert into admins (email) values ('dana@acme.test');
    insert into teams (team_key, name) values ('search', 'Search'), ('support', 'Support'),
      ('seerch', 'Seerch');
    insert into team_members (team_key, email, role) values
      ('search', 'ana@acme.test', 'owner'), ('search', 'bo@acme.test', 'member')`);
});

/** What `/claude-spend audit` answers, and the commands of its buttons. */
async function answerTo(text: string, by: string | undefined) {
  const answers: SlackMessage[] = [];
  const listeners = auditListeners({
    database: db.pool,
    clock: fixedClock("2026-11-23T18:00:00Z"),
    directory: { resolveMentions: async (typed) => await Promise.resolve(typed) },
  });
  await listeners.subcommands?.[0]?.run({
    actor: {
      slackUserId: "U1",
      slackTeamId: "T1",
      email: by === undefined ? undefined : emailFrom(by),
    },
    web: recordingWeb().web,
    text,
    triggerId: "T",
    respond: async (message) => {
      answers.push(message);
      await Promise.resolve();
    },
  });
  const [answer] = answers;
  if (answer === undefined) throw new Error("expected an answer");
  const commands = [...JSON.stringify(answer.blocks).matchAll(/"value":"([^"]*)"/g)];
  return { ...answer, commands: commands.map(([, command]) => command) };
}

describe("/claude-spend audit", () => {
  test.each([
    ["an admin", "suport", DANA, "audit support"],
    ["an owner", "serach", ANA, "audit search"],
  ])("asks %s again who mistyped a team, by a button", async (_, typed, by, command) => {
    const { text, commands, blocks } = await answerTo(typed, by);

    expect(text).toMatch(/^I don't know “\w+”\. Did you mean \w+\?$/);
    expect(commands).toEqual([command]);
    expect(shownLines(blocks)[0]).toContain(`\`/claude-spend ${command}\``);
  });

  test("tells an owner of a team that is not theirs what it tells of one that is not there", async () => {
    const [hidden, absent] = await Promise.all([answerTo("seerch", ANA), answerTo("saerch", ANA)]);

    expect(hidden.commands).toEqual(["audit search"]);
    expect(hidden.text).toBe(absent.text.replace("saerch", "seerch"));
  });

  test("tells nothing of times, which it has none of", async () => {
    const { blocks } = await answerTo("all that happened lately", DANA);
    expect(shownLines(blocks)[0]).not.toContain("7d");
  });

  test("offers an owner their teams, and whoever owns none no example that leads nowhere", async () => {
    const ofAna = await answerTo("support", ANA);
    expect(ofAna.text).toContain("for example `/claude-spend audit search`");
    expect(ofAna.commands).toEqual(["audit search"]);

    const ofBo = await answerTo("serach", BO);
    expect(ofBo.text).toMatch(/owners read what concerns their own teams\.$/);
    expect(ofBo.commands).toEqual([]);
  });

  test("answers who asks for a team that is there", async () => {
    expect((await answerTo("Search", ANA)).text).toContain("Nothing is recorded about team:search");
    expect((await answerTo("", undefined)).text).toContain("Slack doesn't tell me");
  });
});
