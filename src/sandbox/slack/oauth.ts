/**
 * Slack's side of OAuth, strict: a code counts once, for ten minutes, for the client that asked;
 * a token is of one workspace, or of an Enterprise Grid, until somebody removes the app.
 */
import { newSecret } from "./state.ts";
import { type Answer, done, refuse } from "./web-api-method.ts";
import type { SlackTeam } from "./workspace.ts";

const CODE_LIFE_MS = 10 * 60_000;

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Who allowed the app: one workspace, or a Grid for all of its own. */
export interface Installer {
  readonly id: string;
  readonly name: string;
  readonly isEnterprise: boolean;
  readonly teams: readonly SlackTeam[];
}

interface Code {
  readonly installer: Installer;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
  isUsed: boolean;
}

interface Token {
  readonly installer: Installer;
  readonly scopes: readonly string[];
  isRevoked: boolean;
}

export type Tokens = ReturnType<typeof createTokens>;

export function createTokens(options: {
  readonly client: OAuthClient;
  readonly now: () => number;
  /** What the manifest lets an app ask for. */
  readonly scopes: readonly string[];
  readonly isRotating: boolean;
}) {
  const codes = new Map<string, Code>();
  const tokens = new Map<string, Token>();

  const liveOf = (installerId: string) =>
    [...tokens].find(([, token]) => token.installer.id === installerId && !token.isRevoked);

  return {
    /** What is wrong with a request for permission; undefined when Slack would show its page. */
    problemOf: (asked: URLSearchParams): string | undefined => {
      if (asked.get("client_id") !== options.client.clientId) return "invalid_client_id";
      const wanted = (asked.get("scope") ?? "").split(",");
      return wanted.every((scope) => options.scopes.includes(scope)) ? undefined : "invalid_scope";
    },

    newCode: (installer: Installer, scopes: readonly string[]): string => {
      const code = newSecret();
      const expiresAt = options.now() + CODE_LIFE_MS;
      codes.set(code, { installer, scopes, expiresAt, isUsed: false });
      return code;
    },

    exchange: (args: Readonly<Record<string, unknown>>): Answer => {
      if (args["client_id"] !== options.client.clientId) return refuse("invalid_client_id");
      if (args["client_secret"] !== options.client.clientSecret) return refuse("bad_client_secret");
      const code = codes.get(String(args["code"]));
      if (code === undefined || options.now() > code.expiresAt) return refuse("invalid_code");
      if (code.isUsed) return refuse("code_already_used");
      code.isUsed = true;
      const { installer, scopes } = code;
      const token = liveOf(installer.id)?.[0] ?? `xoxb-${installer.id}-${newSecret()}`;
      tokens.set(token, { installer, scopes, isRevoked: false });
      return granted({ installer, scopes, token, isRotating: options.isRotating });
    },

    /** Whose token it is, or why Slack refuses it. */
    find: (token: string | undefined): Token | "not_authed" | "invalid_auth" | "token_revoked" => {
      if (token === undefined) return "not_authed";
      const found = tokens.get(token);
      if (found === undefined) return "invalid_auth";
      return found.isRevoked ? "token_revoked" : found;
    },

    /** Every token of a workspace or Grid. */
    revoke: (installerId: string): void => {
      for (const token of tokens.values()) {
        if (token.installer.id === installerId) token.isRevoked = true;
      }
    },

    tokenOf: (installerId: string): string | undefined => liveOf(installerId)?.[0],
  };
}

function granted(given: {
  readonly installer: Installer;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly isRotating: boolean;
}): Answer {
  const { installer, scopes, token, isRotating } = given;
  const [team] = installer.teams;
  return done({
    access_token: token,
    token_type: "bot",
    scope: scopes.join(","),
    bot_user_id: team?.bot.userId ?? "",
    app_id: team?.bot.appId ?? "",
    team: installer.isEnterprise ? null : { id: installer.id, name: installer.name },
    enterprise: team?.enterprise ?? null,
    is_enterprise_install: installer.isEnterprise,
    authed_user: { id: team?.people[0]?.id ?? "" },
    ...(isRotating ? { expires_in: 43_200, refresh_token: `xoxe-1-${newSecret()}` } : {}),
  });
}
