/** What the rest of the program may use from digests. */

export { slackReaders } from "./flow/audience.ts";
export { replaceGovernedDigests } from "./flow/plan.ts";
export { sendDueDigests } from "./flow/send.ts";
export type { DigestRule } from "./rules/plan.ts";
export { digestListeners } from "./slack.ts";
