/** What the rest of the program may use from people's preferences. */
export { loadOwnPreferences } from "./flow.ts";
export { preferencesText } from "./messages.ts";
export type { OwnPreferences } from "./rules.ts";
export { preferencesListeners } from "./slack.ts";
