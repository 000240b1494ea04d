/** What manifest.yml must declare, derived from the code that uses it. */
import { INSTALLATION_EVENTS } from "./installations/events.ts";
import type { SlackListeners } from "./listener.ts";
import { COMMAND, collectListeners } from "./registry.ts";
import { OPTIONAL_SCOPES, SCOPES_BY_CALL } from "./web.ts";

export interface ManifestSurface {
  readonly commands: readonly string[];
  /** Callback ids. */
  readonly shortcuts: readonly string[];
  readonly events: readonly string[];
  readonly scopes: readonly string[];
  readonly optionalScopes: readonly string[];
}

/** Each list sorted and without repeats. */
export function manifestSurface(listeners: readonly SlackListeners[]): ManifestSurface {
  const { subcommands, shortcuts, home } = collectListeners(listeners);
  const isCalled = subcommands.size + shortcuts.size > 0;
  return {
    commands: subcommands.size > 0 ? [COMMAND] : [],
    shortcuts: sorted(shortcuts.keys()),
    events: [...(home === undefined ? [] : ["app_home_opened"]), ...INSTALLATION_EVENTS],
    scopes: sorted([...Object.values(SCOPES_BY_CALL).flat(), ...(isCalled ? ["commands"] : [])]),
    optionalScopes: sorted(OPTIONAL_SCOPES),
  };
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].toSorted();
}
