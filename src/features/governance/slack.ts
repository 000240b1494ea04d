/** `/claude-spend governance`: the history of the document, for admins; looking at a version; going back. */
import type { Email } from "../../domain/email.ts";
import type { Modal } from "../../slack/blocks.ts";
import {
  type ActionListener,
  openModal,
  type SlackActor,
  type SlackListeners,
} from "../../slack/listener.ts";
import { findPerson } from "../organization/index.ts";
import {
  findGovernanceDocument,
  listGovernanceVersions,
  restoreGovernance,
} from "./flow/history.ts";
import type { GovernanceDeps } from "./flow.ts";
import {
  HISTORY_ACTION,
  type HistoryPage,
  historyMessage,
  historyModal,
  NO_EMAIL_ANSWER,
  NONE_ANSWER,
  NOT_ALLOWED_ANSWER,
  noticeModal,
  OLDER_ACTION,
  OPEN_VERSION_ACTION,
  PAGE_VERSIONS,
  RESTORE_ACTION,
  restoreText,
  versionModal,
} from "./messages/history.ts";

interface Deps extends Omit<GovernanceDeps, "channels"> {
  readonly isFileOnly: boolean;
  /** What is shown on App Homes may be another now. */
  readonly onChanged?: (people: readonly Email[]) => void;
}

export function governanceListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "governance",
        usage: "governance",
        description: "For admins: what is decided, who changed it and when, and the way back",
        run: async ({ actor, respond }) => {
          if (actor.email === undefined) return await respond(NO_EMAIL_ANSWER);
          if (!(await isAdmin(deps, actor))) return await respond(NOT_ALLOWED_ANSWER);
          const page = await loadPage(deps, undefined);
          return await respond(page === undefined ? NONE_ANSWER : historyMessage(page));
        },
      },
    ],
    actions: [
      modalAction(deps, HISTORY_ACTION, async () => await pageModal(deps, undefined)),
      modalAction(
        deps,
        OLDER_ACTION,
        async (_actor, value) => await pageModal(deps, numberIn(value)),
      ),
      modalAction(deps, OPEN_VERSION_ACTION, async (_actor, value) => {
        const current = await findGovernanceDocument(deps);
        const version = await findGovernanceDocument(deps, numberIn(value) ?? 0);
        return version === undefined || current === undefined
          ? noticeModal("There is no such version.")
          : versionModal({ version, current: current.version });
      }),
      {
        actionId: RESTORE_ACTION,
        run: async ({ actor, web, value, viewId, triggerId }) => {
          const [version, seen] = value.split(" ").map(numberIn);
          const fill = async (): Promise<Modal> => {
            if (actor.email === undefined) return noticeModal(NO_EMAIL_ANSWER.text);
            const outcome = await restoreGovernance(
              { ...deps, channels: web },
              {
                version: version ?? 0,
                seen: seen ?? 0,
                actorEmail: actor.email,
                isFileOnly: deps.isFileOnly,
              },
            );
            if (outcome.kind === "applied") deps.onChanged?.([actor.email]);
            return noticeModal(restoreText(outcome));
          };
          await (viewId === undefined
            ? openModal({ web, triggerId }, noticeModal("One moment…"), fill)
            : web.updateView(viewId, await fill()));
        },
      },
    ],
  };
}

/** A button that shows something to admins, in its own window or in a new one. */
function modalAction(
  deps: Deps,
  actionId: string,
  next: (actor: SlackActor, value: string) => Promise<Modal>,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, web, value, viewId, triggerId }) => {
      const fill = async (): Promise<Modal> =>
        (await isAdmin(deps, actor))
          ? await next(actor, value)
          : noticeModal(NOT_ALLOWED_ANSWER.text);
      await (viewId === undefined
        ? openModal({ web, triggerId }, noticeModal("One moment…"), fill)
        : web.updateView(viewId, await fill()));
    },
  };
}

async function isAdmin(deps: Deps, { email }: SlackActor): Promise<boolean> {
  return email !== undefined && (await findPerson(deps, email)).isAdmin;
}

async function pageModal(deps: Deps, before: number | undefined): Promise<Modal> {
  const page = await loadPage(deps, before);
  return page === undefined ? noticeModal(NONE_ANSWER.text) : historyModal(page);
}

async function loadPage(deps: Deps, before: number | undefined): Promise<HistoryPage | undefined> {
  const page = await listGovernanceVersions(deps, { before, limit: PAGE_VERSIONS });
  const newest = before === undefined ? page.versions[0] : await findGovernanceDocument(deps);
  return newest === undefined ? undefined : { ...page, current: newest.version };
}

function numberIn(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
