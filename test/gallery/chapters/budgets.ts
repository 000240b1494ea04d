/** Budgets, and what people are told when they change one. */
import type { Chapter } from "../entry.ts";
import { answer, clicked, opened } from "../steps.ts";

export const BUDGETS: Chapter = {
  name: "budgets",
  on: "example",
  entries: [
    answer("My budgets", {
      who: "bo",
      typed: "budget",
      builders: ["budgets/budgetListMessage"],
      listeners: ["command budget"],
    }),
    answer("Budgets of a team", { who: "ana", typed: "budget search" }),
    answer("Budgets of a time that is over", {
      who: "ana",
      typed: "budget search last-month",
      builders: ["budgets/askedPeriodBlocks"],
    }),
    answer("Set by hand", {
      who: "dana",
      typed: "budget set project:triage 300 monthly",
      builders: ["budgets/setBudgetAnswer", "budgets/answer"],
    }),
    answer("Set, without an amount", {
      who: "dana",
      typed: "budget set support",
      builders: ["budgets/setCommandAnswer"],
    }),
    answer("Set, for a scope that there is not", {
      who: "dana",
      typed: "budget set supprt 300 monthly",
      builders: ["organization/scopeRefusalMessage"],
    }),
    {
      name: "Not set by a click",
      builders: ["budgets/setByClickAnswer"],
      take: async (stage) => {
        const { message } = await stage.ask("dana", "/claude-spend budget set supprt 300 monthly");
        return await clicked(stage, "dana", message, {
          actionId: "ask_again_1",
          fits: /Nothing is set by a click/,
        });
      },
    },
    opened("Request a raise", {
      who: "ana",
      typed: "raise search",
      saying: "How much more",
      builders: ["budgets/raiseModal"],
      listeners: ["command raise", "view budget_raise"],
      docs: { file: "raise.png", variant: "desktop-light" },
    }),
    {
      name: "Request a raise, with mistakes",
      listeners: ["shortcut request_budget_raise"],
      take: async (stage) => {
        await stage.window(
          "bo",
          async () => await stage.person("bo").shortcut("request_budget_raise"),
          "How much more",
        );
        return {
          kind: "modal",
          as: "bo",
          onPage: async (page) => {
            const form = page.getByRole("dialog");
            await form.getByLabel("How much more").fill("a lot");
            await form.getByLabel("What it is for").fill("Re-indexing before the launch");
            await form.getByRole("button", { name: "Send request" }).click();
            await form.locator("[role=alert]:not(:empty)").first().waitFor();
          },
        };
      },
    },
    opened("Request a raise of what is not mine", {
      who: "bo",
      typed: "raise support",
      saying: "You may not see",
    }),
    answer("A raise of no amount", {
      who: "bo",
      typed: "raise search 5000%",
      builders: ["budgets/raiseAmountAnswer"],
    }),
    answer("A raise, asked for", {
      who: "dev",
      typed: "raise platform 40 until friday Load test of the pipelines",
      builders: ["budgets/raiseAnswer"],
    }),
    {
      name: "Nothing to raise",
      builders: ["budgets/raiseInfoModal"],
      take: async (stage) => {
        const act = async (): Promise<unknown> =>
          await stage.person("bo").command("/claude-spend raise ranking");
        await stage.window("bo", act, "no budget for");
        return { kind: "modal", as: "bo" };
      },
    },
  ],
};
