/** Which of Anthropic's reports this installation reads, by its settings. */
import type { PullSettings } from "../features/provider-reports/index.ts";
import type { Config } from "./config.ts";

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
