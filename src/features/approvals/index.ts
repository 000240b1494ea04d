/** What the rest of the program may use from approvals. */
export { type ApproverGroups, prefetchApproverGroups } from "./flow/approvers.ts";
export type { ApprovalApplier, ApprovedRequest } from "./flow/decide-approval.ts";
export { listOpenApprovals } from "./flow/list-approvals.ts";
export { escalateApprovals, expireApprovals } from "./flow/pass-time.ts";
export { requestApproval } from "./flow/request-approval.ts";
export { approvalRoutes } from "./http.ts";
export { requestRefusalText } from "./messages/answers.ts";
export { approvalCardBlocks } from "./messages/card.ts";
export { approvalListeners, slackApproverGroups } from "./slack.ts";
export { replaceApprovalPolicies } from "./store/policies.ts";
