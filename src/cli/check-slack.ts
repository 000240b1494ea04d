/** What `doctor` says of Slack: the one token, or that of every workspace that installed the bot. */
import { pino } from "pino";
import { readConfig } from "../app/config.ts";
import { slackAccess } from "../app/workspaces.ts";
import { AppError } from "../domain/errors.ts";
import type { Instant } from "../domain/time.ts";
import { type Installation, listInstallations } from "../slack/installations/store.ts";
import { manifestSurface } from "../slack/manifest-surface.ts";
import { OPTIONAL_SCOPES, type SlackWeb } from "../slack/web.ts";
import { createSlackWeb } from "../slack/web-client.ts";
import type { Database } from "../store/database.ts";
import { type Finding, failed, ok, warning } from "./finding.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** One workspace by its token. Where there are several, `checkInstallations` looks at each. */
export async function checkSlack(env: Environment): Promise<Finding> {
  if (hasManyWorkspaces(env)) return ok("several workspaces by OAuth: see installations");
  const token = env["SLACK_BOT_TOKEN"] ?? "";
  if (token === "") {
    return needsSlack(env)
      ? failed("SLACK_BOT_TOKEN is not set.")
      : ok("no token: this replica's ROLES need none");
  }
  const apiUrl = env["SLACK_API_URL"] ?? "";
  return await lookAt(
    createSlackWeb({ token, ...(apiUrl === "" ? {} : { apiUrl }) }),
    "Copy the Bot User OAuth Token from your app's OAuth & Permissions page into SLACK_BOT_TOKEN.",
  );
}

export function hasManyWorkspaces(env: Environment): boolean {
  return (env["SLACK_CLIENT_ID"] ?? "") !== "";
}

const INSTALL_AGAIN = "Install it there again: `claude-spend slack install-link`.";

/** Every installation, each with its own token. */
export async function checkInstallations(
  database: Database,
  env: Environment,
  now: Instant,
): Promise<Finding> {
  const result = readConfig(env);
  if (result.kind === "problems") return failed("the settings are not complete.");
  const installed = await listInstallations(database);
  if (installed.length === 0) {
    return warning("no workspace yet. Make a link with `claude-spend slack install-link`.");
  }
  const log = pino({ level: "silent" });
  const access = slackAccess(result.config, { database, clock: () => now, log });
  const workspaces = access.many?.([]).workspaces;
  const findings = await Promise.all(
    installed.map(async (one) => ({
      one,
      finding: await findingOf(one, async () => {
        const [slackTeamId = one.id] = one.slackTeamIds;
        const web = workspaces?.at({ slackTeamId }).web ?? access.web;
        return await lookAt(web, INSTALL_AGAIN);
      }),
    })),
  );
  const wrong = findings.filter(({ finding }) => finding.status !== "ok");
  if (wrong.length === 0)
    return ok(`${String(installed.length)} installed, token and scopes right`);
  const message = wrong
    .map(({ one, finding }) => `${one.name} (${one.id}): ${finding.message}`)
    .join(" ");
  return wrong.some(({ finding }) => finding.status === "failed")
    ? failed(message)
    : warning(message);
}

/** One that cannot be looked at hides none of the others. */
async function findingOf(one: Installation, look: () => Promise<Finding>): Promise<Finding> {
  if (one.revokedAt !== undefined) {
    return warning(`removed the bot at ${one.revokedAt.toISOString()}. ${INSTALL_AGAIN}`);
  }
  try {
    return await look();
  } catch (error) {
    return failed(error instanceof AppError ? error.message : String(error));
  }
}

async function lookAt(web: SlackWeb, remedy: string): Promise<Finding> {
  const { scopes } = await web.authTest().catch((error: unknown) => {
    throw withRemedy(error, remedy);
  });
  const missing = manifestSurface([]).scopes.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    return failed(`the app lacks ${missing.join(", ")}. Reinstall it from manifest.yml.`);
  }
  const optional = OPTIONAL_SCOPES.filter((scope) => !scopes.includes(scope));
  return optional.length === 0
    ? ok("token and scopes are right")
    : ok(
        `token and scopes are right; without ${optional.join(", ")} an alert may come twice after an outage`,
      );
}

/** The same failure, and what to do about it. */
function withRemedy(error: unknown, ofToken: string): unknown {
  if (!(error instanceof AppError)) return error;
  const remedy = error.code === "unavailable" ? "Check the network and SLACK_API_URL." : ofToken;
  return new AppError({ code: error.code, message: `${error.message} ${remedy}`, cause: error });
}

function needsSlack(env: Environment): boolean {
  const result = readConfig(env);
  return result.kind === "problems" || result.config.ROLES.some((role) => role !== "ingest");
}
