import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, HOUR_MS, instant, MINUTE_MS } from "../../../src/domain/time.ts";
import {
  joinUsageAndCost,
  type KnownRow,
  type ReportRow,
  restate,
  rowKeyOf,
} from "../../../src/features/provider-reports/rules/rows.ts";
import {
  eventOfRevision,
  type Revision,
} from "../../../src/features/provider-reports/rules/usage-event.ts";
import {
  chunksOf,
  completeUntil,
  earliestStart,
  firstStart,
  frontierAfter,
  nextAttempt,
  type PullPosition,
  planReadings,
  planReports,
  rereadStart,
} from "../../../src/features/provider-reports/rules.ts";
import { usd } from "../../support/builders.ts";

const NOW = instant("2026-11-23T10:20:00Z");
const HOURLY = { bucketMs: HOUR_MS, settleMs: HOUR_MS };
const BUCKET = { start: instant("2026-11-20T00:00:00Z"), end: instant("2026-11-20T01:00:00Z") };

function aRow(parts: Partial<ReportRow> = {}): ReportRow {
  return {
    bucket: BUCKET,
    group: { model: "claude-opus-5-5", workspaceId: "wrkspc_1" },
    userEmail: undefined,
    requestCount: 2,
    quantities: {
      uncachedInputTokens: 10,
      cacheCreation5mInputTokens: 0,
      cacheCreation1hInputTokens: 0,
      cacheReadInputTokens: 0,
      outputTokens: 5,
      webSearchRequests: 0,
    },
    listCost: usd(3),
    billedCost: usd(2),
    ...parts,
  };
}

/** What is stored after `told` was restated over `known`. */
function stored(told: readonly ReportRow[], known: readonly KnownRow[]): readonly KnownRow[] {
  const rows = new Map(known.map((row) => [row.rowKey, row]));
  for (const revision of restate(told, known)) {
    const rowKey = rowKeyOf({ bucket: revision.row.bucket, groupKey: revision.groupKey });
    rows.set(rowKey, { rowKey, ...revision });
  }
  return [...rows.values()];
}

describe("which reports are read", () => {
  test.each([
    ["console", "off", ["analytics_cost", "cost_report"]],
    ["console", "messages", ["analytics_cost", "cost_report", "messages_usage"]],
    ["console", "claude_code", ["analytics_cost", "cost_report", "claude_code"]],
    ["enterprise", "off", ["analytics_cost"]],
    ["enterprise", "analytics", ["analytics_cost", "analytics_usage"]],
  ] as const)("%s, metering %s", (kind, metering, reports) => {
    expect(planReports({ kind, metering }).map(({ report }) => report)).toEqual(reports);
  });
});

