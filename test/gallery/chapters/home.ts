/** App Home of each kind of person, the windows that it opens, and preferences. */
import { tellOfRejected } from "../../../src/features/ingest/index.ts";
import type { Chapter } from "../entry.ts";
import { find, opened, openedBy } from "../steps.ts";

export const HOME: Chapter = {
  name: "home",
  on: "example",
  entries: [
    {
      name: "Home of a member",
      builders: ["home/homeView", "home/homeBlocks", "home/ownSpendBlocks", "home/teamBlocks"],
      listeners: [
        "home",
        "action home_report",
        "action preferences_open",
        "action budget_request_raise",
        "action home_show",
      ],
      take: async (stage) => {
        await stage.home("bo", ({ blocks }) => JSON.stringify(blocks).includes("this month"));
        return { kind: "home", as: "bo" };
      },
    },
    {
      name: "Home of an owner, with something to decide",
      builders: ["home/waitingBlocks"],
      docs: { file: "home.png", variant: "desktop-light" },
      take: async (stage) => {
        await stage
          .person("bo")
          .command("/claude-spend raise search monthly 70 Evaluation of a new model");
        await stage.home("ana", ({ blocks }) => JSON.stringify(blocks).includes("Waiting for"));
        return { kind: "home", as: "ana" };
      },
    },
    {
      name: "Home of whoever asked",
      builders: ["home/ownRequestBlocks"],
      listeners: ["action approval_withdraw"],
      take: async (stage) => {
        await stage.home("bo", ({ blocks }) =>
          JSON.stringify(blocks).includes("Your open requests"),
        );
        return { kind: "home", as: "bo" };
      },
    },
    {
      name: "Home of an admin",
      builders: ["home/attentionBlocks", "onboarding/setUpBlocks"],
      listeners: [
        "action setup_open",
        "action setup_form",
        "action setup_list",
        "action governance_history",
      ],
      take: async (stage) => {
        await stage.home("dana", ({ blocks }) => JSON.stringify(blocks).includes("setup_list"));
        return { kind: "home", as: "dana" };
      },
    },
    {
      name: "A report, opened from Home",
      builders: ["home/answerModal"],
      listeners: ["action home_send_report"],
      take: async (stage) => {
        const home = await stage.home("bo", ({ blocks }) =>
          JSON.stringify(blocks).includes("home_report"),
        );
        return await openedBy(stage, "bo", home, {
          actionId: "home_report",
          saying: "Send it to me",
        });
      },
    },
    {
      name: "Several requests to decide",
      listeners: ["action home_open_request"],
      take: async (stage) => {
        await stage
          .person("bo")
          .command("/claude-spend raise search monthly 75 Another evaluation");
        await stage.home("ana", ({ blocks }) =>
          JSON.stringify(blocks).includes("home_open_request"),
        );
        return { kind: "home", as: "ana" };
      },
    },
    {
      name: "Events that could not be recorded, to admins",
      builders: ["ingest/rejectedNotice"],
      take: async (stage) => {
        await stage.sendWrong();
        const { database, clock } = stage;
        await tellOfRejected({ database, clock });
        const message = await find(stage, "dana", "#finops", "could not be recorded");
        return { kind: "message", as: "dana", message };
      },
    },
    {
      name: "Events that could not be recorded, opened from Home",
      builders: ["ingest/rejectedBlocks", "home/rejectedModal"],
      take: async (stage) => {
        const home = await stage.home("dana", ({ blocks }) =>
          JSON.stringify(blocks).includes("could not be recorded"),
        );
        const block = home.blocks.find((one) => JSON.stringify(one).includes("could not be"));
        return await openedBy(stage, "dana", home, {
          actionId: "home_show",
          saying: "rejected list",
          ...(block === undefined ? {} : { blockId: block.block_id }),
        });
      },
    },
    opened("Preferences", {
      who: "bo",
      typed: "settings",
      saying: "Quiet|quiet",
      builders: ["preferences/preferencesModal"],
      listeners: ["command settings", "view preferences_view"],
      docs: { file: "preferences.png", variant: "desktop-light" },
    }),
  ],
};
