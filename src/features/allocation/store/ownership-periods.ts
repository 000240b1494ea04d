/** Allocation, the SQL of who owned what, when. Owns: ownership_periods. */
import { z } from "zod";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Ownership, OwnershipTimeline } from "../rules/ownership-timeline.ts";

/** The timeline; empty before ownership was first decided with a date. */
export async function listOwnershipPeriods(sql: Sql): Promise<OwnershipTimeline> {
  const { rows } = await sql.query<{
    readonly valid_from: Date | null;
    readonly valid_until: Date | null;
    readonly ownership: unknown;
  }>(
    `select o.valid_from, o.valid_until, o.ownership
       from ownership_periods o
      order by o.valid_from nulls first`,
  );
  return rows.map((row) => ({
    from: instantOf(row.valid_from),
    until: instantOf(row.valid_until),
    ownership: ownershipFrom(row.ownership),
  }));
}

/** Replaces the timeline. Call it in a transaction. */
export async function replaceOwnershipPeriods(
  sql: Sql,
  timeline: OwnershipTimeline,
): Promise<void> {
  await sql.query(`delete from ownership_periods`);
  await sql.query(
    `insert into ownership_periods (valid_from, valid_until, ownership)
     select * from unnest($1::timestamptz[], $2::timestamptz[], $3::jsonb[])`,
    [
      timeline.map(({ from }) => from ?? null),
      timeline.map(({ until }) => until ?? null),
      timeline.map(({ ownership }) => JSON.stringify(ownership)),
    ],
  );
}

const date = z
  .string()
  .transform((written) => instant(written))
  .exactOptional();
const text = z.string().exactOptional();

/** As this file wrote it; dates of rules are text in JSON. */
const STORED = z.object({
  rules: z.array(
    z.object({
      match: z.object({
        apiKeyId: text,
        workspaceId: text,
        userEmail: text,
        model: text,
        source: text,
        tags: z.record(z.string(), z.string()).exactOptional(),
      }),
      to: z.object({ team: text, project: text }),
      from: date,
      until: date,
    }),
  ),
  memberships: z.record(z.string(), z.array(z.string())),
  teamByProject: z.record(z.string(), z.string()),
  serviceAccountById: z.record(z.string(), z.string()),
  dated: z
    .array(
      z.object({
        kind: z.enum(["person", "project"]),
        name: z.string(),
        teams: z.array(z.string()),
        from: date,
        until: date,
      }),
    )
    .exactOptional(),
});

function ownershipFrom(stored: unknown): Ownership {
  return STORED.parse(stored);
}

function instantOf(at: Date | null): Instant | undefined {
  return at === null ? undefined : instant(at);
}
