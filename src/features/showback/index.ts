/** What the rest of the program may use from showback. */
export { loadOwnSpend, loadTotals, scopeName } from "./flow.ts";
export { showbackRoutes } from "./http.ts";
export { changePercent, type GroupKey, type SpendTotals, topRows } from "./rules.ts";
export { showbackListeners } from "./slack.ts";
export { listSpend } from "./store.ts";
