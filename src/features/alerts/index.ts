/** What the rest of the program may use from alerts. */
export {
  type AlertDeps,
  type RaiseResult,
  raiseAlert,
  raiseAlerts,
} from "./flow/raise-alert.ts";
export { resolveThread } from "./flow/resolve-thread.ts";
export { alertRoutes } from "./http.ts";
export { REQUEST_RAISE_ACTION } from "./messages/thread.ts";
export { alertListeners } from "./slack.ts";