describe("up to when a report is complete", () => {
  test.each([
    ["what it says, in whole buckets", "2026-11-23T08:59:59Z", "2026-11-23T08:00:00Z"],
    ["exactly the end of a bucket", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"],
    ["never the future, whatever it says", "2026-11-24T00:00:00Z", "2026-11-23T10:00:00Z"],
    ["what is documented, when it says nothing", undefined, "2026-11-23T09:00:00Z"],
  ])("%s", (_, told, expected) => {
    const dataRefreshedAt = told === undefined ? undefined : instant(told);

    expect(completeUntil(HOURLY, { now: NOW, dataRefreshedAt })).toEqual(instant(expected));
  });

  test("nothing is asked that Anthropic does not keep", () => {
    expect(earliestStart(NOW)).toEqual(instant("2026-01-01T00:00:00Z"));
    expect(earliestStart(instant("2027-06-01T12:00:00Z"))).toEqual(instant("2026-06-02T00:00:00Z"));
  });
});

describe("where a report begins", () => {
  const at = { now: NOW, countedUntil: undefined };

  test("costs a month back, usage now, or where the usage report before ended", () => {
    const usage = { bucketMs: DAY_MS, isMetered: true };
    expect(firstStart({ bucketMs: DAY_MS, isMetered: false }, at)).toEqual(
      instant("2026-10-23T00:00:00Z"),
    );
    expect(firstStart(usage, at)).toEqual(instant("2026-11-23T00:00:00Z"));
    // The rest of that day has been counted in part already.
    expect(firstStart(usage, { now: NOW, countedUntil: instant("2026-11-20T05:00:00Z") })).toEqual(
      instant("2026-11-21T00:00:00Z"),
    );
  });
});

describe("what is read", () => {
  const position: PullPosition = {
    startsAt: instant("2026-11-01T00:00:00Z"),
    completeUntil: instant("2026-11-23T08:00:00Z"),
    rereadUntil: undefined,
    rereadStartedAt: NOW,
    recentRereadAt: NOW,
  };

  test("what is new, up to where it is complete", () => {
    const target = instant("2026-11-23T09:00:00Z");

    expect(planReadings(HOURLY, position, { target, now: NOW })).toEqual([
      { kind: "new", window: { start: position.completeUntil, end: target } },
    ]);
  });

  test("nothing while the report stands still or falls back", () => {
    const target = instant("2026-11-23T07:00:00Z");

    expect(planReadings(HOURLY, position, { target, now: NOW })).toEqual([]);
  });

  test("again after a day, from where it stopped, and never from before it began to count", () => {
    const tomorrow = addMs(NOW, DAY_MS);

    expect(rereadStart(position, addMs(tomorrow, -1))).toBeUndefined();
    expect(rereadStart(position, tomorrow)).toEqual({
      from: position.startsAt,
      startedAt: tomorrow,
    });
    const rereadUntil = instant("2026-11-10T00:00:00Z");
    expect(rereadStart({ ...position, rereadUntil }, NOW)).toEqual({
      from: rereadUntil,
      startedAt: NOW,
    });
  });

  test("chunks tile a window without gap or overlap, each within its step", () => {
    const hours = fc.integer({ min: 0, max: 2_000 });
    fc.assert(
      fc.property(hours, hours, fc.constantFrom(1, 7, 31), (from, length, days) => {
        const start = addMs(instant("2026-01-01T00:00:00Z"), from * HOUR_MS);
        const window = { start, end: addMs(start, length * HOUR_MS) };
        const chunks = chunksOf(window, days * DAY_MS);

        let at = window.start;
        for (const chunk of chunks) {
          expect(chunk.start).toEqual(at);
          expect(chunk.end.getTime() - chunk.start.getTime()).toBeLessThanOrEqual(days * DAY_MS);
          at = chunk.end;
        }
        expect(at).toEqual(window.end);
      }),
    );
  });

  test("the frontier moves only over what leaves no gap", () => {
    const chunk = { start: instant("2026-11-10T00:00:00Z"), end: instant("2026-11-11T00:00:00Z") };

    expect(frontierAfter(chunk.start, chunk)).toEqual(chunk.end);
    expect(frontierAfter(addMs(chunk.start, -1), chunk)).toEqual(addMs(chunk.start, -1));
    expect(frontierAfter(addMs(chunk.end, 1), chunk)).toEqual(addMs(chunk.end, 1));
  });
});

test("a failure is tried again sooner or later, by what it is", () => {
  const after = (failures: number, needsOperator: boolean): number =>
    nextAttempt(NOW, { failures, needsOperator }).getTime() - NOW.getTime();

  expect([1, 2, 3, 20].map((failures) => after(failures, false) / MINUTE_MS)).toEqual([
    1, 2, 4, 30,
  ]);
  expect(after(1, true)).toBe(HOUR_MS);
  expect(after(0, false)).toBe(5 * MINUTE_MS);
});

describe("restating", () => {
  const row = fc.record({
    workspace: fc.constantFrom("a", "b", "c"),
    output: fc.integer({ min: 0, max: 3 }),
  });
  const tell = (rows: readonly { readonly workspace: string; readonly output: number }[]) =>
    rows.map(({ workspace, output }) => {
      const { quantities } = aRow();
      return aRow({
        group: { workspaceId: workspace },
        quantities: quantities === undefined ? undefined : { ...quantities, outputTokens: output },
      });
    });

  test("ends in what the report says, whatever was stored; saying it again changes nothing", () => {
    const report = fc.uniqueArray(row, { selector: ({ workspace }) => workspace });
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 4 }), (reports) => {
        let known: readonly KnownRow[] = [];
        for (const told of reports) known = stored(tell(told), known);

        const last = tell(reports.at(-1) ?? []);
        const current = known.filter(({ isWithdrawn }) => !isWithdrawn);
        expect(current.map(({ row: kept }) => JSON.stringify(kept.group)).toSorted()).toEqual(
          last.map(({ group }) => JSON.stringify(group)).toSorted(),
        );
        expect(restate(last, known)).toEqual([]);
      }),
    );
  });

  test("a changed address or cost is another content; the order of a group is not", () => {
    const known = stored([aRow({ userEmail: "bo@acme.test" })], []);

    expect(restate([aRow({ userEmail: "bo@new.test" })], known)).toMatchObject([{ revision: 2 }]);
    expect(restate([aRow({ userEmail: "bo@acme.test", billedCost: usd(1) })], known)).toMatchObject(
      [{ revision: 2 }],
    );
    const group = { workspaceId: "wrkspc_1", model: "claude-opus-5-5" };
    expect(restate([aRow({ userEmail: "bo@acme.test", group })], known)).toEqual([]);
  });

  test("rows that look the same are one, of their sum", () => {
    const [sum] = restate([aRow(), aRow()], []);

    expect(sum?.row).toMatchObject({ requestCount: 4, listCost: usd(6), billedCost: usd(4) });
    expect(sum?.row.quantities?.outputTokens).toBe(10);
  });
});

