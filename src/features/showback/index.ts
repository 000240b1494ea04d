/** What the rest of the program may use from showback. */

export { loadOwnSpend, scopeName } from "./flow.ts";
export { operationRoutes } from "./http/operations.ts";
export { parseSpendPeriod, showbackRoutes } from "./http.ts";
export { ownSpendBlocks } from "./messages.ts";
export type { GroupKey } from "./rules.ts";
export { showbackListeners } from "./slack.ts";
export { listSpend } from "./store.ts";
