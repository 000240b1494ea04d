/** Slack's side of an installation: the page where it is allowed, and the token for its code. */
import { WebClient } from "@slack/web-api";
import pino from "pino";
import { AppError } from "../../domain/errors.ts";
import { boltLog } from "../bolt-log.ts";
import { slackFailure } from "../web-errors.ts";

export interface OAuthApp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Another root than https://slack.com/api/, for example a stand-in. */
  readonly apiUrl?: string;
}

/** What Slack gave for a code. */
export interface Grant {
  /** "T…" of a workspace, "E…" of an Enterprise Grid that installed for all of its workspaces. */
  readonly id: string;
  readonly name: string;
  readonly enterpriseId: string | undefined;
  readonly slackTeamIds: readonly string[];
  readonly token: string;
  readonly botUserId: string;
  readonly scopes: readonly string[];
  readonly installedBy: string;
  /** The token ends after some hours and would have to be renewed. */
  readonly isRotating: boolean;
}

const SLACK_API = "https://slack.com/api/";
const CALL_TIMEOUT_MS = 10_000;
/** A Grid of more workspaces than this learns the others when somebody there uses the bot. */
const TEAM_PAGES_MAX = 10;

/** Slack's page on which a workspace allows the bot. Stand-ins have theirs beside their API, too. */
export function authorizeUrl(
  { clientId, apiUrl = SLACK_API }: OAuthApp,
  { scopes, state }: { readonly scopes: readonly string[]; readonly state: string },
): string {
  const root = apiUrl.endsWith("/") ? apiUrl : `${apiUrl}/`;
  const url = new URL("../oauth/v2/authorize", root);
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("scope", scopes.join(","));
  url.searchParams.set("state", state);
  return url.href;
}

/** Exchanges a code, once; rejects with Slack's reason. */
export async function exchangeCode(app: OAuthApp, code: string): Promise<Grant> {
  const answer = await call(
    "oauth.v2.access",
    async () =>
      await clientOf(app).oauth.v2.access({
        client_id: app.clientId,
        client_secret: app.clientSecret,
        code,
      }),
  );
  const isForAll = answer.is_enterprise_install === true;
  const place = isForAll ? answer.enterprise : answer.team;
  const token = needed(answer.access_token, "access_token");
  const id = needed(place?.id, isForAll ? "enterprise.id" : "team.id");
  return {
    id,
    name: place?.name ?? id,
    enterpriseId: answer.enterprise?.id,
    slackTeamIds: isForAll ? await listTeams(app, token) : [id],
    token,
    botUserId: needed(answer.bot_user_id, "bot_user_id"),
    scopes: (answer.scope ?? "").split(",").filter((scope) => scope !== ""),
    installedBy: needed(answer.authed_user?.id, "authed_user.id"),
    isRotating: answer.refresh_token !== undefined || answer.expires_in !== undefined,
  };
}

/** Gives a token back that is not wanted. */
export async function revokeToken(app: OAuthApp, token: string): Promise<void> {
  await call("auth.revoke", async () => await clientOf(app, token).auth.revoke());
}

/** The workspaces that an Enterprise Grid has given the app. */
export async function listTeams(app: OAuthApp, token: string): Promise<readonly string[]> {
  const client = clientOf(app, token);
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < TEAM_PAGES_MAX; page += 1) {
    const from = cursor === undefined ? {} : { cursor };
    // oxlint-disable-next-line no-await-in-loop -- a page says where the next one begins
    const listed = await call("auth.teams.list", async () => await client.auth.teams.list(from));
    for (const { id } of listed.teams ?? []) if (id !== undefined) ids.push(id);
    cursor = listed.response_metadata?.next_cursor ?? "";
    if (cursor === "") break;
  }
  return ids;
}

/** Never with `headers`: the SDK writes the token into the given object. */
function clientOf({ apiUrl }: OAuthApp, token?: string): WebClient {
  return new WebClient(token, {
    timeout: CALL_TIMEOUT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl.endsWith("/") ? apiUrl : `${apiUrl}/` }),
    logger: boltLog(pino({ level: "silent" })),
  });
}

async function call<T>(method: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw slackFailure(method, error);
  }
}

function needed(value: string | undefined, field: string): string {
  if (value !== undefined && value !== "") return value;
  throw new AppError({ code: "internal", message: `oauth.v2.access: Slack sent no ${field}` });
}
