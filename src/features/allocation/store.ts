/** Allocation, the SQL. Owns: allocation_rules, spend_dimensions. */
import { assert } from "../../domain/assert.ts";
import { emailFrom } from "../../domain/email.ts";
import { instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { AllocationMatch, AllocationRule, SpendDimension } from "./rules.ts";

/** Replaces all rules; their order is kept. Call it in a transaction. */
export async function replaceAllocationRules(
  sql: Sql,
  rules: readonly AllocationRule[],
): Promise<void> {
  await sql.query(`delete from allocation_rules`);
  await sql.query(
    `insert into allocation_rules (position, match, team_key, project_key, valid_from, valid_until)
     select * from unnest($1::integer[], $2::jsonb[], $3::text[], $4::text[],
                          $5::timestamptz[], $6::timestamptz[])`,
    [
      rules.map((_, index) => index + 1),
      rules.map((rule) => JSON.stringify(rule.match)),
      rules.map((rule) => rule.to.team ?? null),
      rules.map((rule) => rule.to.project ?? null),
      rules.map((rule) => rule.from ?? null),
      rules.map((rule) => rule.until ?? null),
    ],
  );
}

/** All rules, the first to be tried first. */
export async function listAllocationRules(sql: Sql): Promise<AllocationRule[]> {
  const { rows } = await sql.query<{
    readonly match: AllocationMatch;
    readonly team_key: string | null;
    readonly project_key: string | null;
    readonly valid_from: Date | null;
    readonly valid_until: Date | null;
  }>(
    `select r.match, r.team_key, r.project_key, r.valid_from, r.valid_until
       from allocation_rules r
      order by r.position`,
  );
  return rows.map((row) => ({
    match: row.match,
    to: {
      ...(row.team_key === null ? {} : { team: row.team_key }),
      ...(row.project_key === null ? {} : { project: row.project_key }),
    },
    ...(row.valid_from === null ? {} : { from: instant(row.valid_from) }),
    ...(row.valid_until === null ? {} : { until: instant(row.valid_until) }),
  }));
}

/** Which teams each person owns or is a member of, and which team each project belongs to. */
export async function loadOwnership(sql: Sql): Promise<{
  readonly membershipsByEmail: Map<string, readonly string[]>;
  readonly teamByProject: Map<string, string>;
}> {
  const memberships = await sql.query<{ readonly email: string; readonly team_keys: string[] }>(
    `select m.email, array_agg(distinct m.team_key order by m.team_key) as team_keys
       from team_members m
      group by m.email`,
  );
  const projects = await sql.query<{ readonly project_key: string; readonly team_key: string }>(
    `select p.project_key, p.team_key from projects p`,
  );
  return {
    membershipsByEmail: new Map(memberships.rows.map((row) => [row.email, row.team_keys])),
    teamByProject: new Map(projects.rows.map((row) => [row.project_key, row.team_key])),
  };
}

/**
 * The id of each of `dimensions`, in the same order; unknown ones are added. Safe when callers
 * add the same ones at the same time: the later one waits for the earlier and gets its ids.
 *
 * Looking comes before inserting because an insert that meets a conflict uses up an id, and after
 * it again because only a new statement sees what another transaction has just committed.
 */
export async function ensureSpendDimensions(
  sql: Sql,
  dimensions: readonly SpendDimension[],
): Promise<number[]> {
  if (dimensions.length === 0) return [];
  const known = await findSpendDimensionIds(sql, dimensions);
  const missing = dimensions.filter((_, index) => known[index] === undefined);
  if (missing.length > 0) {
    // Sorted, so that two callers never wait for each other in a circle.
    await sql.query(
      `insert into spend_dimensions
              (team_key, project_key, user_email, model_id, api_key_id, workspace_id, source)
       select distinct w.team_key, w.project_key, w.user_email, w.model_id, w.api_key_id, w.workspace_id, w.source
         from ${WANTED}
        order by 1, 2, 3, 4, 5, 6, 7
       on conflict do nothing`,
      wantedColumns(missing),
    );
  }
  const ids = missing.length === 0 ? known : await findSpendDimensionIds(sql, dimensions);
  return ids.map((id) => {
    assert(id !== undefined, "every wanted spend dimension exists by now");
    return id;
  });
}

/** Dimensions by their ids. */
export async function loadSpendDimensions(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, SpendDimension>> {
  const { rows } = await sql.query<{
    readonly spend_dimension_id: number;
    readonly team_key: string | null;
    readonly project_key: string | null;
    readonly user_email: string | null;
    readonly model_id: string;
    readonly api_key_id: string | null;
    readonly workspace_id: string | null;
    readonly source: string;
  }>(
    `select d.spend_dimension_id, d.team_key, d.project_key, d.user_email, d.model_id, d.api_key_id,
            d.workspace_id, d.source
       from spend_dimensions d
      where d.spend_dimension_id = any($1::integer[])`,
    [[...new Set(ids)]],
  );
  return new Map(
    rows.map((row) => [
      row.spend_dimension_id,
      {
        teamKey: row.team_key ?? undefined,
        projectKey: row.project_key ?? undefined,
        userEmail: row.user_email === null ? undefined : emailFrom(row.user_email),
        modelId: row.model_id,
        apiKeyId: row.api_key_id ?? undefined,
        workspaceId: row.workspace_id ?? undefined,
        source: row.source,
      },
    ]),
  );
}

const WANTED = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       with ordinality as w (team_key, project_key, user_email, model_id, api_key_id, workspace_id, source, position)`;

function wantedColumns(dimensions: readonly SpendDimension[]): (string | null)[][] {
  return [
    dimensions.map((dimension) => dimension.teamKey ?? null),
    dimensions.map((dimension) => dimension.projectKey ?? null),
    dimensions.map((dimension) => dimension.userEmail ?? null),
    dimensions.map((dimension) => dimension.modelId),
    dimensions.map((dimension) => dimension.apiKeyId ?? null),
    dimensions.map((dimension) => dimension.workspaceId ?? null),
    dimensions.map((dimension) => dimension.source),
  ];
}

async function findSpendDimensionIds(
  sql: Sql,
  dimensions: readonly SpendDimension[],
): Promise<(number | undefined)[]> {
  // Arrays are equal where rows are not: in them a null equals a null, and they can be hashed.
  const { rows } = await sql.query<{ readonly spend_dimension_id: number | null }>(
    `select d.spend_dimension_id
       from ${WANTED}
       left join spend_dimensions d
         on array[d.team_key, d.project_key, d.user_email, d.model_id, d.api_key_id, d.workspace_id, d.source]
          = array[w.team_key, w.project_key, w.user_email, w.model_id, w.api_key_id, w.workspace_id, w.source]
      order by w.position`,
    wantedColumns(dimensions),
  );
  return rows.map((row) => row.spend_dimension_id ?? undefined);
}
