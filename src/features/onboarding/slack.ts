/**
 * The set-up in Slack: `/claude-spend setup`, its window, and the buttons on App Home. A window
 * opens at once and is filled then; from then on everything happens inside it.
 */
import type { Email } from "../../domain/email.ts";
import { AppError } from "../../domain/errors.ts";
import type { Block, Modal } from "../../slack/blocks.ts";
import {
  type ActionListener,
  openModal,
  type SlackActor,
  type SlackListeners,
  type ViewListener,
  type ViewValues,
} from "../../slack/listener.ts";
import type { SlackWeb } from "../../slack/web.ts";
import { submitSource } from "./flow/add-source.ts";
import type { SetUpDeps, Visitor } from "./flow/deps.ts";
import { typeCode } from "./flow/first-admin.ts";
import { openForm, openHub, openList } from "./flow/open-form.ts";
import { findStanding, listAdmins, loadHomeSetUp, loadSetUp } from "./flow/progress.ts";
import { recheckChannels } from "./flow/say-hello.ts";
import { type EditForm, removePart, submitForm } from "./flow/submit.ts";
import { loadingModal, NO_EMAIL, noticeModal, WRONG_CODE } from "./messages/answers.ts";
import { fieldOf, parseOrigin } from "./messages/fields.ts";
import { codeForm } from "./messages/forms.ts";
import { setUpBlocks, welcomeMessage } from "./messages/home.ts";
import { listNameOf } from "./messages/list.ts";
import {
  ADMINS_VIEW,
  APPROVAL_VIEW,
  BUDGET_VIEW,
  CHECK_ACTION,
  CODE_VIEW,
  DIGEST_VIEW,
  FIND_VIEW,
  FORM_ACTION,
  LIST_ACTION,
  OPEN_ACTION,
  ORGANIZATION_VIEW,
  REMOVE_ACTION,
  SOURCE_VIEW,
  TEAM_VIEW,
} from "./messages/names.ts";
import {
  approvalProblems,
  budgetProblems,
  codeProblems,
  digestProblems,
  type FormProblems,
  type FormValues,
  organizationProblems,
  sourceProblems,
  teamProblems,
} from "./rules/forms.ts";

export function onboardingListeners(deps: SetUpDeps): SlackListeners {
  return {
    subcommands: [
      {
        name: "setup",
        usage: "setup",
        description: "For admins: organization, teams, budgets, sources and digests, step by step",
        run: async ({ actor, web, text, triggerId, respond }) => {
          const visitor = visitorOf(actor, web);
          if (visitor === undefined) {
            await respond(NO_EMAIL);
            return;
          }
          const { email } = visitor;
          if (text !== "" && !(await typeCode(deps, { email, typed: text }))) {
            const { admins } = await loadSetUp(deps);
            if (admins.length === 0) {
              await respond(WRONG_CODE);
              return;
            }
          }
          await show({ web, triggerId }, async () => await openHub(deps, visitor));
        },
      },
    ],
    actions: windowActions(deps),
    views: windowForms(deps),
  };
}

function windowActions(deps: SetUpDeps): readonly ActionListener[] {
  return [
    windowAction(deps, OPEN_ACTION, async (visitor) => await openHub(deps, visitor)),
    windowAction(deps, FORM_ACTION, async (visitor, value) => await openForm(deps, visitor, value)),
    windowAction(deps, LIST_ACTION, async (visitor, value) => {
      const list = listNameOf(value);
      return list === undefined
        ? await openHub(deps, visitor)
        : await openList(deps, visitor, { list });
    }),
    windowAction(deps, CHECK_ACTION, async (visitor) => {
      await recheckChannels(deps, visitor);
      return await openHub(deps, visitor);
    }),
    windowAction(deps, REMOVE_ACTION, async (visitor, value) => {
      const { version, key: what = "" } = parseOrigin(value);
      return await removePart(deps, visitor, { what, version });
    }),
  ];
}

function windowForms(deps: SetUpDeps): readonly ViewListener[] {
  return [
    editView(deps, {
      callbackId: ORGANIZATION_VIEW,
      form: "organization",
      validate: organizationProblems,
    }),
    editView(deps, { callbackId: TEAM_VIEW, form: "team", validate: teamProblems }),
    editView(deps, { callbackId: BUDGET_VIEW, form: "budget", validate: budgetProblems }),
    editView(deps, { callbackId: DIGEST_VIEW, form: "digest", validate: digestProblems }),
    editView(deps, { callbackId: APPROVAL_VIEW, form: "approval", validate: approvalProblems }),
    editView(deps, { callbackId: ADMINS_VIEW, form: "admins", validate: () => ({}) }),
    windowForm(
      deps,
      SOURCE_VIEW,
      sourceProblems,
      async (visitor, values, privateMetadata) =>
        await submitSource(deps, visitor, { origin: parseOrigin(privateMetadata), values }),
    ),
    windowForm(deps, CODE_VIEW, codeProblems, async (visitor, values) => {
      const typed = values["code"] ?? "";
      return (await typeCode(deps, { email: visitor.email, typed }))
        ? await openHub(deps, visitor)
        : codeForm(WRONG_CODE.text);
    }),
    windowForm(
      deps,
      FIND_VIEW,
      () => ({}),
      async (visitor, values, list) =>
        await openList(deps, visitor, {
          list: listNameOf(list) ?? "teams",
          search: values["search"] ?? "",
        }),
    ),
  ];
}

