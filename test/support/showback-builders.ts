/** Spend and reports for tests of showback; a test names what it is about. */
import { pino } from "pino";
import { instant, timeZone } from "../../src/domain/time.ts";
import { createIngestMemory } from "../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../src/features/ingest/native-event.ts";
import type { SpendReport, SpendTotals } from "../../src/features/showback/rules.ts";
import type { Database } from "../../src/store/database.ts";
import { usd } from "./builders.ts";

export function spendTotals(overrides: Partial<SpendTotals> = {}): SpendTotals {
  return {
    cost: usd(355),
    requests: 1_000,
    tokens: {
      uncached_input: 100,
      cache_write_5m: 50,
      cache_write_1h: 50,
      cache_read: 800,
      output: 300,
    },
    ...overrides,
  };
}

export function aSpendReport(overrides: Partial<SpendReport> = {}): SpendReport {
  return {
    scope: { kind: "team", key: "search" },
    name: "Search",
    period: {
      current: { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-11-23T10:15:00Z") },
      previous: { start: instant("2026-10-01T00:00:00Z"), end: instant("2026-10-23T10:15:00Z") },
      label: "Month to date",
      previousLabel: "same days last month",
      typed: "mtd",
    },
    typed: "search",
    zone: timeZone("UTC"),
    view: { by: undefined, isExact: false },
    course: {
      step: "day",
      points: [
        { at: instant("2026-11-01T00:00:00Z"), cost: usd(155) },
        { at: instant("2026-11-02T00:00:00Z"), cost: usd(200) },
      ],
    },
    dimensions: ["project", "model", "user"],
    unitCosts: [],
    mayShare: true,
    dataUntil: instant("2026-11-23T10:00:00Z"),
    spend: spendTotals(),
    previous: spendTotals({ cost: usd(200) }),
    breakdowns: [
      {
        key: "model",
        rows: [
          { key: "claude-haiku-4-5", cost: usd(55) },
          { key: "claude-opus-5-5", cost: usd(300) },
        ],
      },
    ],
    budgets: [
      {
        raiseValue: "search-monthly|",
        periodKind: "monthly",
        limit: usd(500),
        spend: usd(355),
        percent: 71,
      },
    ],
    asOf: instant("2026-11-23T10:07:00Z"),
    ...overrides,
  };
}

/** Records native events as the ingest endpoint does; throws when one is not accepted. */
export async function recordEvents(
  database: Database,
  events: readonly unknown[],
  { source = "default", at = "2026-11-23T12:00:00Z" } = {},
): Promise<void> {
  const now = instant(at);
  const [result] = await recordUsage(
    {
      database,
      clock: () => now,
      log: pino({ level: "silent" }),
      ingestMemory: createIngestMemory(),
    },
    [
      {
        source: { name: source, isTrusted: true },
        batch: events.map((raw, index) => parseNativeEvent(raw, { index, source, now })),
      },
    ],
  );
  if (result?.accepted !== events.length) throw new Error(JSON.stringify(result?.rejected));
}
