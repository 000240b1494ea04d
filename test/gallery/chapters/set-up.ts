/** A workspace in which nothing is set up: from the first word to the last step, by the first admin. */
import { tellOfArrivals } from "../../../src/features/onboarding/index.ts";
import type { Chapter } from "../entry.ts";
import { answer, find, openedBy } from "../steps.ts";
import { form, formOf, hub, opened, send } from "./set-up-steps.ts";

const FINOPS = "C02FINOPS00";

export const SET_UP: Chapter = {
  name: "set-up",
  on: "new",
  entries: [
    answer("The first word", {
      who: "bo",
      typed: "",
      builders: ["onboarding/welcomeMessage"],
      listeners: ["action setup_open"],
    }),
    {
      name: "Who may begin",
      builders: ["onboarding/codeForm"],
      listeners: ["view setup_code"],
      take: async (stage) => {
        const { message } = await stage.ask("bo", "/claude-spend");
        return await openedBy(stage, "bo", message, { actionId: "setup_open", saying: "Code" });
      },
    },
    answer("A wrong code", { who: "bo", typed: "setup AAAA-AAAA-AAAA" }),
    {
      name: "Home of the first admin",
      take: async (stage) => {
        await stage.home("dana", ({ blocks }) =>
          JSON.stringify(blocks).includes("so you can begin"),
        );
        return { kind: "home", as: "dana" };
      },
    },
    {
      name: "Home of somebody else before",
      take: async (stage) => {
        await stage.home("bo");
        return { kind: "home", as: "bo" };
      },
    },
    {
      name: "Steps",
      builders: ["onboarding/hubModal"],
      listeners: ["command setup"],
      docs: { file: "set-up.png", variant: "desktop-light" },
      take: async (stage) => {
        await hub(stage);
        return { kind: "modal", as: "dana" };
      },
    },
    {
      name: "Organization",
      builders: ["onboarding/organizationForm", "onboarding/requiredChannel"],
      listeners: ["view setup_organization"],
      take: async (stage) => await form(stage, "*Organization*", "Channel of finance"),
    },
    {
      name: "Organization, saved",
      builders: ["onboarding/savedNote"],
      listeners: ["action setup_form"],
      take: async (stage) => {
        await form(stage, "*Organization*", "Channel of finance");
        return await send(
          stage,
          { name: "Acme", zone: "Europe/Berlin", channel: FINOPS },
          "where I can post",
        );
      },
    },
    {
      name: "Hello in the channel of finance",
      builders: ["onboarding/helloMessage"],
      take: async (stage) => ({
        kind: "message",
        as: "dana",
        message: await find(stage, "dana", "#finops", /hello/i),
      }),
    },
    {
      name: "Add a team",
      builders: [
        "onboarding/teamForm",
        "onboarding/form",
        "onboarding/text",
        "onboarding/channel",
        "onboarding/people",
      ],
      listeners: ["view setup_team"],
      take: async (stage) => await form(stage, "*Teams*", "Projects"),
    },
    {
      name: "Team, saved",
      take: async (stage) => {
        await form(stage, "*Teams*", "Projects");
        const owners = [stage.person("ana").userId];
        const members = [stage.person("bo").userId];
        return await send(stage, { name: "Search", owners, members }, "1 team");
      },
    },
    {
      name: "Teams",
      builders: ["onboarding/listModal"],
      listeners: ["view setup_find"],
      take: async (stage) => await form(stage, "*Teams*", "1 owner", "setup_list"),
    },
    {
      name: "Change a team",
      builders: ["onboarding/removal"],
      listeners: ["action setup_remove"],
      take: async (stage) => {
        await form(stage, "*Teams*", "1 owner", "setup_list");
        return await formOf(stage, opened(stage), { row: "*Search*", saying: "Remove" });
      },
    },
    {
      name: "Add a budget",
      builders: ["onboarding/budgetForm", "onboarding/choice"],
      listeners: ["view setup_budget"],
      take: async (stage) => await form(stage, "*Budgets*", "Limit in USD"),
    },
    {
      name: "Budget, saved",
      take: async (stage) => {
        await form(stage, "*Budgets*", "Limit in USD");
        return await send(
          stage,
          { scope: "team:search", amount: "500", thresholds: "50, 80, 100" },
          "1 budget",
        );
      },
    },
    {
      name: "Add a source",
      builders: ["onboarding/sourceForm"],
      listeners: ["view setup_source"],
      take: async (stage) => await form(stage, "*Usage*", "Name"),
    },
    {
      name: "The secret, once",
      builders: ["onboarding/secretModal"],
      take: async (stage) => {
        await form(stage, "*Usage*", "Name");
        return await send(stage, { name: "checkout-api" }, "whsec_");
      },
    },
    {
      name: "Waiting for the first event",
      listeners: ["action setup_check"],
      take: async (stage) => {
        await hub(stage);
        return { kind: "modal", as: "dana" };
      },
    },
    {
      name: "The first event has come",
      builders: ["onboarding/arrivedMessage"],
      take: async (stage) => {
        await form(stage, "*Usage*", "Name");
        const shown = await send(stage, { name: "nightly-jobs" }, "whsec_");
        const text = JSON.stringify(stage.person(shown.as).modal()?.blocks);
        const [secret = ""] = /whsec_[A-Za-z0-9+/=]+/.exec(text) ?? [];
        await stage.sendFirst(secret);
        const { database, clock } = stage;
        await tellOfArrivals({ database, clock });
        return {
          kind: "message",
          as: "dana",
          message: await find(stage, "dana", "dm", "nightly-jobs"),
        };
      },
    },
    {
      name: "Admins",
      builders: ["onboarding/adminsForm"],
      listeners: ["view setup_admins"],
      take: async (stage) => await form(stage, '"value":"admins"', "Finance sees everything"),
    },
    {
      name: "Approvals, before there are rules",
      take: async (stage) => await form(stage, '"value":"approvals"', "No rule yet", "setup_list"),
    },
    {
      name: "Add a rule",
      builders: ["onboarding/approvalForm"],
      docs: { file: "rule.png", variant: "desktop-light" },
      listeners: ["view setup_approval"],
      take: async (stage) => {
        await form(stage, '"value":"approvals"', "No rule yet", "setup_list");
        return await formOf(stage, opened(stage), {
          row: "Add a rule",
          saying: "How many of them",
        });
      },
    },
    {
      name: "Rule, saved",
      take: async (stage) => {
        await form(stage, '"value":"approvals"', "No rule yet", "setup_list");
        await formOf(stage, opened(stage), { row: "Add a rule", saying: "How many of them" });
        return await send(stage, { up_to: "200", who: "owners" }, "Saved");
      },
    },
    {
      name: "Change a rule",
      take: async (stage) => {
        await form(stage, '"value":"approvals"', "Add a rule", "setup_list");
        return await formOf(stage, opened(stage), { row: "*Up to $200", saying: "Remove" });
      },
    },
    {
      name: "Add a digest",
      builders: ["onboarding/digestForm"],
      docs: { file: "digest-form.png", variant: "desktop-light" },
      listeners: ["view setup_digest"],
      take: async (stage) => await form(stage, "*Digest*", "About"),
    },
    {
      name: "Settings",
      listeners: ["action setup_list"],
      take: async (stage) => {
        await form(stage, "*Digest*", "About");
        await send(stage, { at: "08:30" }, "next");
        return { kind: "modal", as: "dana" };
      },
    },
    {
      name: "A monthly digest for each team",
      take: async (stage) => {
        await form(stage, "*Digest*", "Add a digest", "setup_list");
        await formOf(stage, opened(stage), { row: "Add a digest", saying: "About" });
        const values = { scope: "each:team", channel: "", every: "month", day: "1", at: "09:00" };
        return await send(stage, values, "2 digests");
      },
    },
    {
      name: "Digests",
      take: async (stage) => await form(stage, "*Digest*", "Add a digest", "setup_list"),
    },
    {
      name: "Not for somebody else",
      builders: ["onboarding/noticeModal"],
      take: async (stage) => {
        const act = async (): Promise<unknown> =>
          await stage.person("bo").command("/claude-spend setup");
        await stage.window("bo", act, /ask|admin/i);
        return { kind: "modal", as: "bo" };
      },
    },
    answer("A question in plain words, without a key", {
      who: "dana",
      typed: "ask What did Search spend last month?",
    }),
    {
      name: "Home of an admin on the way",
      take: async (stage) => {
        await stage.home("dana");
        return { kind: "home", as: "dana" };
      },
    },
  ],
};
