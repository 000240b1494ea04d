/** What the rest of the program may use from provider reports. */
export type { PullProgress } from "./flow/pull-report.ts";
export {
  type PullReportsDeps,
  type PullSettings,
  pullReports,
  type ReportOutcome,
} from "./flow/pull-reports.ts";
export { type Metering, type OrganizationKind, planReports, type Report } from "./rules.ts";
export { startPulling } from "./schedule.ts";
export { listPulls, type Pull } from "./store/pulls.ts";
