/** Which of Anthropic's reports this installation reads, by its settings. */
import { AppError } from "../domain/errors.ts";
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

/** The same of an environment, whatever else is missing in it: for who only reads reports. */
export function readPullSettings(
  env: Readonly<Record<string, string | undefined>>,
): PullSettings | undefined {
  const own = Object.entries(env).filter(([name]) => name.startsWith("ANTHROPIC_"));
  const result = readConfig({ ROLES: "ingest", ...Object.fromEntries(own) });
  if (result.kind === "config") return pullSettingsOf(result.config);
  throw new AppError({ code: "invalid", message: result.problems.join("; ") });
}
