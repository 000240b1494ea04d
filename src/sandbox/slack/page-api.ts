/** The routes of `protocol.ts`: JSON in, JSON out, and the stream of change notices. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { invalid, markRead, notFound, personFor, personState, placeFor } from "./conversations.ts";
import type { Faults } from "./faults.ts";
import { answerJson, readBody } from "./http-exchange.ts";
import * as interactions from "./interactions.ts";
import { parseJson } from "./json.ts";
import { shownMessages } from "./messages.ts";
import { closeModal, submitModal } from "./modals.ts";
import type { NoticeStreams } from "./notice-streams.ts";
import { FAULT_KINDS, SANDBOX_API, type SandboxRoutes, type SlackWorkspace } from "./protocol.ts";
import type { Slack } from "./state.ts";
import { shownHome, shownModals } from "./views.ts";

type Route = keyof SandboxRoutes;
/** What each route answers with, given its query or its body. */
type Routes = {
  readonly [R in Exclude<Route, "GET /events">]: (
    input: unknown,
  ) => Promise<SandboxRoutes[R]["answer"]> | SandboxRoutes[R]["answer"];
};

const user = z.string();
const channel = z.string();
const entered = z.record(
  z.string(),
  z.record(z.string(), z.union([z.string(), z.array(z.string()), z.null()])),
);
const value = z.union([z.string(), z.array(z.string()), z.null()]);
const container = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), channel, ts: z.string() }),
  z.object({ type: z.literal("view"), viewId: z.string() }),
]);
const element = { user, container, blockId: z.string(), actionId: z.string() };

/** Answers one request below `SANDBOX_API`. */
export function createPageApi(options: {
  readonly client: interactions.Client;
  readonly streams: NoticeStreams;
  readonly faults: Faults;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { slack } = options.client;
  const routes = routesOf(options.client, options.faults);
  return async (request, response) => {
    const url = new URL(request.url ?? "", "http://sandbox");
    const route = `${request.method ?? ""} ${url.pathname.slice(SANDBOX_API.length)}`;
    try {
      if (route === "GET /events") {
        const { user: userId } = read(z.object({ user }), Object.fromEntries(url.searchParams));
        personFor(slack, userId);
        options.streams.open(response, userId);
        return;
      }
      if (!isRoute(routes, route)) throw notFound(`no route ${route}`);
      const input =
        request.method === "POST" ? await jsonBody(request) : Object.fromEntries(url.searchParams);
      answerJson(response, await routes[route](input));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const status = error.code === "not-found" ? 404 : 400;
      answerJson(response, { error: error.message }, { status });
    }
  };
}

/** The workspace as the page's side bar and command box need it. */
function shownWorkspace({ team, manifest }: Slack): SlackWorkspace {
  return {
    slackTeamId: team.slackTeamId,
    name: team.name,
    bot: { ...team.bot, name: manifest.botName },
    people: team.people,
    channels: team.channels,
    usergroups: team.usergroups,
    commands: manifest.commands.map(({ command, description, usageHint }) => ({
      command,
      description,
      usageHint,
    })),
    shortcuts: manifest.shortcuts,
  };
}

function routesOf(client: interactions.Client, faults: Faults): Routes {
  return { ...seeingRoutes(client.slack), ...doingRoutes(client), ...faultRoutes(faults) };
}

type FaultRoute = "POST /faults" | "POST /faults/clear";
type SeeingRoute = Extract<keyof Routes, `GET ${string}`>;

function seeingRoutes(slack: Slack): Pick<Routes, SeeingRoute> {
  const person = (input: unknown) => personFor(slack, read(z.object({ user }), input).user).id;
  return {
    "GET /workspace": () => shownWorkspace(slack),
    "GET /state": (input) => personState(slack, person(input)),
    "GET /messages": (input) => {
      const query = read(z.object({ user, channel, thread: z.string().optional() }), input);
      placeFor(slack, query.user, query.channel);
      const shown = { channel: query.channel, viewer: query.user, threadTs: query.thread };
      return { messages: shownMessages(slack, shown) };
    },
    "GET /home": (input) => shownHome(slack, person(input)),
    "GET /modals": (input) => ({ views: shownModals(slack, person(input)) }),
  };
}

function doingRoutes(client: interactions.Client): Omit<Routes, SeeingRoute | FaultRoute> {
  const { slack } = client;
  return {
    "POST /messages": async (input) => {
      const schema = z.object({ user, channel, text: z.string(), threadTs: z.string().optional() });
      const { threadTs, ...message } = read(schema, input);
      await interactions.sendMessage(client, {
        ...message,
        ...(threadTs === undefined ? {} : { threadTs }),
      });
      return { ok: true };
    },
    "POST /read": (input) => {
      const body = read(z.object({ user, channel }), input);
      placeFor(slack, body.user, body.channel);
      markRead(slack, body.user, body.channel);
      return { ok: true };
    },
    "POST /commands": async (input) =>
      await interactions.sendCommand(
        client,
        read(z.object({ user, channel, text: z.string() }), input),
      ),
    "POST /actions": async (input) => {
      const schema = z.object({ ...element, value: value.optional(), entered: entered.optional() });
      const { value: chosen, entered: others, ...target } = read(schema, input);
      return await interactions.useElement(client, {
        ...target,
        ...(chosen === undefined ? {} : { value: chosen }),
        ...(others === undefined ? {} : { entered: others }),
      });
    },
    "POST /options": async (input) =>
      await interactions.askOptions(
        client,
        read(z.object({ ...element, value: z.string() }), input),
      ),
    "POST /shortcuts": async (input) =>
      await interactions.useShortcut(
        client,
        read(z.object({ user, callbackId: z.string() }), input),
      ),
    "POST /home": async (input) => {
      const schema = z.object({ user, tab: z.enum(["home", "messages"]).default("home") });
      return await interactions.openHome(client, read(schema, input));
    },
    "POST /modals/submit": async (input) =>
      await submitModal(client, read(z.object({ user, viewId: z.string(), entered }), input)),
    "POST /modals/close": async (input) =>
      await closeModal(
        client,
        read(z.object({ user, viewId: z.string(), isCleared: z.boolean() }), input),
      ),
  };
}

function faultRoutes(faults: Faults): Pick<Routes, FaultRoute> {
  return {
    "POST /faults": (input) => {
      const schema = z.strictObject({
        kind: z.enum(FAULT_KINDS),
        method: z.string().exactOptional(),
        channel: channel.exactOptional(),
        times: z.int().min(1).exactOptional(),
        retryAfterSeconds: z.int().min(0).exactOptional(),
        delayMs: z.int().min(0).exactOptional(),
        blockTypes: z.array(z.string()).exactOptional(),
      });
      faults.add(read(schema, input));
      return { ok: true };
    },
    "POST /faults/clear": () => {
      faults.clear();
      return { ok: true };
    },
  };
}

function isRoute(routes: Routes, route: string): route is keyof Routes {
  return Object.hasOwn(routes, route);
}

function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "),
  );
}

/** Only JSON: a form of a foreign web page cannot send it without the browser asking us first. */
async function jsonBody(request: IncomingMessage): Promise<unknown> {
  if (!(request.headers["content-type"] ?? "").startsWith("application/json")) {
    throw invalid("content-type must be application/json");
  }
  const body = parseJson(await readBody(request));
  if (body === undefined) throw invalid("the body must be JSON");
  return body;
}
