/** Conversations, people and user groups in the form that Slack's Web API gives them. */
import { isArchived, type Place } from "./conversations.ts";
import type { Json } from "./json.ts";
import type { Channel, Person, Usergroup } from "./protocol.ts";
import type { Slack } from "./state.ts";

export function conversationJson(slack: Slack, place: Place): Json {
  return place.kind === "dm"
    ? { id: place.id, is_im: true, is_channel: false, user: place.person.id, is_archived: false }
    : channelJson(slack, place.channel);
}

function channelJson(slack: Slack, channel: Channel): Json {
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.isPrivate,
    is_group: channel.isPrivate,
    is_im: false,
    is_mpim: false,
    is_private: channel.isPrivate,
    is_archived: isArchived(slack, channel),
    is_general: channel.name === "general",
    is_member: channel.members.includes(slack.team.bot.userId),
    purpose: { value: channel.purpose, creator: "", last_set: 0 },
    topic: { value: "", creator: "", last_set: 0 },
  };
}

export function userJsons(slack: Slack): readonly Json[] {
  const { bot, slackTeamId } = slack.team;
  const botUser = {
    id: bot.userId,
    team_id: slackTeamId,
    name: slack.manifest.botName,
    real_name: slack.manifest.botName,
    deleted: false,
    is_bot: true,
    is_admin: false,
    tz: "America/Los_Angeles",
    profile: { real_name: slack.manifest.botName, bot_id: bot.botId, api_app_id: bot.appId },
  };
  return [...slack.team.people.map((person) => userJson(slack, person)), botUser];
}

export function userJson(slack: Slack, person: Person): Json {
  const { scopes } = slack.manifest;
  return {
    id: person.id,
    team_id: slack.team.slackTeamId,
    name: person.handle,
    real_name: person.name,
    deleted: false,
    is_bot: false,
    is_admin: person.isAdmin,
    is_owner: false,
    tz: person.timeZone,
    ...(slack.team.enterprise === undefined
      ? {}
      : { enterprise_user: { enterprise_id: slack.team.enterprise.id } }),
    profile: {
      real_name: person.name,
      display_name: person.handle,
      title: person.title,
      ...(scopes.includes("users:read.email") ? { email: person.email } : {}),
    },
  };
}

export function usergroupJson(slack: Slack, group: Usergroup, withUsers: boolean): Json {
  return {
    id: group.id,
    team_id: slack.team.slackTeamId,
    is_usergroup: true,
    handle: group.handle,
    name: group.name,
    date_delete: 0,
    user_count: group.members.length,
    ...(withUsers ? { users: group.members } : {}),
  };
}
