/** A raise from the question to the decision, as requester and approvers see it. */
import type { Chapter } from "../entry.ts";
import { find, findReply, openedBy } from "../steps.ts";
import { ENDS } from "./approval-ends.ts";
import { asked, card, settle, submitText } from "./approval-steps.ts";

export const APPROVALS: Chapter = {
  name: "approvals",
  on: "example",
  entries: [
    {
      name: "Card, open",
      builders: ["approvals/approvalCardMessage", "approvals/approvalCardBlocks"],
      listeners: [
        "action approval_approve",
        "action approval_other_amount",
        "action approval_ask",
        "action approval_deny",
      ],
      docs: { file: "approval.png", variant: "desktop-light" },
      take: async (stage) => {
        await settle(stage);
        const typed = "search monthly 150 until friday Re-indexing before the launch";
        const message = await asked(stage, { typed, by: "bo", of: "ana", amount: "$150.00" });
        return { kind: "message", as: "ana", message };
      },
    },
    {
      name: "What the requester is told at first",
      builders: ["approvals/askedNotice"],
      listeners: ["action approval_withdraw"],
      take: async (stage) => ({
        kind: "message",
        as: "bo",
        message: await card(stage, "bo", "I asked", "$150.00"),
      }),
    },
    {
      name: "Are you sure?",
      take: async (stage) => ({
        kind: "message",
        as: "ana",
        message: await card(stage, "ana", "asks for $150.00"),
        shows: ".dialog-confirm",
        onPage: async (page) =>
          await page
            .getByRole("article")
            .filter({ hasText: "asks for $150.00" })
            .getByRole("button", { name: "Approve", exact: true })
            .click(),
      }),
    },
    {
      name: "Ask a question",
      builders: ["approvals/askModal"],
      listeners: ["view approval_ask"],
      take: async (stage) =>
        await openedBy(stage, "ana", await card(stage, "ana", "asks for $150.00"), {
          actionId: "approval_ask",
          saying: "Question",
        }),
    },
    {
      name: "The question, to the requester",
      builders: ["approvals/questionMessage"],
      listeners: ["action approval_answer"],
      take: async (stage) => {
        await openedBy(stage, "ana", await card(stage, "ana", "asks for $150.00"), {
          actionId: "approval_ask",
          saying: "Question",
        });
        const form = stage.person("ana").modal();
        const field = form?.blocks.find(({ type }) => type === "input")?.block_id ?? "";
        if (form !== undefined) {
          await stage.person("ana").submit(form, { [field]: "Can it wait for Monday?" });
        }
        const notice = await card(stage, "bo", "I asked", "$150.00");
        return {
          kind: "message",
          as: "bo",
          message: await findReply(stage, "bo", notice, "approval_answer"),
        };
      },
    },
    {
      name: "Card with a question",
      builders: ["approvals/questionBlocks"],
      take: async (stage) => ({
        kind: "message",
        as: "ana",
        message: await card(stage, "ana", "Can it wait for Monday?"),
      }),
    },
    {
      name: "Answer",
      builders: ["approvals/answerModal"],
      listeners: ["view approval_answer"],
      take: async (stage) => {
        const question = await findReply(
          stage,
          "bo",
          await card(stage, "bo", "I asked", "$150.00"),
          "approval_answer",
        );
        return await openedBy(stage, "bo", question, {
          actionId: "approval_answer",
          saying: "Can it wait",
        });
      },
    },
    {
      name: "The answer, to whoever asked",
      builders: ["approvals/answerMessage"],
      take: async (stage) => {
        const parent = await card(stage, "bo", "I asked", "$150.00");
        const question = await findReply(stage, "bo", parent, "approval_answer");
        await openedBy(stage, "bo", question, {
          actionId: "approval_answer",
          saying: "Can it wait",
        });
        await submitText(stage, "bo", "No, the launch is on Friday.");
        const open = await card(stage, "ana", "asks for $150.00");
        const message = await findReply(stage, "ana", open, "launch is on Friday");
        return { kind: "message", as: "ana", message };
      },
    },
    {
      name: "Approve other amount",
      builders: ["approvals/otherAmountModal"],
      listeners: ["view approval_other_amount"],
      take: async (stage) =>
        await openedBy(stage, "ana", await card(stage, "ana", "asks for $150.00"), {
          actionId: "approval_other_amount",
          saying: "Amount in USD",
        }),
    },
    {
      name: "Card, approved",
      builders: ["approvals/outcomeBlocks", "approvals/noteBlocks"],
      listeners: ["action approval_revoke"],
      take: async (stage) => {
        const open = await card(stage, "ana", "asks for $150.00");
        await stage.person("ana").click(open, "approval_approve");
        return {
          kind: "message",
          as: "ana",
          message: await card(stage, "ana", "Approved by", "$150.00"),
        };
      },
    },
    {
      name: "What the requester is told of the decision",
      builders: ["approvals/outcomeNotice"],
      take: async (stage) => ({
        kind: "message",
        as: "bo",
        message: await card(stage, "bo", "approved $150.00"),
      }),
    },
    {
      name: "What the team is told",
      builders: ["budgets/raiseAppliedMessage"],
      take: async (stage) => ({
        kind: "message",
        as: "bo",
        message: await find(stage, "bo", "#team-search", "approved $150.00 more"),
      }),
    },
    {
      name: "A limit at Anthropic: the card",
      take: async (stage) => ({
        kind: "message",
        as: "ana",
        message: await card(stage, "ana", "at Anthropic", "approval_approve"),
      }),
    },
    {
      name: "A limit at Anthropic, raised",
      builders: ["limits/pushMessage"],
      take: async (stage) => {
        const open = await card(stage, "ana", "at Anthropic", "approval_approve");
        await stage.person("ana").click(open, "approval_approve");
        const message = await card(stage, "bo", /Limit at Anthropic.*done/);
        return { kind: "message", as: "bo", message };
      },
    },
    ...ENDS,
  ],
};
