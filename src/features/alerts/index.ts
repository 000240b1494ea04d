/** What the rest of the program may use from alerts. */
export { deadDestinationNews, listClosedFor } from "./flow/dead-destinations.ts";
export { type Explain, type Explained, explain } from "./flow/explain.ts";
export { gatherAlerts } from "./flow/gather-alerts.ts";
export { loadPreferences, savePreferences } from "./flow/preferences.ts";
export { type AlertDeps, type RaiseResult, raiseAlert, raiseAlerts } from "./flow/raise-alert.ts";
export { releaseHeldAlerts } from "./flow/release-held.ts";
export { resolveThread } from "./flow/resolve-thread.ts";
export { alertRoutes } from "./http.ts";
export type { Explanation } from "./rules/explanation.ts";
export { scopeName } from "./rules/names.ts";
export { alertListeners } from "./slack/listeners.ts";
