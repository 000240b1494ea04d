/** Names of people, and whose usage counts as whose. */
import type { Chapter } from "../entry.ts";
import { answer, find } from "../steps.ts";

export const PEOPLE: Chapter = {
  name: "people",
  on: "example",
  entries: [
    answer("My names", {
      who: "bo",
      typed: "link",
      builders: ["people/linksMessage"],
      listeners: ["command link"],
    }),
    answer("A name of mine", {
      who: "bo",
      typed: "link email:lee@search.acme.test",
      builders: ["people/claimAnswer"],
    }),
    answer("A name that somebody has", { who: "bo", typed: "link email:dev@acme.test" }),
    {
      name: "Is that you, too?",
      builders: ["people/claimMessage"],
      listeners: ["action identity_confirm", "action identity_decline"],
      take: async (stage) => ({
        kind: "message",
        as: "dev",
        message: await find(stage, "dev", "dm", "identity_confirm"),
      }),
    },
    {
      name: "Declined",
      builders: ["people/confirmationAnswer"],
      take: async (stage) => {
        const claim = await find(stage, "dev", "dm", "identity_confirm");
        const decline = async (): Promise<unknown> =>
          await stage.person("dev").click(claim, "identity_decline");
        return { kind: "message", as: "dev", message: await stage.see("dev", "dm", decline) };
      },
    },
  ],
};
