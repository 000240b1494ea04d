/** The methods that read the workspace: conversations, people, user groups, and who the bot is. */
import { z } from "zod";
import {
  dmId,
  findPerson,
  findPlace,
  isArchived,
  isMember,
  membersOf,
  type Place,
} from "./conversations.ts";
import { conversationJson, usergroupJson, userJson, userJsons } from "./directory-json.ts";
import { messageJson } from "./payloads.ts";
import type { Slack } from "./state.ts";
import {
  type Answer,
  cursor,
  done,
  flag,
  limit,
  method,
  missingScope,
  page,
  refuse,
} from "./web-api-method.ts";

const CONVERSATION_TYPES = ["public_channel", "private_channel", "im", "mpim"] as const;
const READ_SCOPES = {
  public_channel: "channels:read",
  private_channel: "groups:read",
  im: "im:read",
  mpim: "mpim:read",
} as const;
const HISTORY_SCOPES = {
  public_channel: "channels:history",
  private_channel: "groups:history",
  im: "im:history",
} as const;

const anything = z.object({});

export const directoryMethods = {
  "auth.test": method([], anything, (slack) =>
    done({
      url: `https://${slack.team.domain}.slack.com/`,
      team: slack.team.name,
      user: slack.manifest.botName,
      team_id: slack.team.slackTeamId,
      user_id: slack.team.bot.userId,
      bot_id: slack.team.bot.botId,
      ...(slack.team.enterprise === undefined ? {} : { enterprise_id: slack.team.enterprise.id }),
      is_enterprise_install: false,
    }),
  ),

  "conversations.open": method(
    ["im:write"],
    z.object({
      users: z.string().optional(),
      channel: z.string().optional(),
      return_im: flag.optional(),
    }),
    (slack, args) => {
      const userId = args.users ?? "";
      if (userId === slack.team.bot.userId) return refuse("cannot_dm_bot");
      const person = findPerson(slack, userId);
      const place = findPlace(slack, person === undefined ? (args.channel ?? "") : dmId(person.id));
      if (place === undefined) {
        return refuse(args.users === undefined ? "channel_not_found" : "user_not_found");
      }
      return done({
        channel: args.return_im === true ? conversationJson(slack, place) : { id: place.id },
      });
    },
  ),

  "conversations.list": method(
    [],
    z.object({
      types: z.string().default("public_channel"),
      exclude_archived: flag.default(false),
      cursor,
      limit: limit.default(100),
    }),
    (slack, args) => {
      const types = z
        .array(z.enum(CONVERSATION_TYPES))
        .safeParse(args.types.split(",").map((type) => type.trim()));
      if (!types.success) return refuse("invalid_types");
      const refusals = types.data.map((type) => missingScope(slack, READ_SCOPES[type]));
      const refusal = refusals.find((answer) => answer !== undefined);
      if (refusal !== undefined) return refusal;
      const channels = allPlaces(slack).filter(
        (place) =>
          types.data.includes(typeOf(place)) &&
          isKnown(slack, place) &&
          !(args.exclude_archived && place.kind === "channel" && isArchived(slack, place.channel)),
      );
      const { items, metadata } = page(channels, args);
      return done({
        channels: items.map((place) => conversationJson(slack, place)),
        response_metadata: metadata,
      });
    },
  ),

  "conversations.info": method(
    [],
    z.object({ channel: z.string(), include_num_members: flag.default(false) }),
    (slack, args) =>
      withPlace(slack, args.channel, READ_SCOPES, (place) => {
        const count = args.include_num_members
          ? { num_members: membersOf(slack, place).length }
          : {};
        return done({ channel: { ...conversationJson(slack, place), ...count } });
      }),
  ),

  "conversations.members": method(
    [],
    z.object({ channel: z.string(), cursor, limit: limit.default(100) }),
    (slack, args) =>
      withPlace(slack, args.channel, READ_SCOPES, (place) => {
        const { items, metadata } = page(membersOf(slack, place), args);
        return done({ members: items, response_metadata: metadata });
      }),
  ),

  "conversations.history": method(
    [],
    z.object({
      channel: z.string(),
      oldest: z.string().default("0"),
      latest: z.string().optional(),
      inclusive: flag.default(false),
      include_all_metadata: flag.default(false),
      cursor,
      limit: limit.default(100),
    }),
    (slack, args) =>
      withPlace(slack, args.channel, { ...HISTORY_SCOPES, mpim: "mpim:history" }, (place) => {
        if (!isMember(slack, place, slack.team.bot.userId)) return refuse("not_in_channel");
        const oldest = Number(args.oldest);
        const latest = Number(args.latest ?? "Infinity");
        const found = (slack.state.messages.get(place.id) ?? []).filter((message) => {
          const at = Number(message.ts);
          const isBetween = args.inclusive
            ? at >= oldest && at <= latest
            : at > oldest && at < latest;
          const isListed = message.threadTs === null || message.isBroadcast;
          return isBetween && isListed && message.ephemeralFor === null;
        });
        const { items, metadata } = page(found.toReversed(), args);
        return done({
          messages: items.map((message) => messageJson(slack, message, args.include_all_metadata)),
          has_more: metadata["next_cursor"] !== "",
          response_metadata: metadata,
        });
      }),
  ),

  /** The message that began the thread, then its replies, oldest first. */
  "conversations.replies": method(
    [],
    z.object({
      channel: z.string(),
      ts: z.string(),
      oldest: z.string().default("0"),
      include_all_metadata: flag.default(false),
      cursor,
      limit: limit.default(100),
    }),
    (slack, args) =>
      withPlace(slack, args.channel, { ...HISTORY_SCOPES, mpim: "mpim:history" }, (place) => {
        if (!isMember(slack, place, slack.team.bot.userId)) return refuse("not_in_channel");
        const all = (slack.state.messages.get(place.id) ?? []).filter(
          (message) => message.ephemeralFor === null,
        );
        const root = all.find(({ ts }) => ts === args.ts);
        if (root === undefined) return refuse("thread_not_found");
        const replies = all.filter(
          ({ ts, threadTs }) => threadTs === root.ts && Number(ts) > Number(args.oldest),
        );
        const { items, metadata } = page([root, ...replies], args);
        return done({
          messages: items.map((message) => messageJson(slack, message, args.include_all_metadata)),
          has_more: metadata["next_cursor"] !== "",
          response_metadata: metadata,
        });
      }),
  ),

  "users.info": method(["users:read"], z.object({ user: z.string() }), (slack, args) => {
    const user = userJsons(slack).find((candidate) => candidate["id"] === args.user);
    return user === undefined ? refuse("user_not_found") : done({ user });
  }),

  "users.list": method(
    ["users:read"],
    z.object({ cursor, limit: limit.default(1000) }),
    (slack, args) => {
      const { items, metadata } = page(userJsons(slack), args);
      return done({ members: items, response_metadata: metadata });
    },
  ),

  "users.lookupByEmail": method(
    ["users:read.email"],
    z.object({ email: z.string() }),
    (slack, args) => {
      const email = args.email.toLowerCase();
      const person = slack.team.people.find((candidate) => candidate.email === email);
      return person === undefined
        ? refuse("users_not_found")
        : done({ user: userJson(slack, person) });
    },
  ),

  "usergroups.list": method(
    ["usergroups:read"],
    z.object({ include_users: flag.default(false) }),
    (slack, args) =>
      done({
        usergroups: slack.team.usergroups.map((group) =>
          usergroupJson(slack, group, args.include_users),
        ),
      }),
  ),

  "usergroups.users.list": method(
    ["usergroups:read"],
    z.object({ usergroup: z.string() }),
    (slack, args) => {
      const group = slack.team.usergroups.find((candidate) => candidate.id === args.usergroup);
      return group === undefined ? refuse("no_such_subteam") : done({ users: group.members });
    },
  ),
} as const;

type ConversationType = (typeof CONVERSATION_TYPES)[number];

function allPlaces(slack: Slack): readonly Place[] {
  const ids = [
    ...slack.team.channels.map(({ id }) => id),
    ...slack.team.people.map(({ id }) => dmId(id)),
  ];
  return ids.flatMap((id) => findPlace(slack, id) ?? []);
}

function typeOf(place: Place): ConversationType {
  if (place.kind === "dm") return "im";
  return place.channel.isPrivate ? "private_channel" : "public_channel";
}

/** Private channels exist for their members only. */
function isKnown(slack: Slack, place: Place): boolean {
  return typeOf(place) !== "private_channel" || isMember(slack, place, slack.team.bot.userId);
}

function withPlace(
  slack: Slack,
  id: string,
  scopes: Readonly<Record<ConversationType, string>>,
  run: (place: Place) => Answer,
): Answer {
  const place = findPlace(slack, id);
  if (place === undefined || !isKnown(slack, place)) return refuse("channel_not_found");
  return missingScope(slack, scopes[typeOf(place)]) ?? run(place);
}
