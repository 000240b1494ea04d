/**
 * Showback, the SQL: spend of a scope in a period, by any grouping. Reads only.
 *
 * Whole quarters of an hour come from spend_rollups, whole days from spend_days; what is left at
 * either end of an odd period, and spend by tag, which those do not know, from the charges themselves.
 */
import { assert } from "../../domain/assert.ts";
import { type Usd, usdFromDecimal } from "../../domain/money.ts";
import type { Scope } from "../../domain/scope.ts";
import { instant, type Period } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { GroupKey, SpendQuery, SpendRow, SpendTotals } from "./rules.ts";

const GROUP_SQL: Readonly<Record<GroupKey, string>> = {
  team: "d.team_key",
  project: "d.project_key",
  user: "d.user_email",
  model: "d.model_id",
  api_key: "d.api_key_id",
  workspace: "d.workspace_id",
  source: "d.source",
  day: "to_char(s.at at time zone $6, 'YYYY-MM-DD')",
  hour: `to_char(date_trunc('hour', s.at, $6) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
};

/**
 * One row for each group with spend or requests; a single one when nothing is grouped by. At most
 * `rowsMax`, in the order of the keys.
 */
export async function listSpend(
  sql: Sql,
  query: SpendQuery,
  rowsMax?: number,
): Promise<SpendRow[]> {
  const groups = query.groupBy.map((key, position) => `${GROUP_SQL[key]} as g${String(position)}`);
  const positions = query.groupBy.map((_key, position) => String(position + 1)).join(", ");
  const { text, values } = spendSql(query, {
    columns: groups,
    ending: [
      positions === "" ? "" : `group by ${positions} order by ${positions}`,
      rowsMax === undefined ? "" : `limit ${String(rowsMax)}`,
    ].join(" "),
  });
  const { rows } = await sql.query<SpendSqlRow>(text, values);
  return rows.map((row) => ({
    ...totalsFrom(row),
    group: Object.fromEntries(
      query.groupBy.map((key, position) => [key, row[`g${String(position)}`] ?? null]),
    ),
  }));
}

/** Keys by which spend is broken down at once; days and hours are no such. */
type BreakdownKey = Exclude<GroupKey, "day" | "hour">;

/** The total and, for each of `keys`, its rows: of one look, so that all add up to the same. */
export async function listBreakdowns<Key extends BreakdownKey>(
  sql: Sql,
  query: Omit<SpendQuery, "groupBy">,
  keys: readonly Key[],
): Promise<{
  readonly total: SpendTotals;
  readonly rowsBy: ReadonlyMap<Key, readonly SpendRow[]>;
}> {
  const expressions = keys.map((key) => GROUP_SQL[key]);
  const isGrouped = expressions.map(
    (expression, position) => `1 - grouping(${expression}) as by${String(position)}`,
  );
  const { text, values } = spendSql(
    { ...query, groupBy: keys },
    {
      columns: [
        ...expressions.map((one, position) => `${one} as g${String(position)}`),
        ...isGrouped,
      ],
      ending: `group by grouping sets (${["()", ...expressions.map((one) => `(${one})`)].join(", ")})`,
    },
  );
  const { rows } = await sql.query<SpendSqlRow & { readonly [by: `by${string}`]: number }>(
    text,
    values,
  );
  const positionOf = (row: (typeof rows)[number]): number =>
    keys.findIndex((_key, position) => row[`by${String(position)}`] === 1);
  const total = rows.find((row) => positionOf(row) === -1);
  assert(total !== undefined, "a sum has one row");
  const rowsBy = keys.map((key, position): [Key, readonly SpendRow[]] => [
    key,
    rows
      .filter((row) => positionOf(row) === position)
      .map((row) => ({
        ...totalsFrom(row),
        group: { [key]: row[`g${String(position)}`] ?? null },
      })),
  ]);
  return { total: totalsFrom(total), rowsBy: new Map(rowsBy) };
}

/** What was spent, and nothing else of it. */
export async function loadCost(sql: Sql, query: Omit<SpendQuery, "groupBy">): Promise<Usd> {
  const { text, values } = spendSql(
    { ...query, groupBy: [] },
    { columns: [], sums: COST, ending: "" },
  );
  const { rows } = await sql.query<Pick<SpendSqlRow, "cost">>(text, values);
  return usdFromDecimal(rows[0]?.cost ?? "0");
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

/** What is left at either end, of the charges themselves. */
function chargesOf(isByTag: boolean): string {
  return `union all
       select c.spend_dimension_id, c.charge_period_start,
              request_count_of(c.charge_number),
              ${tokensOf("uncached_input")}, ${tokensOf("cache_write_5m")},
              ${tokensOf("cache_write_1h")}, ${tokensOf("cache_read")}, ${tokensOf("output")},
              c.billed_cost_usd
         from charges c
              ${isByTag ? "join usage_events e on e.usage_event_id = c.usage_event_id and e.occurred_at = c.charge_period_start" : ""}
        where ((c.charge_period_start >= $3 and c.charge_period_start < $1)
               or (c.charge_period_start >= $4 and c.charge_period_start < $5))
              ${isByTag ? "and e.occurred_at >= $3 and e.occurred_at < $1 and e.tags @> $7::jsonb" : ""}`;
}

function spendSql(
  query: SpendQuery,
  {
    columns,
    sums = ALL_SUMS,
    ending,
  }: { readonly columns: readonly string[]; readonly sums?: string; readonly ending: string },
): { readonly text: string; readonly values: unknown[] } {
  const { inner, before, after } = splitAtQuarters(query.period);
  const isByTag = query.scope.kind === "tag";
  // Most periods begin and end with a quarter of an hour. Then no charges are asked for: planning a
  // look at all their months takes longer than the rest.
  const isOdd = isByTag || before.start < before.end || after.start < after.end;
  const text = `with s as (
       ${sumsOf(query)}
       ${isOdd ? chargesOf(isByTag) : ""}
     )
     select ${[...columns, sums].join(", ")}
       from s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id
      where $6::text is not null and $3::timestamptz is not null and $4::timestamptz is not null
        and $5::timestamptz is not null ${scopeCondition(query.scope)}
      ${ending}`;
  return {
    text,
    values: [
      // By tag nothing comes from the rollups: their range is empty, and `before` is everything.
      isByTag ? query.period.end : inner.start,
      isByTag ? query.period.end : inner.end,
      isByTag ? query.period.start : before.start,
      isByTag ? query.period.end : after.start,
      isByTag ? query.period.end : after.end,
      query.zone,
      ...(query.scope.kind === "org" ? [] : [scopeParameter(query.scope)]),
    ],
  };
}

const COST = `coalesce(sum(s.billed_cost_usd), 0)::text as cost`;
const ALL_SUMS = `coalesce(sum(s.request_count), 0)::text as requests,
            coalesce(sum(s.uncached_input_tokens), 0)::text as uncached_input,
            coalesce(sum(s.cache_creation_5m_input_tokens), 0)::text as cache_write_5m,
            coalesce(sum(s.cache_creation_1h_input_tokens), 0)::text as cache_write_1h,
            coalesce(sum(s.cache_read_input_tokens), 0)::text as cache_read,
            coalesce(sum(s.output_tokens), 0)::text as output,
            ${COST}`;

/** Of a dimension as one row, since each way to group adds up all rows that there are. */
const SUMMED = `sum(r.request_count) as request_count,
              sum(r.uncached_input_tokens) as uncached_input_tokens,
              sum(r.cache_creation_5m_input_tokens) as cache_creation_5m_input_tokens,
              sum(r.cache_creation_1h_input_tokens) as cache_creation_1h_input_tokens,
              sum(r.cache_read_input_tokens) as cache_read_input_tokens,
              sum(r.output_tokens) as output_tokens, sum(r.billed_cost_usd) as billed_cost_usd`;

const SUMS = `r.request_count, r.uncached_input_tokens, r.cache_creation_5m_input_tokens,
              r.cache_creation_1h_input_tokens, r.cache_read_input_tokens, r.output_tokens,
              r.billed_cost_usd`;

/**
 * The whole quarters of an hour from $1 to $2. Where nobody asks for days or hours, sums of whole days
 * stand for theirs: of everybody in one go, of a scope one of its dimensions after the other.
 */
function sumsOf({ scope, groupBy }: SpendQuery): string {
  if (groupBy.includes("day") || groupBy.includes("hour")) {
    return `select r.spend_dimension_id, r.bucket_start as at, ${SUMS}
         from spend_rollups r
        where r.bucket_start >= $1 and r.bucket_start < $2`;
  }
  if (isWide(scope) || scope.kind === "tag") {
    return `select r.spend_dimension_id, $1::timestamptz as at, ${SUMMED} from spend_in($1, $2) r group by 1`;
  }
  return `select r.spend_dimension_id, r.at, ${SUMS}
         from spend_dimensions d
        cross join lateral spend_of(d.spend_dimension_id, $1, $2) r
        where true ${scopeCondition(scope)}`;
}

/** Scopes of so many dimensions that looking each of them up takes longer than reading everybody's. */
export function isWide({ kind }: Scope): boolean {
  return kind === "org" || kind === "model" || kind === "workspace";
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

/** The second part of a SKU id is its token type (see pricing). */
function tokensOf(tokenType: string): string {
  return `case when split_part(c.sku_id, '/', 2) = '${tokenType}' then c.consumed_quantity else 0 end`;
}

/** A condition over dimensions `d`; `place` is the place of `scopeParameter`. */
export function scopeCondition({ kind }: Scope, place = "$7"): string {
  switch (kind) {
    case "org":
      return "";
    case "team":
      return `and d.team_key = ${place}`;
    case "project":
      return `and d.project_key = ${place}`;
    case "user":
      return `and d.user_email = ${place}`;
    case "api_key":
      return `and d.api_key_id = ${place}`;
    case "workspace":
      return `and d.workspace_id = ${place}`;
    case "model":
      return `and d.model_id = ${place}`;
    case "tag":
      return ""; // Asked of the events themselves, above.
  }
}

export function scopeParameter({ kind, key }: Scope): string {
  if (kind !== "tag") return key;
  const equals = key.indexOf("=");
  return JSON.stringify({ [key.slice(0, equals)]: key.slice(equals + 1) });
}

const QUARTER_HOUR_MS = 15 * 60_000;

/** The whole quarters of an hour inside a period, and what is left before and after them. */
function splitAtQuarters({ start, end }: Period): {
  readonly before: Period;
  readonly inner: Period;
  readonly after: Period;
} {
  const up = Math.ceil(start.getTime() / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const down = Math.floor(end.getTime() / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  if (up > down) {
    // All within one quarter of an hour.
    return { before: { start, end }, inner: { start: end, end }, after: { start: end, end } };
  }
  return {
    before: { start, end: instant(up) },
    inner: { start: instant(up), end: instant(down) },
    after: { start: instant(down), end },
  };
}

/** Models that were ever used, for suggestions when a name is not known. */
export async function listModelIds(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ model_id: string }>(
    `select distinct d.model_id from spend_dimensions d order by d.model_id limit 200`,
  );
  return rows.map((row) => row.model_id);
}
