/** The numbers of many scopes at once, by scope. Spend by tag, which no sum knows, one by one. */

import { sumUsd, ZERO_USD } from "../../../domain/money.ts";
import { formatScope, type Scope } from "../../../domain/scope.ts";
import type { Period, TimeZone } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { listSpend } from "../../showback/index.ts";
import { chartPeriod, piecesOf } from "../rules/content.ts";
import type { DigestInterval, DigestSpan } from "../rules.ts";
import {
  type DayRow,
  type FirstRow,
  listDays,
  listFirsts,
  listSpent,
  type SpentRow,
} from "../store/figures.ts";

export interface Wanted {
  readonly every: DigestInterval;
  readonly zone: TimeZone;
  readonly span: DigestSpan;
}

/** By scope, as text. */
export interface Figures {
  readonly spent: ReadonlyMap<string, readonly SpentRow[]>;
  readonly days: ReadonlyMap<string, readonly DayRow[]>;
  readonly firsts: ReadonlyMap<string, readonly FirstRow[]>;
}

/** However many scopes there are: a query for the sums, one for what is new, one for each few days. */
export async function loadFigures(
  sql: Sql,
  wanted: Wanted,
  scopes: readonly Scope[],
): Promise<Figures> {
  const { every, zone, span } = wanted;
  const summed = scopes.filter(({ kind }) => kind !== "tag");
  const spent = summed.length === 0 ? [] : [...(await listSpent(sql, summed, span))];
  const firsts = summed.length === 0 ? [] : await listFirsts(sql, summed, span.current);
  const days: DayRow[] = [];
  const chart = chartPeriod(span, every, zone);
  for (const piece of summed.length === 0 ? [] : piecesOf(chart, zone)) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one piece at a time
    days.push(...(await listDays(sql, summed, { period: piece, zone })));
  }
  for (const scope of scopes.filter(({ kind }) => kind === "tag")) {
    // oxlint-disable no-await-in-loop -- one connection, one question after the other
    spent.push(...(await spentByTag(sql, scope, wanted)));
    days.push(...(await daysByTag(sql, scope, { period: chart, zone })));
    // oxlint-enable no-await-in-loop
  }
  return { spent: byScope(spent), days: byScope(days), firsts: byScope(firsts) };
}

async function spentByTag(
  sql: Sql,
  scope: Scope,
  { span, zone }: Wanted,
): Promise<readonly SpentRow[]> {
  const groupBy = ["team", "project", "model"] as const;
  const rowsOf = async (period: Period) => await listSpend(sql, { scope, period, zone, groupBy });
  const rowFrom = ({ group }: Awaited<ReturnType<typeof rowsOf>>[number]) => ({
    scope: formatScope(scope),
    team: group.team ?? null,
    project: group.project ?? null,
    model: group.model ?? "",
  });
  const current = await rowsOf(span.current);
  const previous = await rowsOf(span.previous);
  return [
    ...current.map((row) => ({
      ...rowFrom(row),
      cost: row.cost,
      previousCost: ZERO_USD,
      requests: row.requests,
    })),
    ...previous.map((row) => ({
      ...rowFrom(row),
      cost: ZERO_USD,
      previousCost: row.cost,
      requests: 0,
    })),
  ];
}

async function daysByTag(
  sql: Sql,
  scope: Scope,
  { period, zone }: { readonly period: Period; readonly zone: TimeZone },
): Promise<readonly DayRow[]> {
  const rows = await listSpend(sql, { scope, period, zone, groupBy: ["day"] });
  return rows.map(({ group, cost }) => ({ scope: formatScope(scope), day: group.day ?? "", cost }));
}

function byScope<Row extends { readonly scope: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const known = found.get(row.scope);
    if (known === undefined) found.set(row.scope, [row]);
    else known.push(row);
  }
  return found;
}

/** What rows come to together. */
export function totalsOf(rows: readonly SpentRow[]) {
  return {
    cost: sumUsd(rows.map(({ cost }) => cost)),
    previousCost: sumUsd(rows.map(({ previousCost }) => previousCost)),
    requests: rows.reduce((sum, { requests }) => sum + requests, 0),
  };
}
