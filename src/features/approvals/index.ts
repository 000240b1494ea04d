/** What the rest of the program may use from approvals. */
export type {
  ApprovalApplier,
  ApprovalAppliers,
  ApprovalEffects,
  ApprovedRequest,
} from "./flow/applier.ts";
export { type ApproverGroups, withApproverGroups } from "./flow/approvers.ts";
export { cancelApproval } from "./flow/cancel-approval.ts";
export { closeApproval } from "./flow/close-approval.ts";
export { type Explanation, explainApproval } from "./flow/explain.ts";
export { followAuthority } from "./flow/follow-authority.ts";
export { listEarlierApprovals, listOpenApprovals } from "./flow/list-approvals.ts";
export { escalateApprovals, expireApprovals, remindApprovers } from "./flow/pass-time.ts";
export { requestApproval } from "./flow/request-approval.ts";
export { approvalRoutes } from "./http.ts";
export { requestRefusalText } from "./messages/answers.ts";
export { approvalCardBlocks } from "./messages/card.ts";
export { approvalListeners, slackApproverGroups } from "./slack.ts";
export { replaceApprovalPolicies } from "./store/policies.ts";
