/** A raise from the question to its end, as requester and approvers see it. */
import { HOUR_MS } from "../../../src/domain/time.ts";
import {
  escalateApprovals,
  expireApprovals,
  remindApprovers,
} from "../../../src/features/approvals/index.ts";
import { endRaises } from "../../../src/features/budgets/index.ts";
import type { ShownMessage } from "../../../src/sandbox/slack/protocol.ts";
import type { Chapter } from "../entry.ts";
import type { Handle, Stage } from "../stage.ts";
import { answer, clicked, find, findReply, openedBy, says } from "../steps.ts";

const card = async (
  stage: Stage,
  who: Handle,
  ...saying: readonly (string | RegExp)[]
): Promise<ShownMessage> => await find(stage, who, "dm", ...saying);

async function later(stage: Stage, hours: number): Promise<void> {
  stage.later(hours * HOUR_MS);
  const deps = { database: stage.database, clock: stage.clock };
  await expireApprovals(deps);
  await escalateApprovals(deps);
  await remindApprovers(deps);
}

/** Nobody has more than a few requests open: those of other chapters are decided first. */
async function settle(stage: Stage): Promise<void> {
  const ana = stage.person("ana");
  const open = ana.messages("dm").filter((one) => says(one, "Search", "approval_approve"));
  for (const one of open) {
    // oxlint-disable-next-line no-await-in-loop -- as a person clicks
    await ana.click(one, "approval_approve");
  }
}

/** Asks, and waits until the card is with whoever decides. */
async function asked(
  stage: Stage,
  ask: {
    readonly typed: string;
    readonly by: Handle;
    readonly of: Handle;
    readonly amount: string;
  },
): Promise<ShownMessage> {
  await stage.person(ask.by).command(`/claude-spend raise ${ask.typed}`);
  return await card(stage, ask.of, `asks for ${ask.amount}`, "approval_approve");
}

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
            .getByRole("button", { name: /^Approve/ })
            .first()
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
        const message = await card(stage, "bo", /Limit at Anthropic|Request of Anthropic/);
        return { kind: "message", as: "bo", message };
      },
    },
    {
      name: "Withdrawn",
      builders: ["approvals/decisionAnswer"],
      take: async (stage) => {
        const typed = "search monthly 60 Clean-up";
        await asked(stage, { typed, by: "bo", of: "ana", amount: "$60.00" });
        const notice = await card(stage, "bo", "I asked", "$60.00");
        return await clicked(stage, "bo", notice, { actionId: "approval_withdraw" });
      },
    },
    {
      name: "End early",
      builders: ["approvals/revokeModal"],
      listeners: ["view approval_revoke"],
      take: async (stage) =>
        await openedBy(stage, "ana", await card(stage, "ana", "Approved by", "$150.00"), {
          actionId: "approval_revoke",
          saying: "Reason",
        }),
    },
    {
      name: "Card, ended early",
      take: async (stage) => {
        await openedBy(stage, "ana", await card(stage, "ana", "Approved by", "$150.00"), {
          actionId: "approval_revoke",
          saying: "Reason",
        });
        await submitText(stage, "ana", "The launch has moved.");
        return {
          kind: "message",
          as: "ana",
          message: await card(stage, "ana", "The launch has moved.", "$150.00"),
        };
      },
    },
    {
      name: "What the team is told of an early end",
      builders: ["budgets/raiseRevokedMessage"],
      take: async (stage) => ({
        kind: "message",
        as: "bo",
        message: await find(stage, "bo", "#team-search", "the raise of $150.00 early"),
      }),
    },
    {
      name: "Deny",
      builders: ["approvals/denyModal"],
      listeners: ["view approval_deny"],
      take: async (stage) => {
        const typed = "search monthly 90 Just in case";
        const open = await asked(stage, { typed, by: "bo", of: "ana", amount: "$90.00" });
        return await openedBy(stage, "ana", open, { actionId: "approval_deny", saying: "Reason" });
      },
    },
    {
      name: "Card, denied",
      take: async (stage) => {
        const open = await card(stage, "ana", "asks for $90.00");
        await openedBy(stage, "ana", open, { actionId: "approval_deny", saying: "Reason" });
        await submitText(stage, "ana", "Come back with a plan.");
        const message = await card(stage, "ana", "Denied by", "$90.00");
        return { kind: "message", as: "ana", message };
      },
    },
    {
      name: "Card of two approvals, after a counter-offer",
      take: async (stage) => {
        const typed = "search monthly 500 Load test of the new ranking";
        const open = await asked(stage, { typed, by: "bo", of: "finn", amount: "$500.00" });
        await openedBy(stage, "finn", open, {
          actionId: "approval_other_amount",
          saying: "Amount in USD",
        });
        const form = stage.person("finn").modal();
        if (form !== undefined) await stage.person("finn").submit(form, { amount: "300" });
        const message = await card(stage, "finn", "1 of 2 approved", "$300.00");
        return { kind: "message", as: "finn", message };
      },
    },
    answer("A delegate", {
      who: "ana",
      typed: "delegate @dana until friday",
      builders: ["approvals/delegationAnswer"],
      listeners: ["command delegate"],
    }),
    {
      name: "What the delegate is told",
      builders: ["approvals/delegateNotice"],
      take: async (stage) => ({
        kind: "message",
        as: "dana",
        message: await card(stage, "dana", /decide .* place|out of office|delegat/i),
      }),
    },
    answer("A delegate, typed wrongly", {
      who: "ana",
      typed: "delegate somebody",
      builders: ["approvals/delegationUsageAnswer"],
    }),
    {
      name: "A reminder",
      builders: ["approvals/reminderMessage"],
      take: async (stage) => {
        const typed = "search monthly 55 Two more days";
        const open = await asked(stage, { typed, by: "bo", of: "ana", amount: "$55.00" });
        await later(stage, 13);
        return {
          kind: "message",
          as: "ana",
          message: await findReply(stage, "ana", open, "still waits"),
        };
      },
    },
    {
      name: "Card, escalated",
      take: async (stage) => ({
        kind: "message",
        as: "dana",
        message: await card(stage, "dana", "asks for $55.00"),
      }),
    },
    {
      name: "Card, expired",
      take: async (stage) => {
        await later(stage, 12);
        return {
          kind: "message",
          as: "ana",
          message: await card(stage, "ana", "Expired", "$55.00"),
        };
      },
    },
    {
      name: "What the requester is told when nobody decides",
      take: async (stage) => ({
        kind: "message",
        as: "bo",
        message: await card(stage, "bo", /expired/i, "$55.00"),
      }),
    },
    {
      name: "What the team is told when a raise ends",
      builders: ["budgets/raiseEndedMessage"],
      take: async (stage) => {
        const typed = "search monthly 65 until tomorrow One more run";
        const open = await asked(stage, { typed, by: "bo", of: "ana", amount: "$65.00" });
        await stage.person("ana").click(open, "approval_approve");
        await card(stage, "ana", "Approved by", "$65.00");
        await later(stage, 48);
        await endRaises({ database: stage.database, clock: stage.clock });
        const message = await find(stage, "bo", "#team-search", "$65.00", "has ended");
        return { kind: "message", as: "bo", message };
      },
    },
  ],
};

async function submitText(stage: Stage, who: Handle, text: string): Promise<void> {
  const form = stage.person(who).modal();
  const field = form?.blocks.find(({ type }) => type === "input")?.block_id ?? "";
  if (form !== undefined) await stage.person(who).submit(form, { [field]: text });
}
