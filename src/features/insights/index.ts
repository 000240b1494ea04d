/** What the rest of the program may use from insights. */
export type { Ask } from "./flow/ask.ts";
export { explainChange } from "./flow/explain.ts";
export { lookAround } from "./flow/look-around.ts";
export { adoptPast } from "./flow/silences.ts";
export { insightListeners } from "./slack.ts";
