/**
 * Connects the features' listeners to Bolt: acknowledge, then look up who is meant, then work. One
 * Bolt listener for each kind of request, since Bolt runs every listener that matches.
 */
import { randomUUID } from "node:crypto";
import type { App, BlockAction, GlobalShortcut, ViewSubmitAction } from "@slack/bolt";
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { type AnswerDeps, directMessageTo, replaceBy, respondTo, tellInModal } from "./answers.ts";
import { home, message, type SlackMessage, section } from "./blocks.ts";
import type { DataBlocksDeps } from "./charts/data-blocks.ts";
import type { Directory } from "./directory.ts";
import { chosenValue, viewValues } from "./entered.ts";
import type { ViewListener, ViewValues } from "./listener.ts";
import { newEvents } from "./new-events.ts";
import { problemSentence } from "./problems.ts";
import { COMMAND, findSubcommand, type Registry } from "./registry.ts";
import type { SlackWeb } from "./web.ts";
import type { Work, Workplace } from "./work.ts";
import type { SlackPlace, SlackWorkspaces } from "./workspaces.ts";

export interface ListenDeps {
  readonly registry: Registry;
  readonly workplace: Workplace;
  /** Where requests come from. */
  readonly workspaces: SlackWorkspaces;
  /** Posts to people wherever they are. */
  readonly web: SlackWeb;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dataBlocks?: DataBlocksDeps | undefined;
}

/** Every id: which listener is meant is looked up in the registry. */
const ANY = /^/;
export function listen(bolt: App, deps: ListenDeps): void {
  listenToCommand(bolt, deps);
  listenToActions(bolt, deps);
  listenToViews(bolt, deps);
  listenToShortcuts(bolt, deps);
  listenToHome(bolt, deps);
}

function listenToCommand(bolt: App, deps: ListenDeps): void {
  const { registry, workplace } = deps;
  bolt.command(COMMAND, async ({ ack, command, respond: answer }) => {
    await ack();
    const place = { slackTeamId: command.team_id, enterpriseId: command.enterprise_id };
    const answers = answersFrom(deps, place);
    const { here } = answers;
    const slackUserId = here.idOf(command.user_id);
    const channelId = here.idOf(command.channel_id);
    const found = findSubcommand(registry.subcommands, here.textOf(command.text));
    const respond = respondTo(answers, slackUserId, answer);
    await workplace.run({
      name: `command ${found?.subcommand.name ?? ""}`.trim(),
      slackUserId,
      slackTeamId: command.team_id,
      installedAt: place,
      place: { channel: channelId },
      tell: respond,
      async run(actor) {
        if (found === undefined) {
          await respond(notKnown("Nothing here answers that."));
          return;
        }
        const { subcommand, text } = found;
        const { trigger_id: triggerId } = command;
        await subcommand.run({ actor, web: here.web, text, triggerId, channelId, respond });
      },
    });
  });
}

function listenToActions(bolt: App, deps: ListenDeps): void {
  const { registry, workplace } = deps;
  bolt.action<BlockAction>(ANY, async ({ ack, action, body, respond: answer }) => {
    await ack();
    // A link's button also says that it was clicked.
    if (action.type === "button" && action.url !== undefined) return;
    const listener = registry.actions.get(action.action_id);
    const { answers, who } = fromInteraction(deps, body);
    const { here } = answers;
    // Buttons of the App Home have no message to answer to.
    const surface = Object.hasOwn(body, "response_url") ? "message" : "home";
    const respond = respondTo(answers, who.slackUserId, surface === "message" ? answer : undefined);
    const channelId = body.channel === undefined ? undefined : here.idOf(body.channel.id);
    await workplace.run({
      ...who,
      name: `action ${listener?.actionId ?? "unknown"}`,
      place: { channel: channelId, message_ts: body.message?.ts },
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
          web: here.web,
          value: chosenValue(action),
          surface,
          triggerId: body.trigger_id,
          viewId: body.view?.type === "modal" ? body.view.id : undefined,
          respond,
          replace: surface === "message" ? replaceBy(answers, answer) : undefined,
          show:
            surface === "message" ? respondTo(answers, who.slackUserId, answer, true) : undefined,
          channelId,
        });
      },
    });
  });
}

