/**
 * `claude-spend/client`: what an app imports to report its use of Claude. It stands alone: nothing
 * else of this project comes with it. docs/sources.md shows how to use it.
 */
export type { DropReason, RejectedEvent, UsageProblem } from "./problems.ts";
export { createUsageReporter, type UsageReporter, type UsageReporterOptions } from "./reporter.ts";
export type { UsageCounts } from "./sender.ts";
export type { ReportableMessage, UsageAttribution, UsageReport } from "./usage-event.ts";
export {
  type Attribution,
  type ReportableClient,
  type UsageMiddleware,
  usageMiddleware,
  withUsageReporting,
} from "./with-usage-reporting.ts";
