/**
 * Showback, the SQL: spend of a scope in a period, by any grouping. Reads only; which sums it reads
 * is decided in store/spend-sql.ts.
 */
import { assert } from "../../domain/assert.ts";
import { type Usd, usdFromDecimal } from "../../domain/money.ts";
import type { Sql } from "../../store/database.ts";
import {
  GROUP_KEYS,
  type GroupKey,
  type Rest,
  type SpendQuery,
  type SpendRow,
  type SpendTotals,
} from "./rules.ts";
import {
  GROUP_SQL,
  isPersonal,
  isWholeQuarters,
  isWide,
  quartersCondition,
  scopeCondition,
  scopeParameter,
  spendSource,
} from "./store/spend-sql.ts";

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

/** Keys by which spend is broken down at once; days and hours are no such. */
type BreakdownKey = Exclude<GroupKey, "day" | "hour">;

export interface KeyCost {
  /** Null: none, for a team that is Unallocated. */
  readonly key: string | null;
  readonly cost: Usd;
}

/** What the values of a key cost. */
export interface KeyCosts {
  /** In no order; of people and keys the costliest hundred, more than any message lists. */
  readonly rows: readonly KeyCost[];
  /** All others together. */
  readonly rest: Rest;
}

/**
 * The total and, for each of `keys`, what each of its values cost: of one look, so that all add up to
 * the same. What tells one person from another is read apart from the rest, which has fewer rows.
 */
export async function listBreakdowns<Key extends BreakdownKey>(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  keys: readonly Key[],
): Promise<{
  readonly total: SpendTotals;
  readonly costsBy: ReadonlyMap<Key, KeyCosts>;
}> {
  const ofWhom = keys.filter((key) => key === "user" || key === "api_key");
  const isApart = ofWhom.length > 0 && !isPersonal(query.scope) && query.scope.kind !== "tag";
  const ofWhat = isApart ? keys.filter((key) => !ofWhom.includes(key)) : keys;
  const { values, name } = spendSource({ ...query, groupBy: ofWhat });
  const part = (ofKeys: readonly Key[], sums: string, sets: readonly string[]): string => {
    const position = (key: Key): string =>
      `when grouping(${GROUP_SQL[key]}) = 0 then ${String(keys.indexOf(key))}`;
    const value = (key: Key): string =>
      `when grouping(${GROUP_SQL[key]}) = 0 then ${GROUP_SQL[key]}`;
    const choice = (of: (key: Key) => string, otherwise: string): string =>
      ofKeys.length === 0 ? otherwise : `case ${ofKeys.map(of).join(" ")} else ${otherwise} end`;
    return `select ${choice(position, "-1")} as position, ${choice(value, "null::text")} as value, ${sums}
       from ${spendSource({ ...query, groupBy: ofKeys }, sums === REQUESTS_AND_COST ? "cost" : "sums").from}
      group by grouping sets (${[...sets, ...ofKeys.map((key) => `(${GROUP_SQL[key]})`)].join(", ")})
      ${ofKeys.length === 0 ? "" : `having ${IS_SPENT} or ${isTotal(ofKeys)}`}`;
  };
  const text = [
    part(ofWhat, `${SUMS}, 0 as others`, ["()"]),
    ...(isApart ? [costliest(part(ofWhom, REQUESTS_AND_COST, []))] : []),
  ].join("\nunion all\n");
  const { rows } = await sql.query<SpendSqlRow & BreakdownSqlRow>({
    ...(name === undefined
      ? {}
      : { name: `breakdowns ${name} ${keys.map((key) => GROUP_KEYS.indexOf(key)).join(" ")}` }),
    text,
    values: [...values],
  });
  const total = rows.find((row) => row.position === -1);
  assert(total !== undefined, "a sum has one row");
  const costsBy = keys.map((key, position): [Key, KeyCosts] => [
    key,
    keyCostsFrom(rows.filter((row) => row.position === position)),
  ]);
  return { total: totalsFrom(total), costsBy: new Map(costsBy) };
}

/** What each value of `key` cost, the costliest if they are many. */
export async function listCosts(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  key: BreakdownKey,
): Promise<KeyCosts> {
  const { from, values, name } = spendSource({ ...query, groupBy: [key] }, "cost");
  const { rows } = await sql.query<BreakdownSqlRow>({
    ...(name === undefined ? {} : { name: `costs ${name} ${key}` }),
    text: costliest(`select 0 as position, ${GROUP_SQL[key]} as value, ${REQUESTS_AND_COST}
       from ${from}
      group by 2
     having ${IS_SPENT}`),
    values: [...values],
  });
  return keyCostsFrom(rows);
}