function listenToViews(bolt: App, deps: ListenDeps): void {
  const { registry, workplace } = deps;
  bolt.view<ViewSubmitAction>(ANY, async ({ ack, body, view }) => {
    const listener = registry.views.get(view.callback_id);
    const { answers, who } = fromInteraction(deps, body);
    const { here } = answers;
    const values = viewValues(view.state.values, here.idOf);
    const errors = listener === undefined ? {} : fieldErrors(deps, listener, values);
    if (Object.keys(errors).length > 0) {
      await ack({ response_action: "errors", errors });
      return;
    }
    const working = listener?.working?.();
    await (working === undefined
      ? ack()
      : ack({ response_action: "update", view: { ...working, blocks: [...working.blocks] } }));
    const tellDirectly = directMessageTo(answers, who.slackUserId);
    const tell =
      working === undefined ? tellDirectly : tellInModal(answers, { working, view }, tellDirectly);
    await workplace.run({
      ...who,
      name: `view ${listener?.callbackId ?? "unknown"}`,
      tell,
      async run(actor) {
        if (listener === undefined) {
          await tell(notKnown("That form is from an earlier version. Please open it again."));
          return;
        }
        const { private_metadata: privateMetadata, id: viewId } = view;
        await listener.run({ actor, web: here.web, values, privateMetadata, viewId });
      },
    });
  });
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
  const { registry, workplace } = deps;
  bolt.shortcut<GlobalShortcut>(ANY, async ({ ack, shortcut }) => {
    await ack();
    const listener = registry.shortcuts.get(shortcut.callback_id);
    if (listener === undefined) return;
    const { answers, who } = fromInteraction(deps, shortcut);
    await workplace.run({
      ...who,
      name: `shortcut ${listener.callbackId}`,
      tell: directMessageTo(answers, who.slackUserId),
      async run(actor) {
        await listener.run({ actor, web: answers.here.web, triggerId: shortcut.trigger_id });
      },
    });
  });
}

function listenToHome(bolt: App, deps: ListenDeps): void {
  const { registry, workplace } = deps;
  const { home: listener } = registry;
  if (listener === undefined) return;
  const isNew = newEvents();
  bolt.event("app_home_opened", async ({ event, body }) => {
    if (event.tab !== "home" || !isNew(body.event_id)) return;
    const place = { slackTeamId: body.team_id, enterpriseId: body.enterprise_id };
    const { here } = answersFrom(deps, place);
    const slackUserId = here.idOf(event.user);
    await workplace.run({
      name: "home",
      slackUserId,
      slackTeamId: body.team_id,
      installedAt: place,
      async tell(problem) {
        await here.web.publishHome(slackUserId, home(problem.blocks));
      },
      async run(actor) {
        await listener.run({ actor, web: here.web });
      },
    });
  });
}

function answersFrom(deps: ListenDeps, place: SlackPlace): AnswerDeps {
  const { web, directory, log, workspaces, dataBlocks } = deps;
  const { slackTeamId } = place;
  const taken = dataBlocks === undefined ? {} : { dataBlocks: { ...dataBlocks, slackTeamId } };
  return { web, directory, log, here: workspaces.at(place), ...taken };
}

interface Interaction {
  readonly user: { readonly id: string; readonly team_id?: string | undefined };
  readonly team?: { readonly id: string } | null | undefined;
  readonly enterprise?: { readonly id: string } | null | undefined;
  readonly view?: { readonly app_installed_team_id?: string | undefined } | undefined;
}

/** Through which installation a click, form or shortcut came, and who did it. */
function fromInteraction(
  deps: ListenDeps,
  { user, team, enterprise, view }: Interaction,
): {
  readonly answers: AnswerDeps;
  readonly who: Pick<Work, "slackUserId" | "slackTeamId" | "installedAt">;
} {
  const throughTeam = view?.app_installed_team_id;
  // Of an Enterprise Grid that installed as a whole, it is the Grid.
  const installedTeamId = throughTeam?.startsWith("T") === true ? throughTeam : team?.id;
  const slackTeamId = user.team_id ?? installedTeamId ?? "";
  const installedAt = {
    slackTeamId: installedTeamId ?? slackTeamId,
    enterpriseId: enterprise?.id,
  };
  const answers = answersFrom(deps, installedAt);
  const slackUserId = answers.here.idIn(slackTeamId, user.id);
  return { answers, who: { slackUserId, slackTeamId, installedAt } };
}

function notKnown(text: string): SlackMessage {
  return message(text, [section(text)]);
}
