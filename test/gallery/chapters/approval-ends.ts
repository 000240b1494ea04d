/** What else may become of a request: withdrawn, ended early, denied, raised to others, expired. */
import { endRaises } from "../../../src/features/budgets/index.ts";
import type { Entry } from "../entry.ts";
import { answer, clicked, find, findReply, openedBy } from "../steps.ts";
import { asked, card, later, submitText } from "./approval-steps.ts";

export const ENDS: readonly Entry[] = [
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
];
