/** Which tables a query really reads, as Postgres tells: to see that months are left out. */
import type { QueryConfig } from "pg";
import type { Sql } from "../../src/store/database.ts";

interface PlanNode {
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs `work`, whose queries are explained first; the tables that any of them read, in order. */
export async function tablesReadBy(
  sql: Sql,
  work: (explained: Sql) => Promise<unknown>,
): Promise<readonly string[]> {
  const tables = new Set<string>();
  const explained = new Proxy(sql, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "query") {
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      }
      return async (query: string | QueryConfig, given: unknown[]) => {
        const { text, values = [] } =
          typeof query === "string" ? { text: query, values: given } : query;
        const { rows } = await target.query<{
          readonly "QUERY PLAN": readonly { readonly Plan: PlanNode }[];
        }>(`explain (analyze, format json) ${text}`, values);
        for (const { Plan } of rows[0]?.["QUERY PLAN"] ?? []) collect(Plan, tables);
        return await target.query(text, values);
      };
    },
  });
  await work(explained);
  return [...tables].toSorted();
}

function collect(node: PlanNode, tables: Set<string>): void {
  const table = node["Relation Name"];
  if (table !== undefined && node["Actual Loops"] > 0) tables.add(table);
  for (const child of node.Plans ?? []) collect(child, tables);
}
