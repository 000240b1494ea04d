/**
 * App Home as Slack opens it, and its buttons. What they show is asked of the commands that answer the
 * same, so that nobody learns more here than there; who asks is looked up at every click.
 */
import { assert } from "../../domain/assert.ts";
import type { SlackMessage } from "../../slack/blocks.ts";
import {
  type ActionListener,
  openModal,
  type SlackListeners,
  type Subcommand,
} from "../../slack/listener.ts";
import { UNKNOWN_PERSON_ADVICE } from "../../slack/unknown-person.ts";
import { loadRejected } from "./flow/load-rejected.ts";
import type { HomeDeps } from "./flow/publish-home.ts";
import { openRequest, showHome } from "./flow/show-home.ts";
import {
  answerModal,
  loadingModal,
  NOTHING_TO_SHOW,
  rejectedModal,
  SEND_REPORT_ACTION,
  saidModal,
  unknownPersonHome,
} from "./messages/page.ts";
import { REPORT_ACTION } from "./messages/spend.ts";
import { OPEN_REQUEST_ACTION, SHOW_ACTION } from "./messages/waiting.ts";

export interface HomeSlackDeps extends HomeDeps {
  /** Every command there is, by name: buttons stand for some of them. */
  readonly commands: () => ReadonlyMap<string, Subcommand>;
}

export function homeListeners(deps: HomeSlackDeps): SlackListeners {
  return {
    home: {
      run: async ({ actor, web }) => {
        const { email, slackUserId, slackTeamId } = actor;
        if (email === undefined) {
          await web.publishHome(slackUserId, unknownPersonHome());
          return;
        }
        await showHome({ ...deps, web }, { email, slackUserId, slackTeamId });
      },
    },
    actions: [openListener(deps), showListener(deps), reportListener(deps), sendListener(deps)],
  };
}

function openListener(deps: HomeSlackDeps): ActionListener {
  return {
    actionId: OPEN_REQUEST_ACTION,
    run: async ({ actor, web, value }) => {
      const { email, slackUserId, slackTeamId } = actor;
      if (email === undefined) return;
      await openRequest({ ...deps, web }, { email, slackUserId, slackTeamId }, value);
    },
  };
}

type Context = Parameters<ActionListener["run"]>[0];

function reportListener(deps: HomeSlackDeps): ActionListener {
  return {
    actionId: REPORT_ACTION,
    run: async (context) => {
      const { value } = context;
      await openModal(context, loadingModal("Report"), async () =>
        answerModal("Report", await answerOf(deps, context, { name: "", text: value }), value),
      );
    },
  };
}

function sendListener(deps: HomeSlackDeps): ActionListener {
  return {
    actionId: SEND_REPORT_ACTION,
    run: async (context) => {
      const { value, viewId, web, respond } = context;
      // A modal has nothing to answer to: the answer is a direct message.
      await respond(await answerOf(deps, context, { name: "", text: value }));
      if (viewId === undefined) return;
      await web.updateView(viewId, saidModal("Report", "It is in your messages with me."));
    },
  };
}

function showListener(deps: HomeSlackDeps): ActionListener {
  return {
    actionId: SHOW_ACTION,
    run: async (context) => {
      const title = TITLES[context.value] ?? "Claude Spend";
      await openModal(context, loadingModal(title), async () => {
        const { email } = context.actor;
        if (email === undefined) return saidModal(title, UNKNOWN_PERSON_ADVICE);
        if (context.value === "rejected")
          return rejectedModal(title, await loadRejected(deps, email));
        const name = context.value === "unallocated" ? "unallocated" : "help";
        return answerModal(title, await answerOf(deps, context, { name, text: "" }));
      });
    },
  };
}

const TITLES: Readonly<Record<string, string>> = {
  unallocated: "Unallocated spend",
  rejected: "Could not be recorded",
  help: "Help",
};

/** What a command answers this person; the last thing, where it answers more than once. */
async function answerOf(
  { commands }: HomeSlackDeps,
  { actor, web, triggerId }: Context,
  asked: { readonly name: string; readonly text: string },
): Promise<SlackMessage> {
  const answers: SlackMessage[] = [];
  const command = commands().get(asked.name);
  assert(command !== undefined, `there is a command "${asked.name}"`);
  await command.run({
    actor,
    web,
    triggerId,
    text: asked.text,
    respond: async (answer) => {
      answers.push(answer);
      await Promise.resolve();
    },
  });
  return answers.at(-1) ?? NOTHING_TO_SHOW;
}
