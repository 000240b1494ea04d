import { describe, expect, test } from "vitest";
import { askAgainListeners, typeForClick } from "../../src/slack/ask-again.ts";
import type { Subcommand, SubcommandContext } from "../../src/slack/listener.ts";
import { collectListeners } from "../../src/slack/registry.ts";
import { recordingWeb } from "../support/recording-web.ts";

const VERBS = [
  "",
  "ask",
  "audit",
  "budget",
  "delegate",
  "digest",
  "forecast",
  "governance",
  "help",
  "link",
  "plan",
  "raise",
  "settings",
  "setup",
  "top",
  "unallocated",
  "why",
];

function recording() {
  const ran: Pick<SubcommandContext, "text" | "byClick">[] = [];
  const subcommands: readonly Subcommand[] = VERBS.map((name) => ({
    name,
    usage: name,
    description: name,
    run: async ({ text, byClick }) => {
      ran.push({ text: `${name} ${text}`, ...(byClick === undefined ? {} : { byClick }) });
      await Promise.resolve();
    },
  }));
  const actor = { slackUserId: "U1", slackTeamId: "T1", email: undefined };
  const respond = async () => await Promise.resolve();
  const context = { actor, web: recordingWeb().web, triggerId: "t", respond };
  return { ran, subcommands, context };
}

describe("a button's command", () => {
  test.each(["ask x", "delegate bo", "governance", "link U2", "settings", "setup CODE", "SETUP"])(
    "%j does nothing: it is none that only shows",
    async (typed) => {
      const { ran, subcommands, context } = recording();
      await typeForClick(collectListeners([{ subcommands }]).subcommands, typed, context);

      expect(ran).toEqual([]);
    },
  );

  test.each([
    ["search 7d", " search 7d"],
    ["raise search 200", "raise search 200"],
    ["digest send org", "digest send org"],
    ["budget set search 5 daily", "budget set search 5 daily"],
    ["Audit search", "audit search"],
  ])("%j runs as a click, by which nothing is changed", async (typed, text) => {
    const { ran, subcommands, context } = recording();
    for (const { actionId, run } of askAgainListeners([{ subcommands }]).actions ?? []) {
      if (actionId !== "ask_again_1") continue;
      // oxlint-disable-next-line no-await-in-loop -- one of them
      await run({ ...context, value: typed, surface: "message" });
    }

    expect(ran).toEqual([{ text, byClick: true }]);
  });

  test("that opens a form opens it in the modal that the button is in", async () => {
    const opened: string[] = [];
    const web = {
      ...recordingWeb().web,
      openView: async (triggerId: string) => {
        opened.push(`new ${triggerId}`);
        return await Promise.resolve({ viewId: "V2" });
      },
      updateView: async (viewId: string) => {
        opened.push(`in ${viewId}`);
        await Promise.resolve();
      },
    };
    const subcommands: readonly Subcommand[] = [
      {
        name: "plan",
        usage: "plan",
        description: "plan",
        run: async (context) => {
          const view = { type: "modal", callback_id: "v", blocks: [] } as never;
          const { viewId } = await context.web.openView(context.triggerId, view);
          await context.web.updateView(viewId, view);
        },
      },
    ];
    const { context } = recording();
    const [listener] = askAgainListeners([{ subcommands }]).actions ?? [];
    await listener?.run({ ...context, web, value: "plan x", surface: "message", viewId: "V1" });
    await listener?.run({ ...context, web, value: "plan x", surface: "message" });

    expect(opened).toEqual(["in V1", "in V1", "new t", "in V2"]);
  });
});
