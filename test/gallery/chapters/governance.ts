/** What is decided, who changed it, and what belongs to nobody. */
import type { BlockJson } from "../../../src/sandbox/slack/protocol.ts";
import type { Chapter } from "../entry.ts";
import { answer, openedBy, says } from "../steps.ts";

function blockOf(blocks: readonly BlockJson[], saying: string): string {
  return blocks.find((one) => JSON.stringify(one).includes(saying))?.block_id ?? "";
}

export const GOVERNANCE: Chapter = {
  name: "governance",
  on: "example",
  entries: [
    answer("History", {
      who: "dana",
      typed: "governance",
      builders: ["governance/historyMessage"],
      listeners: ["command governance", "action governance_version"],
    }),
    {
      name: "A version",
      builders: ["governance/versionModal"],
      take: async (stage) => {
        const { message } = await stage.ask("dana", "/claude-spend governance");
        return await openedBy(stage, "dana", message, {
          actionId: "governance_version",
          saying: "organization",
          blockId: blockOf(message.blocks, "governance_version"),
        });
      },
    },
    {
      name: "History, opened from Home",
      builders: ["governance/historyModal"],
      take: async (stage) => {
        const home = await stage.home("dana", ({ blocks }) =>
          JSON.stringify(blocks).includes("governance_history"),
        );
        return await openedBy(stage, "dana", home, {
          actionId: "governance_history",
          saying: "Governance · version",
        });
      },
    },
    {
      name: "An older version",
      listeners: ["action governance_restore"],
      take: async (stage) => {
        // What another chapter had archived: a document that names such a channel is refused.
        stage.fake.faults.add({ kind: "unarchive", channel: "#team-support" });
        await stage.amend('limit: "130.00"', 'limit: "140.00"');
        const { message } = await stage.ask("dana", "/claude-spend governance");
        return await openedBy(stage, "dana", message, {
          actionId: "governance_version",
          saying: "Go back to this version",
          blockId: blockOf(message.blocks, "*1*"),
        });
      },
    },
    {
      name: "Gone back",
      builders: ["governance/noticeModal"],
      take: async (stage) => {
        const { message } = await stage.ask("dana", "/claude-spend governance");
        await openedBy(stage, "dana", message, {
          actionId: "governance_version",
          saying: "Go back to this version",
          blockId: blockOf(message.blocks, "*1*"),
        });
        const version = stage.person("dana").modal();
        if (version === undefined) throw new Error("no version is open");
        return await openedBy(stage, "dana", version, {
          actionId: "governance_restore",
          saying: "in force",
        });
      },
    },
    answer("Unallocated", {
      who: "dana",
      typed: "unallocated",
      builders: ["owners/unallocatedMessage"],
      listeners: ["command unallocated"],
    }),
    {
      name: "Audit",
      builders: ["audit/auditPageMessage"],
      listeners: ["command audit", "action audit_older"],
      take: async (stage) => {
        const shown = await stage.ask("dana", "/claude-spend audit");
        if (says(shown.message, "audit_older")) return shown;
        // No other chapter came before: as much as one page holds has to happen first.
        for (const limit of ["131", "132", "133", "134", "135", "136", "137", "138"]) {
          // oxlint-disable-next-line no-await-in-loop -- one version comes after the other
          await stage.amend('limit: "130.00"', `limit: "${limit}.00"`);
        }
        return await stage.ask("dana", "/claude-spend audit");
      },
    },
    answer("Audit of duties", {
      who: "dana",
      typed: "audit duties",
      builders: ["audit/dutiesMessage"],
    }),
    answer("Audit of what there is not", {
      who: "dana",
      typed: "audit team:nowhere",
      builders: ["organization/scopeRefusalMessage"],
    }),
    answer("Audit, for a member", {
      who: "bo",
      typed: "audit org",
      builders: ["audit/notAllowedAnswer"],
    }),
    answer("Governance, for somebody else", { who: "bo", typed: "governance" }),
  ],
};
