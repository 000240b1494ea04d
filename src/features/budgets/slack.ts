/**
 * Budgets in Slack: `/claude-spend budget` and `raise`, the buttons of alerts, the raise modal and
 * its shortcut. Who may do what is decided by the flows; a button only says what it is about.
 */

import type { Email } from "../../domain/email.ts";
import { AppError } from "../../domain/errors.ts";
import { type Instant, instant } from "../../domain/time.ts";
import { refusalOfDate, UNTIL_REFUSAL_TEXT } from "../../domain/until.ts";
import type { Modal, SlackMessage } from "../../slack/blocks.ts";
import type { Directory } from "../../slack/directory.ts";
import {
  openModal,
  type SlackActor,
  type SlackListeners,
  type SubcommandContext,
  type ViewListener,
  type ViewValues,
} from "../../slack/listener.ts";
import type { SlackWeb } from "../../slack/web.ts";
import { scopeRefusalMessage } from "../organization/index.ts";
import { forecastFor } from "./flow/forecast.ts";
import { listBudgetsFor } from "./flow/list-budgets.ts";
import { loadRaiseForm, type RaiseFormQuery } from "./flow/raise-form.ts";
import { requestRaise } from "./flow/request-raise.ts";
import { setBudget } from "./flow/set-budget.ts";
import { tellPerson } from "./flow/tell-person.ts";
import { REQUEST_RAISE_ACTION } from "./messages/alert.ts";
import {
  budgetListMessage,
  NO_EMAIL_ANSWER,
  setBudgetAnswer,
  setByClickAnswer,
  setCommandAnswer,
} from "./messages/budgets.ts";
import { forecastAnswer } from "./messages/outlook.ts";
import {
  RAISE_AMOUNT_REFUSAL_TEXT,
  RAISE_REASON_CHARS_MAX,
  RAISE_VIEW,
  type RaiseResult,
  raiseAmountAnswer,
  raiseAnswer,
  raiseInfoModal,
  raiseLoadingModal,
  raiseModal,
} from "./messages/raise.ts";
import { parseRaiseCommand, parseSetCommand } from "./rules/commands.ts";
import { parseRaiseAmount } from "./rules/raise-amount.ts";
import { parseBudgetRef } from "./rules.ts";

type Deps = Parameters<typeof requestRaise>[0] &
  Parameters<typeof setBudget>[0] & {
    readonly directory: Pick<Directory, "resolveMentions" | "loadSlackUser">;
  };

/** A form in which nothing is chosen yet. */
const ANY_RAISE = { target: undefined, untilText: undefined, amount: "", reason: "" };

/** The global shortcut of manifest.yml. */
const RAISE_SHORTCUT = "request_budget_raise";

export function budgetListeners(deps: Deps): SlackListeners {
  return {
    subcommands: [
      {
        name: "budget",
        usage: "budget [SCOPE] [PERIOD] · budget set SCOPE AMOUNT PERIOD",
        description: "Budgets and what is left of them; set one, if you may",
        run: async (context) => {
          await runBudget(deps, context);
        },
      },
      {
        name: "forecast",
        usage: "forecast [SCOPE] [PERIOD]",
        description:
          "Where spend ends this period, how sure that is, and when the limit is reached",
        run: async (context) => {
          await runForecast(deps, context);
        },
      },
      {
        name: "raise",
        usage: "raise SCOPE [PERIOD] [AMOUNT | PERCENT%] [until DATE] [for @PERSON] [reason…]",
        description: "Ask for more budget for a time: raise search 200 until friday launch week",
        run: async (context) => {
          await runRaise(deps, context);
        },
      },
    ],
    actions: [
      {
        actionId: REQUEST_RAISE_ACTION,
        run: async ({ actor, web, triggerId, value }) => {
          const ref = parseBudgetRef(value);
          const target = ref === undefined ? undefined : { ref };
          await openRaiseModal(deps, { actor, web, triggerId }, { ...ANY_RAISE, target });
        },
      },
    ],
    views: [raiseView(deps)],
    shortcuts: [
      {
        callbackId: RAISE_SHORTCUT,
        run: async (context) => {
          await openRaiseModal(deps, context, ANY_RAISE);
        },
      },
    ],
  };
}

async function runBudget(deps: Deps, context: SubcommandContext): Promise<void> {
  const { actor, text, respond, byClick = false } = context;
  const { email } = actor;
  if (email === undefined) {
    await respond(NO_EMAIL_ANSWER);
    return;
  }
  const typed = await deps.directory.resolveMentions(text);
  const set = /^set(?:\s+(.*))?$/is.exec(typed);
  if (set === null) {
    const result = await listBudgetsFor(deps, email, typed);
    await respond(
      result.kind === "list" ? budgetListMessage(result) : scopeRefusalMessage(result, "budget"),
    );
    return;
  }
  await respond(
    byClick
      ? setByClickAnswer(typed)
      : await answerSet(deps, { actor: email, typed: set[1] ?? "" }),
  );
}

async function answerSet(
  deps: Deps,
  { actor, typed }: { readonly actor: Email; readonly typed: string },
): Promise<SlackMessage> {
  const command = parseSetCommand(typed);
  if (command.kind === "refused") return setCommandAnswer(command);
  const result = await setBudget(deps, { ...command, actor });
  return result.kind === "unknown-scope" || result.kind === "not-allowed"
    ? scopeRefusalMessage({ ...result, period: command.restText }, "budget set")
    : setBudgetAnswer(result);
}

