/** Both sides of a bill for tests: what Anthropic served is recorded here as our sources tell it. */
import { pino } from "pino";
import { addMs, type Instant, type Period } from "../../src/domain/time.ts";
import type { UsageEvent } from "../../src/domain/usage.ts";
import { createIngestMemory, recordUsage } from "../../src/features/ingest/index.ts";
import type { LedgerRequest } from "../../src/sandbox/anthropic/ledger.ts";
import type { Database } from "../../src/store/database.ts";
import type { ManualClock } from "./clock.ts";
import { aRequest } from "./report-builders.ts";
import { anEvent } from "./report-pricing.ts";

/** A request of the ledger as a source reports it, unless the test says otherwise. */
export function reportedBy(
  source: string,
  request: LedgerRequest,
  overrides: Partial<UsageEvent> = {},
): UsageEvent {
  return {
    ...anEvent(request),
    source,
    eventId: `${source}-${request.id}`,
    requestId: undefined,
    messageId: undefined,
    userEmail: undefined,
    claimedTeam: undefined,
    claimedProject: undefined,
    apiKeyId: request.apiKeyId ?? undefined,
    sessionId: undefined,
    operationId: undefined,
    tags: {},
    promptHash: undefined,
    reportedCost: undefined,
    costBasis: "computed",
    isIncomplete: false,
    ...overrides,
  };
}

/** Records events as every source's deliveries are recorded. */
export async function record(
  database: Database,
  time: ManualClock,
  events: readonly UsageEvent[],
): Promise<void> {
  const bySource = new Map<string, UsageEvent[]>();
  for (const event of events) {
    bySource.set(event.source, [...(bySource.get(event.source) ?? []), event]);
  }
  const results = await recordUsage(
    {
      database,
      clock: time.clock,
      log: pino({ level: "silent" }),
      ingestMemory: createIngestMemory(),
    },
    [...bySource].map(([name, batch]) => ({
      source: { name, isTrusted: true },
      batch: batch.map((event, index) => ({ kind: "event" as const, index, event })),
    })),
  );
  const rejected = results.flatMap((result) => result.rejected);
  if (rejected.length > 0) throw new Error(JSON.stringify(rejected[0]?.message));
}

/** One request after the other, evenly over a period: two models in two workspaces. */
export function steadyRequests(period: Period, everyMs: number): readonly LedgerRequest[] {
  const requests: LedgerRequest[] = [];
  for (let at: Instant = period.start; at < period.end; at = addMs(at, everyMs)) {
    const number = requests.length;
    requests.push(
      aRequest(at, {
        model: number % 2 === 0 ? "claude-opus-5-5" : "claude-sonnet-5-5",
        workspaceId: number % 3 === 0 ? "wrkspc_support" : "wrkspc_search",
        webSearches: number % 5 === 0 ? 1 : 0,
        tokens: {
          uncached_input_tokens: 1_000 + number,
          output_tokens: 500 + ((number * number * 7) % 311),
        },
      }),
    );
  }
  return requests;
}
