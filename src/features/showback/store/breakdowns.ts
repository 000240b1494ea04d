/**
 * Showback, the SQL: what the values of a key cost, for breakdowns and lists of the costliest. Reads
 * only; which sums it reads is decided in spend-sql.ts.
 */
import { assert } from "../../../domain/assert.ts";
import { type Usd, usdFromDecimal } from "../../../domain/money.ts";
import type { Sql } from "../../../store/database.ts";
import {
  GROUP_KEYS,
  type GroupKey,
  type Rest,
  type SpendQuery,
  type SpendTotals,
} from "../rules.ts";
import {
  GROUP_SQL,
  isPersonal,
  isWholeQuarters,
  isWide,
  scopeCondition,
  scopeParameter,
  spendSource,
} from "./spend-sql.ts";
import { COST, IS_SPENT, type SpendSqlRow, SUMS, totalsFrom } from "./sums.ts";

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

/** In place of `SUMS`, for `costliest`. */
const REQUESTS_AND_COST = `sum(s.request_count) as requests, sum(s.billed_cost_usd) as cost`;

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

interface KeyCostRow {
  readonly value: string | null;
  readonly cost: string;
}

function keyCostFrom({ value, cost }: KeyCostRow): KeyCost {
  return { key: value, cost: usdFromDecimal(cost) };
}
