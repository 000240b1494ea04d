/**
 * Rows of reports: what makes a row the same row, what makes it another content, and what has to
 * be written so that what is stored says what the report says. Pure.
 */
import { addUsd, type Usd, usdToDecimal } from "../../../domain/money.ts";
import type { Period } from "../../../domain/time.ts";
import type { UsageQuantities } from "../../../domain/usage.ts";

export interface RowQuantities extends UsageQuantities {
  readonly webSearchRequests: number;
}

/** A row as a report tells it. What it does not tell is undefined. */
export interface ReportRow {
  readonly bucket: Period;
  readonly group: Readonly<Partial<Record<string, string>>>;
  readonly userEmail: string | undefined;
  readonly requestCount: number | undefined;
  readonly quantities: RowQuantities | undefined;
  readonly listCost: Usd | undefined;
  readonly billedCost: Usd | undefined;
}

/** The newest revision of a row that is stored. */
export interface KnownRow {
  readonly rowKey: string;
  readonly revision: number;
  readonly content: string;
  readonly isWithdrawn: boolean;
  readonly row: ReportRow;
}

export interface RowRevision {
  readonly row: ReportRow;
  readonly groupKey: string;
  readonly revision: number;
  /** Everything that would make it another row if it changed, as canonical text. */
  readonly content: string;
  readonly isWithdrawn: boolean;
}

/** The canonical text of what a row is grouped by. */
function groupKeyOf({ group }: Pick<ReportRow, "group">): string {
  return JSON.stringify(
    Object.entries(group)
      .filter(([, value]) => value !== undefined)
      .toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}

/** Names a row within its report. */
export function rowKeyOf({
  bucket,
  groupKey,
}: {
  readonly bucket: Period;
  readonly groupKey: string;
}): string {
  return `${bucket.start.toISOString()} ${groupKey}`;
}

export function contentOf(row: ReportRow): string {
  const { quantities } = row;
  return JSON.stringify([
    row.bucket.end.toISOString(),
    row.userEmail ?? null,
    row.requestCount ?? null,
    quantities === undefined
      ? null
      : [
          quantities.uncachedInputTokens,
          quantities.cacheCreation5mInputTokens,
          quantities.cacheCreation1hInputTokens,
          quantities.cacheReadInputTokens,
          quantities.outputTokens,
          quantities.webSearchRequests,
        ],
    row.listCost === undefined ? null : usdToDecimal(row.listCost),
    row.billedCost === undefined ? null : usdToDecimal(row.billedCost),
  ]);
}

/**
 * What has to be appended: rows that are new, rows whose content changed, and a withdrawal of each
 * row that the report no longer has. Nothing when the report says what is stored already.
 */
export function restate(
  told: readonly ReportRow[],
  known: readonly KnownRow[],
): readonly RowRevision[] {
  const knownByKey = new Map(known.map((row) => [row.rowKey, row]));
  const toldByKey = new Map(
    sumEqualRows(told).map((row) => {
      const groupKey = groupKeyOf(row);
      return [rowKeyOf({ bucket: row.bucket, groupKey }), { row, groupKey }];
    }),
  );
  const changed = [...toldByKey].flatMap(([rowKey, { row, groupKey }]): RowRevision[] => {
    const before = knownByKey.get(rowKey);
    const content = contentOf(row);
    if (before !== undefined && !before.isWithdrawn && before.content === content) return [];
    const revision = (before?.revision ?? 0) + 1;
    return [{ row, groupKey, revision, content, isWithdrawn: false }];
  });
  const gone = known
    .filter(({ rowKey, isWithdrawn }) => !isWithdrawn && !toldByKey.has(rowKey))
    .map(({ row, revision, content }) => ({
      row,
      groupKey: groupKeyOf(row),
      revision: revision + 1,
      content,
      isWithdrawn: true,
    }));
  return [...changed, ...gone];
}

/** Anthropic may tell two rows that look the same, of identities that it can't show. */
function sumEqualRows(rows: readonly ReportRow[]): readonly ReportRow[] {
  const sums = new Map<string, ReportRow>();
  for (const row of rows) {
    const key = rowKeyOf({ bucket: row.bucket, groupKey: groupKeyOf(row) });
    const known = sums.get(key);
    sums.set(key, known === undefined ? row : sumRows(known, row));
  }
  return [...sums.values()];
}

function sumRows(left: ReportRow, right: ReportRow): ReportRow {
  return {
    ...left,
    userEmail: left.userEmail === right.userEmail ? left.userEmail : undefined,
    requestCount: sumKnown(left.requestCount, right.requestCount, (one, other) => one + other),
    quantities: sumKnown(left.quantities, right.quantities, sumQuantities),
    listCost: sumKnown(left.listCost, right.listCost, addUsd),
    billedCost: sumKnown(left.billedCost, right.billedCost, addUsd),
  };
}

function sumKnown<T>(
  left: T | undefined,
  right: T | undefined,
  add: (left: T, right: T) => T,
): T | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return add(left, right);
}

function sumQuantities(left: RowQuantities, right: RowQuantities): RowQuantities {
  return {
    uncachedInputTokens: left.uncachedInputTokens + right.uncachedInputTokens,
    cacheCreation5mInputTokens: left.cacheCreation5mInputTokens + right.cacheCreation5mInputTokens,
    cacheCreation1hInputTokens: left.cacheCreation1hInputTokens + right.cacheCreation1hInputTokens,
    cacheReadInputTokens: left.cacheReadInputTokens + right.cacheReadInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    webSearchRequests: left.webSearchRequests + right.webSearchRequests,
  };
}

/** Costs that belong to tokens and searches: what a row of usage already counts. */
const COSTS_OF_USAGE: readonly (string | undefined)[] = ["tokens", "web_search"];

/**
 * One row for usage and what it costs. A cost without usage (container time, session time) is a row
 * of its own, and so is usage without a cost (Priority Tier is paid by commitment).
 */
export function joinUsageAndCost(
  usage: readonly ReportRow[],
  costs: readonly ReportRow[],
): readonly ReportRow[] {
  const joined = new Map<string, ReportRow>();
  const keyOf = (row: ReportRow): string =>
    rowKeyOf({ bucket: row.bucket, groupKey: groupKeyOf(row) });
  for (const row of sumEqualRows(usage)) joined.set(keyOf(row), row);
  for (const cost of costs) {
    const { costType, ...group } = cost.group;
    const ofUsage = joined.get(keyOf({ ...cost, group }));
    if (COSTS_OF_USAGE.includes(costType) && ofUsage?.quantities !== undefined) {
      const { listCost, billedCost } = cost;
      const onlyCost = { ...ofUsage, requestCount: undefined, quantities: undefined };
      joined.set(keyOf(ofUsage), sumRows(ofUsage, { ...onlyCost, listCost, billedCost }));
    } else {
      const known = joined.get(keyOf(cost));
      joined.set(keyOf(cost), known === undefined ? cost : sumRows(known, cost));
    }
  }
  return [...joined.values()];
}
