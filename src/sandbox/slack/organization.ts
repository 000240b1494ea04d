/**
 * Several workspaces of one organization behind one Web API: each is a whole fake Slack of its own,
 * and a token opens the one that it was given for. Here are the page on which a workspace allows an
 * app, the exchange of its code, and what Slack tells when the app is removed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createConsent, installerOf } from "./consent.ts";
import { deliverByHttp } from "./delivery.ts";
import {
  createFakeSlack,
  DISPATCH_TIMEOUT_MS,
  type FakeSlack,
  type FakeSlackOptions,
} from "./fake-slack.ts";
import { addressOf, answerJson, readBody } from "./http-exchange.ts";
import type { Json } from "./json.ts";
import { createTokens, type OAuthClient, type Tokens } from "./oauth.ts";
import { newId, newSecret } from "./state.ts";
import { API_PATH, argsOf } from "./web-api.ts";
import { type Answer, done, refuse } from "./web-api-method.ts";
import type { SlackTeam } from "./workspace.ts";

/** As Slack's own, beside the API. */
const AUTHORIZE_PATH = API_PATH.replace(/api\/$/, "oauth/v2/authorize");

export interface FakeOrganizationOptions
  extends Pick<FakeSlackOptions, "manifest" | "now" | "dispatchTimeoutMs"> {
  readonly teams: readonly SlackTeam[];
  /** Tokens that end after half a day, as an app may have them. */
  readonly isRotating?: boolean;
}

/** One call, and the workspace whose token it was made with. */
export interface OrganizationCall {
  readonly method: string;
  readonly slackTeamId: string | undefined;
  /** What the call came with, to see that it brings its own and no other. */
  readonly token: string | undefined;
}

export interface FakeOrganization {
  readonly client: OAuthClient;
  readonly signingSecret: string;
  /** For `SLACK_API_URL`. */
  readonly apiUrl: () => string;
  readonly listen: () => Promise<string>;
  readonly close: () => Promise<void>;
  readonly workspace: (slackTeamId: string) => FakeSlack;
  /** Where the bot listens: events go there, and browsers after an installation. */
  readonly setBotUrl: (url: string) => void;
  /** What a browser is sent to when somebody allows the app on the page of that address. */
  readonly allow: (authorizeUrl: string, installerId: string) => string;
  readonly deny: (authorizeUrl: string) => string;
  /** Takes the app out of a workspace or Grid; Slack tells the bot unless it is not `told`. */
  readonly uninstall: (
    installerId: string,
    options?: { readonly isTold?: boolean },
  ) => Promise<void>;
  /** Tells the bot something, as often as the test wants it told. */
  readonly tell: (
    installerId: string,
    event: Json,
    options?: {
      readonly eventId?: string;
      readonly attempt?: number;
      readonly secondsAgo?: number;
    },
  ) => Promise<void>;
  readonly calls: () => readonly OrganizationCall[];
}

