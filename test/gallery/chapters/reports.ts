/** Reports: what was spent, by whom and on what, and what leads on from there. */
import type { Chapter } from "../entry.ts";
import { answer, clicked } from "../steps.ts";

const REPORT = ["showback/reportMessage", "showback/controlsOf", "showback/raiseButton"];

export const REPORTS: Chapter = {
  name: "reports",
  on: "example",
  entries: [
    answer("My spend", {
      who: "bo",
      typed: "",
      builders: ["showback/ownSpendMessage", "showback/ownSpendBlocks"],
      listeners: ["command "],
    }),
    answer("A team", {
      who: "ana",
      typed: "search",
      builders: REPORT,
      listeners: ["action ask_again_drill", "action ask_again_period", "action report_share"],
      docs: { file: "report.png", variant: "desktop-light" },
    }),
    answer("A team, for a member", { who: "bo", typed: "search last-month" }),
    answer("By model", { who: "ana", typed: "search by model" }),
    answer("By person", { who: "ana", typed: "search 30d by person" }),
    answer("A person", { who: "dana", typed: "bo@acme.test 30d" }),
    answer("A project, exactly", { who: "ana", typed: "project:ranking 30d exact" }),
    answer("A model", { who: "dana", typed: "model:claude-opus-5-5" }),
    answer("The organization", { who: "dana", typed: "org" }),
    answer("A span with nothing in it", { who: "dana", typed: "support 2025-01" }),
    {
      name: "Drilled down and another time",
      take: async (stage) => {
        const report = await stage.ask("ana", "/claude-spend search", "#finops");
        return await clicked(stage, "ana", report.message, {
          actionId: "ask_again_period",
          value: "search last-month",
          fits: /Last month|October/,
        });
      },
    },
    {
      name: "Shared with the channel",
      builders: ["showback/sharedReportMessage"],
      take: async (stage) => {
        const { message } = await stage.ask("ana", "/claude-spend search 7d", "#team-search");
        return await clicked(stage, "ana", message, {
          actionId: "report_share",
          fits: /shared/i,
        });
      },
    },
    {
      name: "What whoever shared is told",
      builders: ["showback/sharedMessage"],
      take: async (stage) => {
        const { message } = await stage.ask("ana", "/claude-spend search", "#team-search");
        const person = stage.person("ana");
        return {
          kind: "message",
          as: "ana",
          message: await stage.see(
            "ana",
            "#team-search",
            async () => await person.click(message, "report_share"),
            ({ isEphemeral }) => isEphemeral,
          ),
        };
      },
    },
    {
      name: "Nobody else reads there",
      builders: ["showback/noChannelMessage"],
      take: async (stage) => {
        const { message } = await stage.ask("ana", "/claude-spend search", "dm");
        return await clicked(stage, "ana", message, { actionId: "report_share" });
      },
    },
    answer("Top of a team", {
      who: "ana",
      typed: "top search",
      builders: ["showback/topMessage"],
      listeners: ["command top"],
    }),
    answer("Top models", { who: "dana", typed: "top models 30d" }),
    answer("Why", {
      who: "ana",
      typed: "why search",
      builders: ["insights/whyMessage"],
      listeners: ["command why"],
    }),
    answer("A question in plain words", {
      who: "bo",
      typed: "ask What did Search spend last month?",
      builders: ["insights/answerMessage"],
      listeners: ["command ask"],
    }),
    answer("A question for what costs most", {
      who: "ana",
      typed: "ask Which model costs Search most?",
    }),
    answer("A question that numbers don't answer", {
      who: "bo",
      typed: "ask Will it rain tomorrow?",
    }),
    answer("A question while Claude is away", { who: "bo", typed: "ask Who are you?" }),
    answer("Forecast", {
      who: "ana",
      typed: "forecast search",
      builders: ["budgets/forecastAnswer"],
      listeners: ["command forecast"],
    }),
    answer("A typo", {
      who: "bo",
      typed: "serach",
      builders: ["organization/scopeRefusalMessage"],
      listeners: ["action ask_again_1"],
    }),
    answer("Not for one's eyes", { who: "bo", typed: "support" }),
    answer("People are private", {
      who: "bo",
      typed: "top users search",
      builders: ["showback/peopleArePrivateMessage"],
    }),
    answer("Help", {
      who: "bo",
      typed: "help",
      builders: ["slack/helpMessage"],
      listeners: [
        "command help",
        "action ask_again_1",
        "action ask_again_2",
        "action ask_again_3",
        "action ask_again_4",
        "action ask_again_5",
      ],
    }),
  ],
};
