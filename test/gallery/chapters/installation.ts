/** The pages by which a workspace gets the bot, where several may. */
import type { Chapter, Entry } from "../entry.ts";
import { FIRST, SECOND, type Several } from "../stage/several.ts";

/** A page, as it comes. */
function page(
  name: string,
  visit: (several: Several) => Promise<{ readonly html: string }>,
): Entry {
  return {
    name,
    take: async ({ several }) => {
      if (several === undefined) throw new Error("here nobody installs anything");
      return { kind: "web-page", html: (await visit(several)).html };
    },
  };
}

export const INSTALLATION: Chapter = {
  name: "installation",
  on: "several",
  entries: [
    page(
      "A link",
      async ({ newLink, visit }) => await visit(`/slack/install?link=${await newLink()}`),
    ),
    page("Without a link", async ({ visit }) => await visit("/slack/install")),
    page("Declined at Slack", async ({ install }) => await install(undefined)),
    page(
      "Another workspace than the link is for",
      async ({ install, newLink }) => await install(SECOND, await newLink(FIRST)),
    ),
    page("The first workspace", async ({ install }) => await install(FIRST)),
    page("Another workspace", async ({ install }) => await install(SECOND)),
    page("A link that was used", async ({ install, newLink, visit }) => {
      const link = await newLink();
      await install(SECOND, link);
      return await visit(`/slack/install?link=${link}`);
    }),
    page(
      "Begun elsewhere, or too long ago",
      async ({ visit }) => await visit("/slack/oauth_redirect?code=1&state=2"),
    ),
  ],
};
