/**
 * Showback, the SQL: spend of a scope in a period, by any grouping. Reads only; which sums it reads
 * is decided in store/spend-sql.ts.
 */
import { type Usd, usdFromDecimal } from "../../domain/money.ts";
import type { Sql } from "../../store/database.ts";
import type { SpendQuery, SpendRow } from "./rules.ts";
import {
  GROUP_SQL,
  isWholeQuarters,
  isWide,
  quartersCondition,
  scopeParameter,
  spendSource,
} from "./store/spend-sql.ts";
import { COST, IS_SPENT, type SpendSqlRow, SUMS, totalsFrom } from "./store/sums.ts";

/**
 * One row for each group with spend or requests; a single one when nothing is grouped by. At most
 * `rowsMax`, in the order of the keys.
 */
export async function listSpend(
  sql: Sql,
  query: SpendQuery,
  rowsMax?: number,
): Promise<SpendRow[]> {
  const { from, values } = spendSource(query);
  const groups = query.groupBy.map((key, position) => `${GROUP_SQL[key]} as g${String(position)}`);
  const positions = query.groupBy.map((_key, position) => String(position + 1)).join(", ");
  const { rows } = await sql.query<SpendSqlRow>(
    `select ${[...groups, SUMS].join(", ")}
       from ${from}
      ${positions === "" ? "" : `group by ${positions} having ${IS_SPENT} order by ${positions}`}
      ${rowsMax === undefined ? "" : `limit ${String(rowsMax)}`}`,
    [...values],
  );
  return rows.map((row) => ({
    ...totalsFrom(row),
    group: Object.fromEntries(
      query.groupBy.map((key, position) => [key, row[`g${String(position)}`] ?? null]),
    ),
  }));
}

/** What was spent, and nothing else of it. */
export async function loadCost(sql: Sql, query: Omit<SpendQuery, "groupBy">): Promise<Usd> {
  const { scope, period } = query;
  if (isWide(scope) && isWholeQuarters(period)) {
    const { rows } = await sql.query<{ readonly cost: string }>(
      `select ${COST}
         from model_spend_quarters s
        where s.bucket_start >= $1 and s.bucket_start < $2 ${quartersCondition(scope, "$3")}`,
      [period.start, period.end, ...(scope.kind === "org" ? [] : [scopeParameter(scope)])],
    );
    return usdFromDecimal(rows[0]?.cost ?? "0");
  }
  const { from, values, name } = spendSource({ ...query, groupBy: [] });
  const { rows } = await sql.query<{ readonly cost: string }>({
    ...(name === undefined ? {} : { name: `cost ${name}` }),
    text: `select ${COST} from ${from}`,
    values: [...values],
  });
  return usdFromDecimal(rows[0]?.cost ?? "0");
}

/**
 * Models that were ever used, for suggestions when a name is not known. From one to the next, since
 * looking at all dimensions takes longer than the rest of a question.
 */
export async function listModelIds(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ readonly model_id: string }>(
    `with recursive models as (
       select min(d.model_id) as model_id from spend_dimensions d
        union all
       select (select min(d.model_id) from spend_dimensions d where d.model_id > m.model_id)
         from models m
        where m.model_id is not null
     )
     select m.model_id from models m where m.model_id is not null order by m.model_id limit 200`,
  );
  return rows.map((row) => row.model_id);
}
