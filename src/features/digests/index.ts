/** What the rest of the program may use from digests. */
export { replaceGovernedDigests, sendDueDigests } from "./flow.ts";