async function runForecast(deps: Deps, { actor, text, respond }: SubcommandContext): Promise<void> {
  if (actor.email === undefined) {
    await respond(NO_EMAIL_ANSWER);
    return;
  }
  const result = await forecastFor(deps, actor.email, await deps.directory.resolveMentions(text));
  await respond(
    result.kind === "forecast" ? forecastAnswer(result) : scopeRefusalMessage(result, "forecast"),
  );
}

async function runRaise(deps: Deps, context: SubcommandContext): Promise<void> {
  const { actor, respond, byClick = false } = context;
  const { email } = actor;
  if (email === undefined) {
    await respond(NO_EMAIL_ANSWER);
    return;
  }
  const command = parseRaiseCommand(await deps.directory.resolveMentions(context.text));
  if (command.kind === "refused") {
    await respond(raiseAmountAnswer(command.amount));
    return;
  }
  const { readings, untilText, reason } = command;
  const amount = command.kind === "raise" ? command.amountText : "";
  if (command.kind === "incomplete" || byClick) {
    const target = readings.length === 0 ? undefined : { readings };
    await openRaiseModal(deps, context, { target, untilText, amount, reason });
    return;
  }
  const { amount: asked, beneficiary, restText } = command;
  const idempotencyKey = `command:${context.triggerId}`;
  const of = { requester: email, target: { readings }, idempotencyKey };
  const request = { ...of, amount: asked, untilText, beneficiary, reason };
  await respond(raiseMessage(await requestRaise(deps, request), restText));
}

/** `typed`: what stood behind the name, for whoever meant another one. */
function raiseMessage(result: RaiseResult, typed = ""): SlackMessage {
  if (result.kind !== "unknown-scope" && result.kind !== "not-allowed") return raiseAnswer(result);
  const period = [result.period ?? "", typed].filter((part) => part !== "").join(" ");
  return scopeRefusalMessage({ ...result, period }, "raise");
}

async function openRaiseModal(
  deps: Deps,
  context: { readonly actor: SlackActor; readonly web: SlackWeb; readonly triggerId: string },
  query: Omit<RaiseFormQuery, "email">,
): Promise<void> {
  await openModal(context, raiseLoadingModal(), async (): Promise<Modal> => {
    const { email } = context.actor;
    if (email === undefined) return raiseInfoModal(NO_EMAIL_ANSWER.text);
    const result = await loadRaiseForm(deps, { ...query, email });
    if (result.kind === "form") return raiseModal(result.form);
    // A modal shows the same words as a private answer would.
    return raiseInfoModal(
      result.kind === "none"
        ? budgetListMessage({ statuses: [], about: undefined, now: deps.clock() }).text
        : raiseMessage(result).text,
    );
  });
}

function raiseView(deps: Deps): ViewListener {
  return {
    callbackId: RAISE_VIEW,
    validate: (values, now) => problemsOf(values, instant(now)),
    run: async ({ actor, values, viewId }) => {
      const amount = parseRaiseAmount(values["amount"] ?? "");
      const ref = parseBudgetRef(values["budget"] ?? "");
      if (actor.email === undefined) {
        throw new AppError({ code: "forbidden", message: NO_EMAIL_ANSWER.text });
      }
      if (amount.kind === "refused" || ref === undefined) return; // `validate` said so in the form.
      const result = await requestRaise(deps, {
        requester: actor.email,
        beneficiary: await beneficiaryOf(deps, values["beneficiary"]),
        target: { ref },
        amount,
        idempotencyKey: `form:${viewId}`,
        untilText: values["until"],
        reason: values["reason"]?.trim() ?? "",
      });
      // Of what was asked for, approvals tell the requester themselves.
      if (result.kind !== "requested") await tellPerson(deps, actor.email, raiseMessage(result));
    },
  };
}

/** Whom the form names; somebody whose address Slack hides can't be asked for. */
async function beneficiaryOf(
  { directory }: Deps,
  slackUserId: string | undefined,
): Promise<Email | undefined> {
  if (slackUserId === undefined) return undefined;
  const { email } = await directory.loadSlackUser(slackUserId);
  if (email !== undefined) return email;
  throw new AppError({
    code: "invalid",
    message: "I can't see that person's e-mail address in Slack, so nothing was asked for.",
  });
}

function problemsOf(values: ViewValues, now: Instant): Readonly<Record<string, string>> {
  const amount = parseRaiseAmount(values["amount"] ?? "");
  const until = values["until"];
  const date = until === undefined ? undefined : refusalOfDate(until, now);
  const reasonLength = (values["reason"] ?? "").trim().length;
  const isReasonEmpty = reasonLength === 0;
  return {
    ...(parseBudgetRef(values["budget"] ?? "") === undefined ? { budget: "Choose a budget." } : {}),
    ...(amount.kind === "refused" ? { amount: RAISE_AMOUNT_REFUSAL_TEXT[amount.reason] } : {}),
    ...(date === undefined ? {} : { until: UNTIL_REFUSAL_TEXT[date] }),
    ...(isReasonEmpty ? { reason: "Say in a few words what it is for." } : {}),
    ...(reasonLength > RAISE_REASON_CHARS_MAX
      ? { reason: `Say it in at most ${String(RAISE_REASON_CHARS_MAX)} characters.` }
      : {}),
  };
}
