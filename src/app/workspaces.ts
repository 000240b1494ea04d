/** The way to Slack from the settings: one workspace by its token, or several by OAuth (ADR 0032). */
import type { Logger } from "pino";
import type { Clock } from "../domain/time.ts";
import { uninstall } from "../slack/installations/install.ts";
import { listTeams, type OAuthApp } from "../slack/installations/oauth.ts";
import { installRoutes } from "../slack/installations/routes.ts";
import type { SlackListeners } from "../slack/listener.ts";
import { manifestSurface } from "../slack/manifest-surface.ts";
import { createManyWorkspaces, type ManySlack } from "../slack/many-workspaces.ts";
import type { SlackWeb } from "../slack/web.ts";
import { createSlackWeb } from "../slack/web-client.ts";
import type { Database } from "../store/database.ts";
import { type Config, secretsKeyOf } from "./config.ts";
import { slackApiUrl } from "./slack.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SlackAccess {
  readonly web: SlackWeb;
  /** Undefined: one workspace by its token. */
  readonly many: ((listeners: readonly SlackListeners[]) => ManySlack) | undefined;
}

/** Without any network. */
export function slackAccess(config: Config, deps: Deps): SlackAccess {
  const { log } = deps;
  const dataBlocks = deps;
  const oauth = oauthSettings(config);
  if (oauth === undefined) {
    const token = config.SLACK_BOT_TOKEN?.reveal() ?? "";
    return {
      web: createSlackWeb({ token, log, dataBlocks, ...slackApiUrl(config) }),
      many: undefined,
    };
  }
  const { app, stateSecret, secretsKey } = oauth;
  const { web, workspaces } = createManyWorkspaces({
    ...deps,
    secretsKey,
    createWeb: ({ token, slackTeamId, isOfEnterprise }) =>
      createSlackWeb({
        token,
        log,
        dataBlocks,
        ...slackApiUrl(config),
        ...(isOfEnterprise ? { slackTeamId } : {}),
      }),
    listTeams: async (token) => await listTeams(app, token),
  });
  return {
    web,
    many: (listeners) => {
      const { scopes, optionalScopes } = manifestSurface(listeners);
      return {
        workspaces,
        routes: installRoutes({
          ...deps,
          app,
          secretsKey,
          stateSecret,
          scopes: [...scopes, ...optionalScopes],
        }),
        onGone: async (gone) => {
          const isNews = await uninstall(deps, gone);
          const fields = {
            work: "slack installation",
            installation: gone.id,
            reason: gone.because,
          };
          if (isNews) log.warn(fields, "a workspace removed the bot; its token is deleted");
        },
      };
    },
  };
}

/** Undefined: there is one workspace. `readConfig` has made sure that nothing is missing. */
function oauthSettings(
  config: Config,
):
  | { readonly app: OAuthApp; readonly stateSecret: string; readonly secretsKey: Buffer }
  | undefined {
  const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = config;
  const stateSecret = config.SLACK_STATE_SECRET?.reveal();
  const secretsKey = secretsKeyOf(config);
  return clientId === undefined ||
    clientSecret === undefined ||
    stateSecret === undefined ||
    secretsKey === undefined
    ? undefined
    : {
        app: { clientId, clientSecret: clientSecret.reveal(), ...slackApiUrl(config) },
        stateSecret,
        secretsKey,
      };
}
