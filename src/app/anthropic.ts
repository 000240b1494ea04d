/** Which of Anthropic's reports this installation reads, and whether it asks Claude, by its settings. */
import { askClaude } from "../anthropic/ask.ts";
import { AppError } from "../domain/errors.ts";
import type { Ask } from "../features/insights/index.ts";
import type { PullSettings } from "../features/provider-reports/index.ts";
import { type Config, readConfig } from "./config.ts";

/** Undefined: there is no admin key, so nothing is read. */
export function pullSettingsOf(
  config: Pick<
    Config,
    "ANTHROPIC_ADMIN_KEY" | "ANTHROPIC_BASE_URL" | "ANTHROPIC_ORG_KIND" | "ANTHROPIC_METERING"
  >,
): PullSettings | undefined {
  const key = config.ANTHROPIC_ADMIN_KEY?.reveal();
  if (key === undefined) return undefined;
  return {
    access: { key, baseUrl: config.ANTHROPIC_BASE_URL },
    kind: config.ANTHROPIC_ORG_KIND,
    metering: config.ANTHROPIC_METERING,
  };
}

/** Undefined: there is no key for the bot's own use of Claude. */
export function askOf(
  config: Pick<Config, "ANTHROPIC_API_KEY" | "ANTHROPIC_BASE_URL">,
): Ask | undefined {
  const key = config.ANTHROPIC_API_KEY?.reveal();
  if (key === undefined) return undefined;
  return async (request) => await askClaude({ key, baseUrl: config.ANTHROPIC_BASE_URL }, request);
}

/** The same of an environment, whatever else is missing in it: for who only reads reports. */
export function readPullSettings(
  env: Readonly<Record<string, string | undefined>>,
): PullSettings | undefined {
  const own = Object.entries(env).filter(([name]) => name.startsWith("ANTHROPIC_"));
  const result = readConfig({ ROLES: "ingest", ...Object.fromEntries(own) });
  if (result.kind === "config") return pullSettingsOf(result.config);
  throw new AppError({ code: "invalid", message: result.problems.join("; ") });
}