test("usage gets its cost; what has only one of the two stays a row of its own", () => {
  const usage = aRow({ listCost: undefined, billedCost: undefined });
  const cost = (costType: string, group = usage.group): ReportRow =>
    aRow({ group: { ...group, costType }, quantities: undefined, requestCount: undefined });
  const priority = { ...usage, group: { serviceTier: "priority" } };

  const rows = joinUsageAndCost(
    [usage, priority],
    [
      cost("tokens"),
      cost("web_search"),
      cost("code_execution"),
      cost("tokens", { model: "other" }),
    ],
  );

  expect(rows).toEqual([
    { ...usage, listCost: usd(6), billedCost: usd(4) },
    priority,
    cost("code_execution"),
    cost("tokens", { model: "other" }),
  ]);
});

describe("the event of a revision", () => {
  const revision = (parts: Partial<Revision> = {}): Revision => ({
    report: "analytics_usage",
    row: aRow(),
    revision: 1,
    isWithdrawn: false,
    groupDigest: "abc",
    ...parts,
  });
  const first = "analytics_usage/2026-11-20T00:00:00.000Z/abc/1";
  const second = "analytics_usage/2026-11-20T00:00:00.000Z/abc/2";

  test("is new, corrects the one before, voids it, or is nothing", () => {
    const gone = revision({ revision: 2, isWithdrawn: true });

    expect(eventOfRevision(revision(), undefined)).not.toHaveProperty("corrects");
    expect(eventOfRevision(revision({ revision: 2 }), revision())).toMatchObject({
      eventId: second,
      corrects: first,
    });
    expect(eventOfRevision(gone, revision())).toMatchObject({ eventId: second, voids: first });
    expect(eventOfRevision(gone, undefined)).toBeUndefined();
    expect(eventOfRevision(revision({ revision: 3 }), gone)).not.toHaveProperty("corrects");
  });

  test("costs what the report says, else what the price list says", () => {
    expect(eventOfRevision(revision(), undefined)).toMatchObject({
      costBasis: "reported",
      reportedCost: usd(3),
    });
    const uncosted = revision({ row: aRow({ listCost: undefined }) });
    expect(eventOfRevision(uncosted, undefined)).toMatchObject({
      costBasis: "computed",
      reportedCost: undefined,
    });
  });

  test("what a subscription covers is no spend", () => {
    const row = aRow({ group: { customerType: "subscription", model: "claude-opus-5-5" } });

    expect(eventOfRevision(revision({ row }), undefined)).toBeUndefined();
  });

  test("what has no model is named by what it is", () => {
    const row = aRow({ group: { costType: "code_execution" }, quantities: undefined });

    expect(eventOfRevision(revision({ row }), undefined)).toMatchObject({
      model: "code_execution",
    });
  });
});
