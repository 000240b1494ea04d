/** What the rest of the program may use from showback. */

export { type Question, readQuestion } from "./flow/question.ts";
export { loadOwnSpend, scopeName } from "./flow.ts";
export { operationRoutes } from "./http/operations.ts";
export { parseSpendPeriod, showbackRoutes } from "./http.ts";
export { ownSpendBlocks, reportRefusalMessage, unknownPersonMessage } from "./messages.ts";
export type { GroupKey, QuestionRefusal } from "./rules.ts";
export { showbackListeners } from "./slack.ts";
export { listSpend } from "./store.ts";
