/** What a report says of a window: asks Anthropic and brings the answers into our rows. */
import {
  type AnalyticsDimension,
  readAnalyticsCost,
  readAnalyticsUsage,
} from "../../../anthropic/analytics-reports.ts";
import {
  readClaudeCode,
  readCostReport,
  readMessagesUsage,
} from "../../../anthropic/legacy-reports.ts";
import type { AdminReader } from "../../../anthropic/read.ts";
import type { ReportAnswer } from "../../../anthropic/report-row.ts";
import { readUserEmails } from "../../../anthropic/users.ts";
import { AppError } from "../../../domain/errors.ts";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  type Period,
} from "../../../domain/time.ts";
import { joinUsageAndCost, type ReportRow } from "../rules/rows.ts";
import { floorTo, type Report, type ReportPlan } from "../rules.ts";

/** Who, by which key, where, with what: all five that one question may be grouped by. */
const USAGE_GROUPS: readonly AnalyticsDimension[] = [
  "actor",
  "apiKeyId",
  "model",
  "serviceTier",
  "workspaceId",
];
const COST_GROUPS: readonly AnalyticsDimension[] = [
  "apiKeyId",
  "model",
  "product",
  "serviceTier",
  "workspaceId",
  "costType",
  "tokenType",
];

export interface WindowReader {
  /** Up to when the report says it is complete; undefined where it does not say. */
  readonly probe: (now: Instant) => Promise<Instant | undefined>;
  /** All rows of whole buckets in `window`. */
  readonly read: (window: Period) => Promise<{
    readonly rows: readonly ReportRow[];
    readonly dataRefreshedAt: Instant | undefined;
  }>;
}

/** A reader for one pull: what it looks up on the way (who is who) is looked up once. */
export function windowReader(plan: ReportPlan, reader: AdminReader): WindowReader {
  const ask = questionsOf(plan.report, reader);
  return {
    probe: async (now) => {
      if (ask.probe === undefined) return undefined;
      const end = floorTo(now, HOUR_MS);
      return earliestRefresh(await ask.probe({ start: addMs(end, -HOUR_MS), end }));
    },
    read: async (window) => {
      const { rows, answers } = await ask.read(window);
      for (const { bucket } of rows) checkBucket(plan, bucket, window);
      return { rows, dataRefreshedAt: earliestRefresh(answers) };
    },
  };
}

interface Questions {
  readonly probe: ((window: Period) => Promise<readonly ReportAnswer[]>) | undefined;
  readonly read: (
    window: Period,
  ) => Promise<{ readonly rows: readonly ReportRow[]; readonly answers: readonly ReportAnswer[] }>;
}

function questionsOf(report: Report, reader: AdminReader): Questions {
  switch (report) {
    case "analytics_usage": {
      const usage = async (window: Period, groupBy: readonly AnalyticsDimension[]) =>
        await readAnalyticsUsage(reader, { window, bucketWidth: "1h", groupBy });
      const cost = async (window: Period, groupBy: readonly AnalyticsDimension[]) =>
        await readAnalyticsCost(reader, { window, bucketWidth: "1h", groupBy });
      return {
        probe: async (window) => [await usage(window, []), await cost(window, [])],
        read: async (window) => {
          const answers = [
            await usage(window, USAGE_GROUPS),
            await cost(window, [...USAGE_GROUPS, "costType"]),
          ];
          const [used, paid] = answers.map(({ rows }) => rows);
          return { rows: joinUsageAndCost(used ?? [], paid ?? []), answers };
        },
      };
    }
    case "analytics_cost": {
      const cost = async (window: Period, bucketWidth: "1h" | "1d") =>
        await readAnalyticsCost(reader, { window, bucketWidth, groupBy: COST_GROUPS });
      return {
        probe: async (window) => [
          await readAnalyticsCost(reader, { window, bucketWidth: "1h", groupBy: [] }),
        ],
        read: async (window) => rowsOf(await cost(window, "1d")),
      };
    }
    case "messages_usage": {
      let emails: Promise<ReadonlyMap<string, string>> | undefined;
      return {
        probe: undefined,
        read: async (window) => {
          emails ??= readUserEmails(reader);
          const known = await emails;
          return rowsOf(
            await readMessagesUsage(reader, { window, emailOf: (userId) => known.get(userId) }),
          );
        },
      };
    }
    case "cost_report":
      return {
        probe: undefined,
        read: async (window) => rowsOf(await readCostReport(reader, window)),
      };
    case "claude_code":
      return {
        probe: undefined,
        read: async (window) => rowsOf(await readClaudeCode(reader, window.start)),
      };
  }
}

function rowsOf(answer: ReportAnswer): {
  readonly rows: ReportAnswer["rows"];
  readonly answers: readonly ReportAnswer[];
} {
  return { rows: answer.rows, answers: [answer] };
}

function earliestRefresh(answers: readonly ReportAnswer[]): Instant | undefined {
  const times = answers.map(({ dataRefreshedAt }) => dataRefreshedAt);
  const known = times.filter((at) => at !== undefined);
  // One that did not say may be behind all others.
  if (known.length < times.length || known.length === 0) return undefined;
  return instant(Math.min(...known.map((at) => at.getTime())));
}

/** A bucket of another width or day would be kept under a wrong name. */
function checkBucket(plan: ReportPlan, bucket: Period, window: Period): void {
  const isWhole = bucket.end.getTime() - bucket.start.getTime() === plan.bucketMs;
  if (isWhole && bucket.start >= window.start && bucket.end <= window.end) return;
  throw new AppError({
    code: "unavailable",
    message: `${plan.report}: Anthropic answered with a bucket from ${bucket.start.toISOString()} to ${bucket.end.toISOString()} when asked for whole ${plan.bucketMs === DAY_MS ? "days" : "hours"} from ${window.start.toISOString()} to ${window.end.toISOString()}. Nothing of it was taken.`,
  });
}
