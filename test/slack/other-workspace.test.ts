import { pino } from "pino";
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { createWorkplace } from "../../src/slack/work.ts";
import { oneWorkspace } from "../../src/slack/workspaces.ts";
import { recordingWeb } from "../support/recording-web.ts";

test.each([
  ["T1", 1, []],
  ["T2", 0, ["This bot serves another Slack workspace than yours, so nothing was changed."]],
])("of people of %s %d may do something", async (slackTeamId, runs, answers) => {
  const told: string[] = [];
  let count = 0;
  const workplace = createWorkplace({
    directory: {
      noteUse: async () => {
        await Promise.resolve();
      },
      loadSlackUser: async (slackUserId) =>
        await Promise.resolve({
          slackUserId,
          email: undefined,
          displayName: "",
          timeZone: undefined,
        }),
    },
    clock: () => instant("2026-11-23T10:00:00Z"),
    log: pino({ level: "silent" }),
    workspaces: oneWorkspace(recordingWeb().web, () => "T1"),
  });

  await workplace.run({
    name: "action approval_approve",
    slackUserId: "U1",
    slackTeamId,
    installedAt: { slackTeamId: "T1" },
    run: async () => {
      count += 1;
      await Promise.resolve();
    },
    tell: async ({ text }) => {
      told.push(text);
      await Promise.resolve();
    },
  });

  expect(count).toBe(runs);
  expect(told).toEqual(answers);
});