/** The set-up as a part of App Home. */
export function setUpHomePart(
  deps: SetUpDeps & { readonly web: SlackWeb },
): (email: Email) => Promise<readonly Block[]> {
  return async (email) => {
    const view = await loadHomeSetUp(deps, email);
    return view === undefined ? [] : setUpBlocks(view);
  };
}

/**
 * The same listeners, but the bare command answers with how to begin while nothing is set up: a
 * report of nothing would be a dead end.
 */
export function greetBeforeSetUp(listeners: SlackListeners, deps: SetUpDeps): SlackListeners {
  return {
    ...listeners,
    subcommands: (listeners.subcommands ?? []).map((subcommand) =>
      subcommand.name === ""
        ? {
            ...subcommand,
            run: async (context) => {
              const visitor = visitorOf(context.actor, context.web);
              // Whoever names something is answered without a look at the set-up.
              const admins = context.text === "" ? await listAdmins(deps) : undefined;
              if (visitor === undefined || admins?.length !== 0) {
                await subcommand.run(context);
                return;
              }
              await context.respond(welcomeMessage(await findStanding(deps, visitor, { admins })));
            },
          }
        : subcommand,
    ),
  };
}

function visitorOf(actor: SlackActor, web: SlackWeb): Visitor | undefined {
  const { email, slackUserId } = actor;
  return email === undefined ? undefined : { email, slackUserId, web };
}

/** A button that shows something: in its own window where it is in one, else in a new one. */
function windowAction(
  deps: SetUpDeps,
  actionId: string,
  next: (visitor: Visitor, value: string) => Promise<Modal>,
): ActionListener {
  return {
    actionId,
    run: async ({ actor, web, value, triggerId, viewId, respond }) => {
      const visitor = visitorOf(actor, web);
      if (visitor === undefined) {
        await respond(NO_EMAIL);
        return;
      }
      deps.log.debug({ action: actionId }, "set-up button");
      if (viewId === undefined) {
        await show({ web, triggerId }, async () => await next(visitor, value));
      } else {
        await showIn({ web, viewId, log: deps.log }, await next(visitor, value));
      }
    },
  };
}

/** A window that was closed meanwhile needs nothing any more: what was saved is saved. */
async function showIn(
  of: { readonly web: SlackWeb; readonly viewId: string; readonly log: SetUpDeps["log"] },
  next: Modal,
): Promise<void> {
  try {
    await of.web.updateView(of.viewId, next);
  } catch (err) {
    if (!(err instanceof AppError) || !err.message.includes("not_found")) throw err;
    of.log.debug({ err }, "set-up window is closed");
  }
}

async function show(
  context: { readonly web: SlackWeb; readonly triggerId: string },
  fill: () => Promise<Modal>,
): Promise<void> {
  await openModal(context, loadingModal(), fill);
}

function editView(
  deps: SetUpDeps,
  of: {
    readonly callbackId: string;
    readonly form: EditForm;
    readonly validate: (values: FormValues) => FormProblems;
  },
): ViewListener {
  const { callbackId, form, validate } = of;
  return windowForm(
    deps,
    callbackId,
    validate,
    async (visitor, values, privateMetadata) =>
      await submitForm(deps, visitor, { form, origin: parseOrigin(privateMetadata), values }),
  );
}

/** A form whose window stays: it shows that it works, and then what came of it. */
function windowForm(
  deps: Pick<SetUpDeps, "log">,
  callbackId: string,
  validate: (values: FormValues) => FormProblems,
  submit: (visitor: Visitor, values: FormValues, privateMetadata: string) => Promise<Modal>,
): ViewListener {
  return {
    callbackId,
    validate: (values) => {
      const problems = validate(fieldsOf(values));
      return Object.fromEntries(
        Object.keys(values).flatMap((blockId) => {
          const problem = problems[fieldOf(blockId)];
          return problem === undefined ? [] : [[blockId, problem]];
        }),
      );
    },
    working: () => noticeModal("Saving…"),
    run: async ({ actor, web, values, privateMetadata, viewId }) => {
      const visitor = visitorOf(actor, web);
      const next =
        visitor === undefined
          ? noticeModal(NO_EMAIL.text)
          : await submit(visitor, fieldsOf(values), privateMetadata);
      await showIn({ web, viewId, log: deps.log }, next);
    },
  };
}

function fieldsOf(values: ViewValues): FormValues {
  return Object.fromEntries(
    Object.entries(values).map(([blockId, value]) => [fieldOf(blockId), value]),
  );
}
