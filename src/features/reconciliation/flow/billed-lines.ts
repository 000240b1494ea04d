/** What Anthropic bills, line by line, in the words that our charges have; from one report or from both. */
import type { Instant, Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { loadPriceList, normaliseModelId, type PriceList } from "../../pricing/index.ts";
import { type BillComparison, compareBills } from "../rules/bills.ts";
import { daysOf, dayText } from "../rules/days.ts";
import type { BilledLine, Component } from "../rules/lines.ts";
import { BILLS, type Bill, type BillCoverage, isFinalIn } from "../rules.ts";
import { type BilledRow, listBilled, listBills } from "../store/sides.ts";

/**
 * The lines of each day's bill; and, of days that both reports have, those of the report that is not
 * the bill.
 */
export async function loadTheirs(
  sql: Sql,
  window: Period,
  {
    billOf,
    prices,
  }: { readonly billOf: ReadonlyMap<string, BillCoverage>; readonly prices: PriceList },
): Promise<{ readonly theirs: readonly BilledLine[]; readonly otherBill: readonly BilledLine[] }> {
  const theirs: BilledLine[] = [];
  const otherBill: BilledLine[] = [];
  for (const coverage of await listBills(sql)) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, at most two reports
    for (const line of await loadLines(sql, coverage.report, { window, prices })) {
      const bill = billOf.get(line.day);
      if (bill?.report === coverage.report) theirs.push(line);
      else if (bill !== undefined && isFinalIn(coverage, line.day)) otherBill.push(line);
    }
  }
  return { theirs, otherBill };
}

/** What Anthropic's two reports of costs say of the UTC days of a period that both have. */
export async function loadBillComparison(
  { database: sql }: { readonly database: Sql },
  period: Period,
  now: Instant,
): Promise<BillComparison | undefined> {
  const coverages = await listBills(sql);
  if (coverages.length < BILLS.length) return undefined;
  const days = daysOf(period)
    .map(dayText)
    .filter((day) => coverages.every((coverage) => isFinalIn(coverage, day)));
  if (days.length === 0) return undefined;
  const prices = await loadPriceList(sql);
  const wanted = new Set(days);
  const linesOf = async (report: Bill): Promise<readonly BilledLine[]> =>
    (await loadLines(sql, report, { window: period, prices })).filter(({ day }) => wanted.has(day));
  return compareBills({
    days,
    analytics: await linesOf("analytics_cost"),
    costReport: await linesOf("cost_report"),
    now,
  });
}

async function loadLines(
  sql: Sql,
  report: Bill,
  { window, prices }: { readonly window: Period; readonly prices: PriceList },
): Promise<readonly BilledLine[]> {
  return (await listBilled(sql, report, window)).map((row) => billedLine(row, prices));
}

const TOKEN_COMPONENTS: Readonly<Partial<Record<string, Component>>> = {
  uncached_input_tokens: "uncached_input",
  output_tokens: "output",
  cache_read_input_tokens: "cache_read",
  "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
  "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
};
const OTHER_COMPONENTS: Readonly<Partial<Record<string, Component>>> = {
  tokens: "tokens",
  web_search: "web_search",
  code_execution: "code_execution",
  session_usage: "session_usage",
};

function billedLine(row: BilledRow, prices: PriceList): BilledLine {
  const { day, workspaceId, serviceTier, listCost, billedCost } = row;
  return {
    day,
    workspaceId,
    modelId: row.model === undefined ? undefined : normaliseModelId(row.model, prices).modelId,
    component:
      TOKEN_COMPONENTS[row.tokenType ?? ""] ?? OTHER_COMPONENTS[row.costType ?? ""] ?? "other",
    serviceTier,
    listCost,
    billedCost,
  };
}
