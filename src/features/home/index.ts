/** What the rest of the program may use from App Home. */
export type { HomePart } from "./flow/publish-home.ts";
export { refreshHomes } from "./flow/refresh-homes.ts";
export { homeListeners } from "./slack.ts";
