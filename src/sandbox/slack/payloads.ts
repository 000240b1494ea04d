/** What Slack sends to a bot, field by field: commands, interactions, suggestions, events. */
import { dmId, findPlace } from "./conversations.ts";
import type { StateValues } from "./entered-values.ts";
import type { Json } from "./json.ts";
import type { Person } from "./protocol.ts";
import { newId, nextTs, type Slack, type StoredMessage, type StoredView } from "./state.ts";

/** Sent for backward compatibility only; bots check the signature instead. */
const VERIFICATION_TOKEN = "sandbox-verification-token";

export function commandPayload(
  slack: Slack,
  options: {
    readonly person: Person;
    readonly channel: string;
    readonly command: string;
    readonly text: string;
    readonly responseUrl: string;
    readonly triggerId: string;
  },
): Json {
  return {
    token: VERIFICATION_TOKEN,
    team_id: slack.team.slackTeamId,
    team_domain: slack.team.domain,
    channel_id: options.channel,
    channel_name: placeName(slack, options.channel),
    user_id: options.person.id,
    user_name: options.person.handle,
    command: options.command,
    text: options.text,
    api_app_id: slack.team.bot.appId,
    ...(slack.team.enterprise === undefined ? {} : { enterprise_id: slack.team.enterprise.id }),
    is_enterprise_install: "false",
    response_url: options.responseUrl,
    trigger_id: options.triggerId,
  };
}

/** The part that all interactions share. */
export function interactionFrame(slack: Slack, type: string, person: Person): Json {
  const { slackTeamId, domain, bot } = slack.team;
  return {
    type,
    token: VERIFICATION_TOKEN,
    team: { id: slackTeamId, domain },
    user: { id: person.id, username: person.handle, name: person.handle, team_id: slackTeamId },
    api_app_id: bot.appId,
    enterprise: slack.team.enterprise ?? null,
    is_enterprise_install: false,
  };
}

/** `container` and `message` of something that was used in a message. */
export function messageContext(slack: Slack, message: StoredMessage): Json {
  const isEphemeral = message.ephemeralFor !== null;
  return {
    container: {
      type: "message",
      message_ts: message.ts,
      channel_id: message.channel,
      is_ephemeral: isEphemeral,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    channel: { id: message.channel, name: placeName(slack, message.channel) },
    // Slack does not send the content of ephemeral messages back.
    ...(isEphemeral ? {} : { message: messageJson(slack, message) }),
  };
}

export function viewContext(slack: Slack, view: StoredView, values: StateValues): Json {
  return {
    container: { type: "view", view_id: view.id },
    view: viewJson(slack, view, values),
  };
}

/** A message as the Web API and interactions show it; metadata only on request. */
export function messageJson(slack: Slack, message: StoredMessage, withMetadata = false): Json {
  const { bot, slackTeamId } = slack.team;
  const isBot = message.author === bot.userId;
  return {
    type: "message",
    user: message.author,
    ts: message.ts,
    team: slackTeamId,
    text: message.text,
    ...(isBot ? { bot_id: bot.botId, app_id: bot.appId } : {}),
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.editedTs === null
      ? {}
      : { edited: { user: message.author, ts: message.editedTs } }),
    ...(withMetadata && message.metadata !== null ? { metadata: message.metadata } : {}),
  };
}

export function viewJson(slack: Slack, view: StoredView, values: StateValues = {}): Json {
  const { bot, slackTeamId } = slack.team;
  return {
    id: view.id,
    team_id: slackTeamId,
    type: view.type,
    blocks: view.blocks,
    private_metadata: view.private_metadata,
    callback_id: view.callback_id,
    external_id: view.external_id,
    state: { values },
    hash: view.hash,
    title: view.title,
    submit: view.submit,
    close: view.close,
    clear_on_close: view.clear_on_close,
    notify_on_close: view.notify_on_close,
    previous_view_id: view.previousViewId,
    root_view_id: view.rootViewId,
    app_id: bot.appId,
    app_installed_team_id: slackTeamId,
    bot_id: bot.botId,
  };
}

/** An Events API callback around `event`. */
export function eventPayload(slack: Slack, event: Json): Json {
  const { bot, slackTeamId } = slack.team;
  return {
    token: VERIFICATION_TOKEN,
    team_id: slackTeamId,
    api_app_id: bot.appId,
    event,
    type: "event_callback",
    event_id: newId("Ev"),
    event_time: Math.floor(slack.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: slackTeamId,
        user_id: bot.userId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
  };
}

export function appHomeOpened(slack: Slack, person: Person, tab: "home" | "messages"): Json {
  const home = slack.state.homes.get(person.id);
  return {
    type: "app_home_opened",
    user: person.id,
    channel: dmId(person.id),
    tab,
    event_ts: nextTs(slack),
    ...(tab === "home" && home !== undefined ? { view: viewJson(slack, home) } : {}),
  };
}

export function urlVerification(challenge: string): Json {
  return { type: "url_verification", token: VERIFICATION_TOKEN, challenge };
}

function placeName(slack: Slack, id: string): string {
  const place = findPlace(slack, id);
  return place?.kind === "channel" ? place.channel.name : "directmessage";
}
