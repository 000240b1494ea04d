/** Digests: a look at each, and what its buttons show. */
import type { Chapter } from "../entry.ts";
import { answer, clicked, find } from "../steps.ts";

const DIGEST = ["digests/digestMessage", "digests/digestBlocks", "digests/digestChart"];

export const DIGESTS: Chapter = {
  name: "digests",
  on: "example",
  entries: [
    answer("Preview of the organization's day", {
      who: "dana",
      typed: "digest org day",
      builders: ["digests/previewMessage"],
      listeners: ["command digest", "action digest_send"],
    }),
    {
      name: "Day of the organization",
      builders: [...DIGEST, "digests/decisionButtons"],
      listeners: ["action digest_report", "action digest_unallocated", "action digest_requests"],
      docs: { file: "digest.png", variant: "desktop-light" },
      take: async (stage) => {
        const send = async (): Promise<unknown> =>
          await stage.person("dana").command("/claude-spend digest send org day", "#general");
        const message = await stage.see("dana", "#finops", send, ({ text }) => /on \w+/.test(text));
        return { kind: "message", as: "dana", message };
      },
    },
    answer("Posted already", {
      who: "dana",
      typed: "digest send org day",
      builders: ["digests/sendAnswer"],
    }),
    answer("Week of the organization", { who: "dana", typed: "digest org week" }),
    answer("Month of the organization", { who: "dana", typed: "digest org month" }),
    answer("Day of a team", { who: "ana", typed: "digest search day" }),
    answer("Week of a team", { who: "ana", typed: "digest search week" }),
    answer("Month of a team", { who: "ana", typed: "digest search month" }),
    answer("Day of a person", { who: "bo", typed: "digest me day" }),
    answer("Week of a person", { who: "bo", typed: "digest me week" }),
    answer("Month of a person", { who: "bo", typed: "digest me month" }),
    {
      name: "Open requests, by its button",
      builders: ["digests/requestsMessage"],
      listeners: ["action approval_approve"],
      take: async (stage) => {
        await stage.person("dev").command("/claude-spend raise platform 80 A second pipeline");
        await find(stage, "mia", "dm", "asks for $80.00");
        const digest = await find(stage, "mia", "#finops", "digest_requests");
        return await clicked(stage, "mia", digest, {
          actionId: "digest_requests",
          fits: /for you/,
        });
      },
    },
    {
      name: "What belongs to nobody, by its button",
      take: async (stage) => {
        const digest = await find(stage, "dana", "#finops", "digest_unallocated");
        return await clicked(stage, "dana", digest, {
          actionId: "digest_unallocated",
          fits: /unallocated|no team/i,
        });
      },
    },
  ],
};
