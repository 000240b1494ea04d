/** What the rest of the program may use from owners. */
export { reportOrphans, reportUnallocated } from "./flow.ts";
export { yamlOf } from "./messages.ts";
export { ownersListeners } from "./slack.ts";
