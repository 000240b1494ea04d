/** What the rest of the program may use from App Home. */
export { createHomeRefresher } from "./flow.ts";
export { homeListeners } from "./slack.ts";
