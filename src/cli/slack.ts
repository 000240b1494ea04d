/** `claude-spend slack`: which workspaces have the bot, and links by which they may install it. */
import { userInfo } from "node:os";
import type { Clock } from "../domain/time.ts";
import { LINK_LIFE_MS, makeInstallLink } from "../slack/installations/install.ts";
import { INSTALL_PATH } from "../slack/installations/routes.ts";
import { type Installation, listInstallations } from "../slack/installations/store.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { withDatabase } from "./with-database.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
}

export function defineSlackCommands(define: DefineCommand, surroundings: Surroundings): void {
  define(
    "install-link",
    "Make a link by which one more Slack workspace may install the bot, once.",
    async (_argument, options) => await makeLink(surroundings, options),
  )
    .option("--workspace <id>", "only this workspace (T…) or Enterprise Grid (E…)")
    .option("--url <address>", "where the bot is reached, such as https://spend.example.com");

  define("list", "The workspaces that have installed the bot, the first one first.", async () => {
    const found = await withDatabase(surroundings.env, async (database) => {
      await migrate(database);
      return await listInstallations(database);
    });
    return {
      text:
        found.length === 0
          ? "None. `claude-spend slack install-link` makes a link for the first one."
          : found.map(lineOf).join("\n"),
      json: { installations: found.map(jsonOf) },
    };
  });
}

async function makeLink(
  { env, clock }: Surroundings,
  options: Readonly<Record<string, unknown>>,
): Promise<Report> {
  const { workspace, url } = options;
  const onlyFor = typeof workspace === "string" ? workspace : undefined;
  const root = typeof url === "string" ? url.replace(/\/+$/, "") : "https://YOUR-BOT";
  const made = await withDatabase(env, async (database) => {
    await migrate(database);
    const madeBy = `command line (${userInfo().username})`;
    return await makeInstallLink({ database, clock }, { onlyFor, madeBy });
  });
  const link = `${root}${INSTALL_PATH}?link=${made.link}`;
  const hours = String(LINK_LIFE_MS / 3_600_000);
  return {
    text: `${link}\nFor ${onlyFor ?? "any workspace"}, once, within ${hours} hours. Whoever has it can let a workspace in: give it to nobody else.`,
    json: { url: link, only_for: onlyFor ?? null, expires_at: made.expiresAt.toISOString() },
  };
}

function lineOf(one: Installation): string {
  const { id, name, installedAt, revokedAt, revokedBecause, slackTeamIds } = one;
  const workspaces = id.startsWith("E") ? ` (${String(slackTeamIds.length)} workspaces)` : "";
  const state =
    revokedAt === undefined
      ? `installed ${installedAt.toISOString()}`
      : `removed ${revokedAt.toISOString()} (${revokedBecause ?? ""})`;
  return `${id}  ${name}${workspaces}  ${state}`;
}

/** Without the token, sealed as it is. */
function jsonOf(one: Installation): object {
  return {
    id: one.id,
    name: one.name,
    workspaces: one.slackTeamIds,
    scopes: one.scopes,
    installed_by: one.installedBy,
    installed_at: one.installedAt.toISOString(),
    revoked_at: one.revokedAt?.toISOString() ?? null,
    revoked_because: one.revokedBecause ?? null,
  };
}
