/**
 * A revision of a row → the usage event that makes it count: a new event, one that corrects the
 * revision before, or one that voids it. Each has its own id, always the same for the same revision,
 * so that delivering it again changes nothing. Pure.
 */
import { parseEmail } from "../../../domain/email.ts";
import type { Usage, UsageEvent } from "../../../domain/usage.ts";
import type { Report } from "../rules.ts";
import type { ReportRow } from "./rows.ts";

/** The name under which what Anthropic reports is kept among the sources. */
export const REPORT_SOURCE = "anthropic";

export interface Revision {
  readonly report: Report;
  readonly row: ReportRow;
  readonly revision: number;
  readonly isWithdrawn: boolean;
  /** A short digest of the group, for the event's id. */
  readonly groupDigest: string;
}

/** The event of a revision; undefined when there is nothing to count and nothing to take back. */
export function eventOfRevision(
  now: Revision,
  before: Revision | undefined,
): UsageEvent | undefined {
  const wasCounted = before !== undefined && isCounted(before);
  if (isCounted(now)) {
    return {
      ...eventOf(now),
      ...(wasCounted ? { corrects: eventIdOf(before) } : {}),
    };
  }
  if (!wasCounted) return undefined;
  return { ...eventOf({ ...now, row: withoutUsage(now.row) }), voids: eventIdOf(before) };
}

function eventIdOf({ report, row, revision, groupDigest }: Revision): string {
  return [report, row.bucket.start.toISOString(), groupDigest, String(revision)].join("/");
}

/** Whether a row is spend of the organization: not empty, and not covered by a subscription. */
function isCounted({ row, isWithdrawn }: Revision): boolean {
  if (isWithdrawn || row.group["customerType"] === "subscription") return false;
  const quantities = Object.values(row.quantities ?? {});
  return quantities.some((quantity) => quantity > 0) || (row.listCost ?? 0n) > 0n;
}

function eventOf(revision: Revision): UsageEvent {
  const { row } = revision;
  const { group } = row;
  // A negative cost is a credit of Anthropic's accounts, not what this usage costs.
  const cost = row.listCost !== undefined && row.listCost > 0n ? row.listCost : undefined;
  return {
    source: REPORT_SOURCE,
    eventId: eventIdOf(revision),
    occurredAt: row.bucket.start,
    provider: "anthropic",
    // What has no model is named by what it is: "code_execution".
    model: group["model"] ?? group["costType"] ?? "unknown-model",
    usage: usageOf(row),
    requestId: undefined,
    messageId: undefined,
    userEmail: row.userEmail === undefined ? undefined : parseEmail(row.userEmail),
    claimedTeam: undefined,
    claimedProject: undefined,
    workspaceId: group["workspaceId"],
    apiKeyId: group["apiKeyId"],
    sessionId: undefined,
    operationId: undefined,
    tags: {},
    promptHash: undefined,
    reportedCost: cost,
    costBasis: cost === undefined ? "computed" : "reported",
    isIncomplete: false,
  };
}

const NOTHING = {
  uncachedInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  cacheReadInputTokens: 0,
  outputTokens: 0,
  webSearchRequests: 0,
};

function usageOf({ quantities, group }: ReportRow): Usage {
  return {
    ...(quantities ?? NOTHING),
    serviceTier: group["serviceTier"],
    inferenceGeo: group["inferenceGeo"],
    speed: group["speed"],
    iterations: [],
    isSummed: true,
  };
}

function withoutUsage(row: ReportRow): ReportRow {
  return { ...row, quantities: undefined, listCost: undefined, billedCost: undefined };
}
