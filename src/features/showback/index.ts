/** What the rest of the program may use from showback. */
export { loadExamples } from "./flow/examples.ts";
export { type Question, readQuestion } from "./flow/question.ts";
export { operationRoutes } from "./http/operations.ts";
export { parseSpendPeriod, showbackRoutes } from "./http.ts";
export { unknownPersonMessage } from "./messages.ts";
export type { GroupKey, QuestionRefusal, UnitCost } from "./rules.ts";
export { showbackListeners } from "./slack.ts";
export { listSpend } from "./store.ts";
