/** What the rest of the program may use from App Home. */
export { homeListeners } from "./slack.ts";
