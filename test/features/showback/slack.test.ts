import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { showbackListeners } from "../../../src/features/showback/index.ts";
import { listUnitCosts } from "../../../src/features/unit-costs/index.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import type { SlackActor } from "../../../src/slack/listener.ts";
import { acme, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { messageProblems } from "../../support/shown.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";
const [command] =
  showbackListeners({
    get database() {
      return db.pool;
    },
    clock: fixedClock(NOW),
    unitCosts: listUnitCosts,
    directory: {
      resolveMentions: async (text) =>
        await Promise.resolve(text.replace(/<@UBO(\|[^>]*)?>/, "bo@acme.test")),
    },
  }).subcommands ?? [];

beforeAll(async () => {
  await acme(db.pool);
  const of = { userEmail: emailFrom("bo@acme.test") };
  await spend(db.pool, { amount: usd(25.5), at: NOW, of });
});

async function type(text: string, email?: string): Promise<SlackMessage> {
  const answers: SlackMessage[] = [];
  const actor: SlackActor = {
    slackUserId: "U1",
    slackTeamId: "T1",
    email: email === undefined ? undefined : emailFrom(email),
  };
  await command?.run({
    actor,
    text,
    triggerId: "trigger",
    web: recordingWeb().web,
    respond: async (message) => {
      answers.push(message);
      await Promise.resolve();
    },
  });
  expect(answers).toHaveLength(1);
  return answers[0] ?? { text: "", blocks: [] };
}

describe("/claude-spend", () => {
  test.each([
    ["alone shows one's own spend", "", "bo@acme.test", "You spent $25.50 this month."],
    ["of a team reports on it", "search 7d", "bo@acme.test", "Search: $25.50, last 7 days."],
    ["of a mentioned person", "<@UBO|bo> today", "ana@acme.test", "bo@acme.test: $25.50, today."],
    ["of what one may not see", "org", "bo@acme.test", "You may not see “org”."],
    ["of what there is not", "nothing", "bo@acme.test", "I don't know “nothing”."],
    ["by somebody without an address", "search", undefined, "I can't tell who you are"],
  ])("%s", async (_name, text, email, expected) => {
    const answer = await type(text, email);

    expect(answer.text).toContain(expected);
    expect(messageProblems(answer)).toEqual([]);
  });
});
