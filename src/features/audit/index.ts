/** What the rest of the program may use from the audit trail. */
export { exportAudit, filterOfScope, reportDutiesOf } from "./flow.ts";
export { dutiesLines } from "./messages.ts";
export type { ChainedEntry } from "./rules.ts";
export { auditListeners } from "./slack.ts";