/** What some values of `key` cost, however many others cost more. */
export async function listCostsOf(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  { key, only }: { readonly key: BreakdownKey; readonly only: readonly (string | null)[] },
): Promise<readonly KeyCost[]> {
  const { scope, period } = query;
  if ((key === "user" || key === "api_key") && isWide(scope) && isWholeQuarters(period)) {
    return await listCostsOfPeople(sql, query, { key, only });
  }
  const { from, values, name } = spendSource({ ...query, groupBy: [key] }, "cost");
  const { rows } = await sql.query<KeyCostRow>({
    ...(name === undefined ? {} : { name: `costs of some ${name} ${key}` }),
    // The offset keeps the planner from looking for the few that it then takes the scope to be.
    text: `select g.value, g.cost
       from (select ${GROUP_SQL[key]} as value, ${COST}
               from ${from}
              group by 1
             offset 0) g
      where coalesce(g.value, '') = any($${String(values.length + 1)}::text[])`,
    values: [...values, only.map((value) => value ?? "")],
  });
  return rows.map(keyCostFrom);
}

/** Of a few people or keys: their dimensions one after the other, where everybody's are very many. */
async function listCostsOfPeople(
  sql: Sql,
  { scope, period }: Omit<SpendQuery, "groupBy">,
  { key, only }: { readonly key: "user" | "api_key"; readonly only: readonly (string | null)[] },
): Promise<readonly KeyCost[]> {
  const { rows } = await sql.query<KeyCostRow>(
    `select ${GROUP_SQL[key]} as value, ${COST}
       from spend_dimensions d
      cross join lateral spend_of(d.spend_dimension_id, $1, $2) s
      where (${GROUP_SQL[key]} = any($3) or (${GROUP_SQL[key]} is null and $4)) ${scopeCondition(scope, "$5")}
      group by 1`,
    [
      period.start,
      period.end,
      only.filter((value) => value !== null),
      only.includes(null),
      ...(scope.kind === "org" ? [] : [scopeParameter(scope)]),
    ],
  );
  return rows.map(keyCostFrom);
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

const COST = `coalesce(sum(s.billed_cost_usd), 0)::text as cost`;
const SUMS = `coalesce(sum(s.request_count), 0)::text as requests,
            coalesce(sum(s.uncached_input_tokens), 0)::text as uncached_input,
            coalesce(sum(s.cache_creation_5m_input_tokens), 0)::text as cache_write_5m,
            coalesce(sum(s.cache_creation_1h_input_tokens), 0)::text as cache_write_1h,
            coalesce(sum(s.cache_read_input_tokens), 0)::text as cache_read,
            coalesce(sum(s.output_tokens), 0)::text as output,
            ${COST}`;
/** In place of `SUMS`, for `costliest`. */
const REQUESTS_AND_COST = `sum(s.request_count) as requests, sum(s.billed_cost_usd) as cost`;
/** Not of what was read only to be taken away again (see `people_cost_in`). */
const IS_SPENT = "sum(s.request_count) <> 0 or sum(s.billed_cost_usd) <> 0";

/** Whether a row is of no set of its own, so that it has a value of none of the keys. */
const isTotal = (keys: readonly BreakdownKey[]): string =>
  `(${keys.map((key) => `grouping(${GROUP_SQL[key]}) = 1`).join(" and ")})`;

const ROWS_KEPT = 100;

/**
 * The costliest rows of each position as they would come from `SUMS`, and the rest as one: thousands
 * of people would keep who asked, and everybody else who asks, waiting for names that nobody reads.
 */
const costliest = (rows: string): string => `
     select k.position, case when k.place <= ${String(ROWS_KEPT)} then k.value end as value,
            '0' as requests, '0', '0', '0', '0', '0', sum(k.cost)::text as cost,
            case when k.place > ${String(ROWS_KEPT)} then count(*)::integer else 0 end as others
       from (select r.*, row_number() over (partition by r.position order by r.cost desc, r.value) as place
               from (${rows}) r) k
      group by 1, 2, least(k.place, ${String(ROWS_KEPT + 1)}), k.place > ${String(ROWS_KEPT)}`;

interface BreakdownSqlRow {
  readonly position: number;
  readonly value: string | null;
  readonly cost: string;
  /** Of how many values this is the sum; 0: of one, which it names. */
  readonly others: number;
}

function keyCostsFrom(rows: readonly BreakdownSqlRow[]): KeyCosts {
  const rest = rows.find(({ others }) => others > 0);
  return {
    rows: rows.filter(({ others }) => others === 0).map(keyCostFrom),
    rest: { count: rest?.others ?? 0, cost: usdFromDecimal(rest?.cost ?? "0") },
  };
}

interface SpendSqlRow {
  readonly requests: string;
  readonly uncached_input: string;
  readonly cache_write_5m: string;
  readonly cache_write_1h: string;
  readonly cache_read: string;
  readonly output: string;
  readonly cost: string;
  readonly [group: `g${string}`]: string | null;
}

function totalsFrom(row: SpendSqlRow): SpendTotals {
  return {
    cost: usdFromDecimal(row.cost),
    requests: Number(row.requests),
    tokens: {
      uncached_input: Number(row.uncached_input),
      cache_write_5m: Number(row.cache_write_5m),
      cache_write_1h: Number(row.cache_write_1h),
      cache_read: Number(row.cache_read),
      output: Number(row.output),
    },
  };
}

interface KeyCostRow {
  readonly value: string | null;
  readonly cost: string;
}

function keyCostFrom({ value, cost }: KeyCostRow): KeyCost {
  return { key: value, cost: usdFromDecimal(cost) };
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
