/** What the rest of the program may use from App Home. */
export { createHomeRefresher, homeListeners } from "./slack.ts";
