/** Preferences in Slack: `/claude-spend settings`, the button on App Home, and the form behind both. */
import { AppError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/time.ts";
import {
  openModal,
  type SlackActor,
  type SlackListeners,
  type ViewListener,
} from "../../slack/listener.ts";
import type { SlackWeb } from "../../slack/web.ts";
import type { Database } from "../../store/database.ts";
import { loadOwnPreferences, saveOwnPreferences } from "./flow.ts";
import {
  loadingModal,
  PREFERENCES_ACTION,
  PREFERENCES_VIEW,
  preferencesModal,
  unknownPersonModal,
} from "./messages.ts";
import { preferencesFrom, preferencesProblems } from "./rules.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** The button of Homes that were published before there was one form for everything. */
const FORMER_ACTION = "alert_settings";

export function preferencesListeners(deps: Deps): SlackListeners {
  const run = async (context: Opening): Promise<void> => {
    await openPreferences(deps, context);
  };
  return {
    subcommands: [
      {
        name: "settings",
        usage: "settings",
        description: "Which messages reach you, your digest, quiet hours and time zone",
        run,
      },
    ],
    actions: [PREFERENCES_ACTION, FORMER_ACTION].map((actionId) => ({ actionId, run })),
    views: [preferencesView(deps)],
  };
}

interface Opening {
  readonly actor: SlackActor;
  readonly web: SlackWeb;
  readonly triggerId: string;
}

async function openPreferences(deps: Deps, context: Opening): Promise<void> {
  await openModal(context, loadingModal(), async () => {
    const { email } = context.actor;
    return email === undefined
      ? unknownPersonModal()
      : preferencesModal(await loadOwnPreferences(deps.database, email));
  });
}

function preferencesView(deps: Deps): ViewListener {
  return {
    callbackId: PREFERENCES_VIEW,
    validate: preferencesProblems,
    run: async ({ actor: { email }, values }) => {
      if (email === undefined) {
        throw new AppError({
          code: "forbidden",
          message: "Slack doesn't tell me your e-mail address, so I can't know who you are.",
        });
      }
      await saveOwnPreferences(deps, email, preferencesFrom(values));
    },
  };
}
