/**
 * Connects the features' listeners to Bolt: acknowledge, then look up who is meant, then work. One
 * Bolt listener for each kind of request, since Bolt runs every listener that matches.
 */
import { randomUUID } from "node:crypto";
import type {
  App,
  BlockAction,
  BlockElementAction,
  GlobalShortcut,
  RespondFn,
  ViewStateValue,
  ViewSubmitAction,
} from "@slack/bolt";
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { home, type Modal, message, type SlackMessage, section } from "./blocks.ts";
import type { Directory } from "./directory.ts";
import type { Respond, ViewListener, ViewValues } from "./listener.ts";
import { problemSentence } from "./problems.ts";
import { COMMAND, findSubcommand, type Registry } from "./registry.ts";
import type { SlackWeb } from "./web.ts";
import type { Workplace } from "./work.ts";

export interface ListenDeps {
  readonly registry: Registry;
  readonly workplace: Workplace;
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Every id: which listener is meant is looked up in the registry. */
const ANY = /^/;
/** Slack repeats an event within minutes; more ids than this are only needed in a flood. */
const SEEN_EVENTS_MAX = 1_000;

export function listen(bolt: App, deps: ListenDeps): void {
  listenToCommand(bolt, deps);
  listenToActions(bolt, deps);
  listenToViews(bolt, deps);
  listenToShortcuts(bolt, deps);
  listenToHome(bolt, deps);
}

function listenToCommand(bolt: App, deps: ListenDeps): void {
  const { registry, web, workplace } = deps;
  bolt.command(COMMAND, async ({ ack, command, respond: answer }) => {
    await ack();
    const found = findSubcommand(registry.subcommands, command.text);
    const respond = respondTo(deps, command.user_id, answer);
    await workplace.run({
      name: `command ${found?.subcommand.name ?? ""}`.trim(),
      slackUserId: command.user_id,
      slackTeamId: command.team_id,
      place: { channel: command.channel_id },
      tell: respond,
      async run(actor) {
        if (found === undefined) {
          await respond(notKnown("Nothing here answers that."));
          return;
        }
        const { subcommand, text } = found;
        const { trigger_id: triggerId, channel_id: channelId } = command;
        await subcommand.run({ actor, web, text, triggerId, channelId, respond });
      },
    });
  });
}

function listenToActions(bolt: App, deps: ListenDeps): void {
  const { registry, web, workplace } = deps;
  bolt.action<BlockAction>(ANY, async ({ ack, action, body, respond: answer }) => {
    await ack();
    // A link's button also says that it was clicked.
    if (action.type === "button" && action.url !== undefined) return;
    const listener = registry.actions.get(action.action_id);
    // Buttons of the App Home have no message to answer to.
    const surface = Object.hasOwn(body, "response_url") ? "message" : "home";
    const respond = respondTo(deps, body.user.id, surface === "message" ? answer : undefined);
    await workplace.run({
      name: `action ${listener?.actionId ?? "unknown"}`,
      slackUserId: body.user.id,
      slackTeamId: body.user.team_id ?? body.team?.id ?? "",
      place: { channel: body.channel?.id, message_ts: body.message?.ts },
      tell: respond,
      async run(actor) {
        if (listener === undefined) {
          await respond(
            notKnown("That button is from an earlier version and has no effect any more."),
          );
          return;
        }
        await listener.run({
          actor,
          web,
          value: chosenValue(action),
          surface,
          triggerId: body.trigger_id,
          viewId: body.view?.type === "modal" ? body.view.id : undefined,
          respond,
          replace: surface === "message" ? replaceBy(deps, answer) : undefined,
          show: surface === "message" ? respondTo(deps, body.user.id, answer, true) : undefined,
          channelId: body.channel?.id,
        });
      },
    });
  });
}

/** Never throws: the outbox brings the same a moment later. */
function replaceBy(deps: ListenDeps, answer: RespondFn): Respond {
  return async ({ text, blocks }) => {
    try {
      await answer({ replace_original: true, text, blocks: [...blocks] });
    } catch (err) {
      deps.log.debug({ err }, "message not replaced at once");
    }
  };
}

function listenToViews(bolt: App, deps: ListenDeps): void {
  const { registry, web, workplace } = deps;
  bolt.view<ViewSubmitAction>(ANY, async ({ ack, body, view }) => {
    const listener = registry.views.get(view.callback_id);
    const values = viewValues(view.state.values);
    const errors = listener === undefined ? {} : fieldErrors(deps, listener, values);
    if (Object.keys(errors).length > 0) {
      await ack({ response_action: "errors", errors });
      return;
    }
    const working = listener?.working?.();
    await (working === undefined
      ? ack()
      : ack({ response_action: "update", view: { ...working, blocks: [...working.blocks] } }));
    const tellDirectly = directMessageTo(deps, body.user.id);
    const tell =
      working === undefined ? tellDirectly : tellInModal(deps, { working, view }, tellDirectly);
    await workplace.run({
      name: `view ${listener?.callbackId ?? "unknown"}`,
      slackUserId: body.user.id,
      slackTeamId: body.user.team_id ?? body.team?.id ?? "",
      tell,
      async run(actor) {
        if (listener === undefined) {
          await tell(notKnown("That form is from an earlier version. Please open it again."));
          return;
        }
        const { private_metadata: privateMetadata, id: viewId } = view;
        await listener.run({ actor, web, values, privateMetadata, viewId });
      },
    });
  });
}

/** In place of what was shown while it worked; by direct message where the modal was closed. */
function tellInModal(
  { web, log }: ListenDeps,
  { working, view }: { readonly working: Modal; readonly view: { readonly id: string } },
  tellDirectly: Respond,
): Respond {
  return async (problem) => {
    try {
      await web.updateView(view.id, { ...working, blocks: problem.blocks });
    } catch (err) {
      log.debug({ err }, "modal is closed");
      await tellDirectly(problem);
    }
  };
}

/** What to show beside the fields. A bug in the check must not look like an accepted form. */
function fieldErrors(
  deps: ListenDeps,
  listener: ViewListener,
  values: ViewValues,
): Record<string, string> {
  try {
    return { ...listener.validate(values, deps.clock()) };
  } catch (err) {
    const problemId = randomUUID().slice(0, 8);
    deps.log.error(
      { work: `view ${listener.callbackId}`, problem_id: problemId, err },
      "form not checked",
    );
    const [firstBlockId] = Object.keys(values);
    return firstBlockId === undefined ? {} : { [firstBlockId]: problemSentence(err, problemId) };
  }
}

function listenToShortcuts(bolt: App, deps: ListenDeps): void {
  const { registry, web, workplace } = deps;
  bolt.shortcut<GlobalShortcut>(ANY, async ({ ack, shortcut }) => {
    await ack();
    const listener = registry.shortcuts.get(shortcut.callback_id);
    if (listener === undefined) return;
    await workplace.run({
      name: `shortcut ${listener.callbackId}`,
      slackUserId: shortcut.user.id,
      slackTeamId: shortcut.user.team_id,
      tell: directMessageTo(deps, shortcut.user.id),
      async run(actor) {
        await listener.run({ actor, web, triggerId: shortcut.trigger_id });
      },
    });
  });
}

function listenToHome(bolt: App, { registry, web, workplace }: ListenDeps): void {
  const { home: listener } = registry;
  if (listener === undefined) return;
  const seen = new Set<string>();
  bolt.event("app_home_opened", async ({ event, body }) => {
    // Slack repeats an event whose answer it missed.
    if (event.tab !== "home" || seen.has(body.event_id)) return;
    seen.add(body.event_id);
    const [oldest] = seen;
    if (seen.size > SEEN_EVENTS_MAX && oldest !== undefined) seen.delete(oldest);
    await workplace.run({
      name: "home",
      slackUserId: event.user,
      slackTeamId: body.team_id,
      async tell(problem) {
        await web.publishHome(event.user, home(problem.blocks));
      },
      async run(actor) {
        await listener.run({ actor, web });
      },
    });
  });
}

function notKnown(text: string): SlackMessage {
  return message(text, [section(text)]);
}

/**
 * Answers through the response_url, which lives half an hour and five answers long, or else by
 * direct message. Never throws: by now the work is done, and must not be reported as failed.
 */
function respondTo(
  deps: ListenDeps,
  slackUserId: string,
  answer: RespondFn | undefined,
  replacesOriginal = false,
): Respond {
  const tellDirectly = directMessageTo(deps, slackUserId);
  return async ({ text, blocks }) => {
    try {
      if (answer === undefined) throw new Error("this request has no response_url");
      const shown = { response_type: "ephemeral", replace_original: replacesOriginal } as const;
      await answer({ ...shown, text, blocks: [...blocks] });
    } catch (err) {
      if (answer !== undefined) {
        deps.log.warn({ slack_user_id: slackUserId, err }, "response_url refused the answer");
      }
      try {
        await tellDirectly({ text, blocks });
      } catch (dmErr) {
        deps.log.warn({ slack_user_id: slackUserId, err: dmErr }, "answer not delivered");
      }
    }
  };
}

function directMessageTo({ web, directory }: ListenDeps, slackUserId: string): Respond {
  return async ({ text, blocks }) => {
    const channel = await directory.openDirectMessage(slackUserId);
    await web.postMessage({ channel, text, blocks, dedupeKey: `answer:${randomUUID()}` });
  };
}

function chosenValue(action: BlockElementAction): string {
  if ("selected_option" in action) return action.selected_option?.value ?? "";
  return "value" in action ? (action.value ?? "") : "";
}

function severalOf(element: ViewStateValue | undefined): string | undefined {
  const { selected_users: users, selected_options: options } = element ?? {};
  return (users ?? options?.map(({ value }) => value))?.join(",");
}

/** By block id: every input block of ours holds one element. */
function viewValues(state: Record<string, Record<string, ViewStateValue>>): ViewValues {
  return Object.fromEntries(
    Object.entries(state).map(([blockId, elements]) => {
      const [element] = Object.values(elements);
      const value =
        element?.value ??
        element?.selected_date ??
        element?.selected_time ??
        element?.selected_user ??
        element?.selected_conversation ??
        element?.selected_option?.value ??
        severalOf(element);
      return [blockId, value === "" ? undefined : value];
    }),
  );
}