export function createFakeOrganization(options: FakeOrganizationOptions): FakeOrganization {
  const { teams, manifest, now } = options;
  const client = { clientId: "1111.2222", clientSecret: newSecret() };
  const signingSecret = newSecret();
  const place = { baseUrl: "", botUrl: "" };
  const { scopes } = manifest;
  const tokens = createTokens({ client, now, scopes, isRotating: options.isRotating ?? false });
  const fakes = new Map(
    teams.map((team) => [
      team.slackTeamId,
      createFakeSlack({ ...options, team, credentials: { signingSecret } }),
    ]),
  );
  const fakeOf = (id: string): FakeSlack => {
    const fake = fakes.get(id);
    if (fake === undefined) throw new Error(`no workspace ${id}`);
    return fake;
  };
  const calls: OrganizationCall[] = [];
  const consent = createConsent({
    teams,
    tokens,
    appName: manifest.name,
    botUrl: () => place.botUrl,
  });
  const server = createServer(gateway({ tokens, fakeOf, calls, pageFor: consent.pageFor }));
  const tell = teller({ ...options, signingSecret, botUrl: () => place.botUrl });

  return {
    client,
    signingSecret,
    apiUrl: () => `${place.baseUrl}${API_PATH}`,
    workspace: fakeOf,
    calls: () => calls,
    tell,
    listen: async () => {
      await Promise.all([...fakes.values()].map(async (fake) => await fake.listen()));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      place.baseUrl = addressOf(server);
      return place.baseUrl;
    },
    close: async () => {
      await Promise.all([...fakes.values()].map(async (fake) => await fake.close()));
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
    setBotUrl: (url) => {
      place.botUrl = url;
      for (const fake of fakes.values()) fake.setRequestUrl(`${url}/slack/events`);
    },
    allow: consent.allow,
    deny: consent.deny,
    uninstall: async (installerId, { isTold = true } = {}) => {
      tokens.revoke(installerId);
      if (!isTold) return;
      const botUserId = installerOf(teams, installerId).teams[0]?.bot.userId;
      await tell(installerId, { type: "tokens_revoked", tokens: { oauth: [], bot: [botUserId] } });
      await tell(installerId, { type: "app_uninstalled" });
    },
  };
}

/** Signed events, in the form that Slack gives those of an installation. */
function teller(options: {
  readonly teams: readonly SlackTeam[];
  readonly signingSecret: string;
  readonly now: () => number;
  readonly dispatchTimeoutMs?: number;
  readonly botUrl: () => string;
}): FakeOrganization["tell"] {
  const { now, signingSecret, dispatchTimeoutMs: timeoutMs = DISPATCH_TIMEOUT_MS } = options;
  return async (installerId, event, { secondsAgo = 0, eventId = newId("Ev"), attempt } = {}) => {
    const { isEnterprise, teams } = installerOf(options.teams, installerId);
    const [team] = teams;
    const payload = {
      type: "event_callback",
      team_id: team?.slackTeamId ?? "",
      enterprise_id: team?.enterprise?.id ?? null,
      api_app_id: team?.bot.appId ?? "",
      event: { ...event, event_ts: String(now() / 1000) },
      event_id: eventId,
      event_time: Math.floor(now() / 1000) - secondsAgo,
      authorizations: [
        {
          enterprise_id: team?.enterprise?.id ?? null,
          team_id: isEnterprise ? null : (team?.slackTeamId ?? ""),
          user_id: team?.bot.userId ?? "",
          is_bot: true,
          is_enterprise_install: isEnterprise,
        },
      ],
      // Slack adds fields whenever it likes.
      context_of_tomorrow: { is_new: true },
    };
    const target = {
      url: `${options.botUrl()}/slack/events`,
      signingSecret,
      timeoutMs,
      now,
    };
    const retry = attempt === undefined ? {} : { retry: { attempt, reason: "http_timeout" } };
    await deliverByHttp(target, { kind: "events_api", payload, ...retry });
  };
}

interface GatewayParts {
  readonly tokens: Tokens;
  readonly fakeOf: (slackTeamId: string) => FakeSlack;
  readonly calls: OrganizationCall[];
  readonly pageFor: (authorizeUrl: string) => string;
}

/** The one Web API: a token opens the workspace that it is of, and no other. */
function gateway(
  parts: GatewayParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const call = async (request: IncomingMessage, response: ServerResponse, method: string) => {
    const body = await readBody(request);
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    const args = argsOf(request, body);
    const slackTeamId = teamOf(parts.tokens, token, args);
    parts.calls.push({ method, slackTeamId, token });
    const answer = ownMethod(parts.tokens, method, { args, token });
    if (answer !== undefined) answerJson(response, answer);
    else if (slackTeamId === undefined) answerJson(response, refuse("missing_argument"));
    else await pass({ fake: parts.fakeOf(slackTeamId), method, request, body }, response);
  };
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://sandbox");
    if (pathname === AUTHORIZE_PATH) {
      answerPage(response, () => parts.pageFor(`http://sandbox${request.url ?? ""}`));
      return;
    }
    if (!pathname.startsWith(API_PATH)) {
      answerJson(response, { error: `no such path: ${pathname}` }, { status: 404 });
      return;
    }
    call(request, response, pathname.slice(API_PATH.length)).catch(() => {
      response.destroy(); // As the workspace's own fake did, when a test told it to.
    });
  };
}

function answerPage(response: ServerResponse, render: () => string): void {
  try {
    const html = render();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answerJson(response, { error: message }, { status: 400 });
  }
}

/** Methods of Slack as a whole; undefined: one of a workspace. */
function ownMethod(
  tokens: Tokens,
  method: string,
  { args, token }: { readonly args: Json; readonly token: string | undefined },
): Answer | undefined {
  if (method === "oauth.v2.access") return tokens.exchange(args);
  const held = tokens.find(token);
  if (typeof held === "string") return refuse(held);
  if (method === "auth.revoke") {
    tokens.revoke(held.installer.id);
    return done({ revoked: true });
  }
  if (method !== "auth.teams.list") return undefined;
  const listed = held.installer.teams.map(({ slackTeamId: id, name }) => ({ id, name }));
  return done({ teams: listed, response_metadata: { next_cursor: "" } });
}

/** The workspace that a call is for: of a Grid's token, the one that it names. */
function teamOf(tokens: Tokens, token: string | undefined, args: Json): string | undefined {
  const held = tokens.find(token);
  if (typeof held === "string") return undefined;
  const { id, isEnterprise, teams } = held.installer;
  return isEnterprise
    ? teams.find(({ slackTeamId }) => slackTeamId === args["team_id"])?.slackTeamId
    : id;
}

/** Hands a call to the workspace's own Web API, and its answer back. */
async function pass(
  to: {
    readonly fake: FakeSlack;
    readonly method: string;
    readonly request: IncomingMessage;
    readonly body: string;
  },
  response: ServerResponse,
): Promise<void> {
  const { fake, method, request, body } = to;
  const answered = await fetch(`${fake.apiUrl()}${method}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${fake.credentials.botToken}`,
      "content-type": request.headers["content-type"] ?? "",
    },
    body,
  });
  const kept = ["retry-after", "x-oauth-scopes"].flatMap((name): [string, string][] => {
    const value = answered.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const { status } = answered;
  answerJson(response, await answered.json(), { status, headers: Object.fromEntries(kept) });
}
