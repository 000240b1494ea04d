/** Which systems that keep limits this installation speaks to, by its settings. */
import {
  type IncreaseDesk,
  increaseDesk,
  type LimitKeepers,
  litellmKeeper,
  spendLimitKeeper,
} from "../features/limits/index.ts";
import { adminReader, type ReaderSurroundings } from "./admin-reader.ts";
import type { Config } from "./config.ts";

export interface LimitSettings {
  readonly keepers: LimitKeepers;
  /** Undefined: no Claude Enterprise organization. */
  readonly desk: IncreaseDesk | undefined;
}

/** Two budgets of requests: Anthropic's is shared with the reading of its reports. */
export function limitSettings(
  config: Pick<
    Config,
    | "ANTHROPIC_ADMIN_KEY"
    | "ANTHROPIC_BASE_URL"
    | "ANTHROPIC_ORG_KIND"
    | "LITELLM_BASE_URL"
    | "LITELLM_MASTER_KEY"
    | "CLAUDE_GATEWAY_URL"
    | "CLAUDE_GATEWAY_KEY"
  >,
  surroundings: ReaderSurroundings,
): LimitSettings {
  const adminKey = config.ANTHROPIC_ADMIN_KEY?.reveal();
  const anthropic =
    adminKey === undefined
      ? undefined
      : adminReader(surroundings, {
          budget: "anthropic-admin",
          access: { key: adminKey, baseUrl: config.ANTHROPIC_BASE_URL },
        });
  const gatewayKey = config.CLAUDE_GATEWAY_KEY?.reveal();
  const gateway =
    gatewayKey === undefined || config.CLAUDE_GATEWAY_URL === undefined
      ? undefined
      : {
          ...adminReader(surroundings, {
            budget: "claude-gateway",
            access: { key: gatewayKey, baseUrl: config.CLAUDE_GATEWAY_URL },
          }),
          // Its users and limits are its own, whatever organization it asks Claude for.
          requireOrganization: async () => await Promise.resolve(),
        };
  const litellmKey = config.LITELLM_MASTER_KEY?.reveal();
  const { signal } = surroundings;
  return {
    keepers: {
      ...(anthropic === undefined ? {} : { anthropic: spendLimitKeeper(anthropic, "anthropic") }),
      ...(gateway === undefined ? {} : { gateway: spendLimitKeeper(gateway, "gateway") }),
      ...(litellmKey === undefined || config.LITELLM_BASE_URL === undefined
        ? {}
        : {
            litellm: litellmKeeper({ baseUrl: config.LITELLM_BASE_URL, key: litellmKey, signal }),
          }),
    },
    desk:
      anthropic === undefined || config.ANTHROPIC_ORG_KIND !== "enterprise"
        ? undefined
        : increaseDesk(anthropic),
  };
}
