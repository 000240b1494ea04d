/**
 * Judgements in SQL: appended, a new revision only where something changed. Owns:
 * reconciliation_days, reconciliation_differences, reconciliation_runs.
 */
import { createHash } from "node:crypto";
import { assert } from "../../../domain/assert.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { DayJudgement } from "../rules/attribute.ts";
import { parseCause } from "../rules/causes.ts";
import type { Difference } from "../rules/difference.ts";
import { BILLS, type Bill, type JudgedDay } from "../rules.ts";

/** One run at a time, in the caller's transaction. */
export async function lockReconciliation(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(7316004227)`);
}

/** Whether the slot was free; it is taken with the caller's transaction, or stays free. */
export async function claimRun(sql: Sql, slot: string, now: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into reconciliation_runs (slot, ran_at) values ($1, $2) on conflict (slot) do nothing`,
    [slot, now],
  );
  return rowCount === 1;
}

export interface NewJudgement extends DayJudgement {
  readonly report: Bill;
  readonly dataRefreshedAt: Instant;
}

/** Stores the judgements that say something else than before; returns their days. */
export async function saveJudgements(
  sql: Sql,
  judgements: readonly NewJudgement[],
  now: Instant,
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const judgement of judgements) {
    const digest = createHash("sha256").update(contentOf(judgement)).digest();
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const { rows } = await sql.query<{ revision: number }>(
      `with latest as (
         select d.revision, d.content_sha256
           from reconciliation_days d
          where d.day = $1
          order by d.revision desc
          limit 1)
       insert into reconciliation_days
              (day, revision, report, anthropic_billed_usd, charged_usd, content_sha256,
               data_refreshed_at, judged_at)
       select $1, coalesce((select l.revision from latest l), 0) + 1, $2, $3, $4, $5, $6, $7
        where not exists (select 1 from latest l where l.content_sha256 = $5)
       returning revision`,
      [
        judgement.day,
        judgement.report,
        usdToDecimal(judgement.anthropicBilled),
        usdToDecimal(judgement.charged),
        digest,
        judgement.dataRefreshedAt,
        now,
      ],
    );
    const revision = rows[0]?.revision;
    if (revision === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await insertDifferences(sql, judgement, revision);
    changed.push(judgement.day);
  }
  return changed;
}

/** Everything that would make it another judgement if it changed. */
function contentOf({ report, anthropicBilled, charged, differences }: NewJudgement): string {
  return JSON.stringify([
    report,
    usdToDecimal(anthropicBilled),
    usdToDecimal(charged),
    differences.map((one) => [
      one.cause,
      one.workspaceId ?? null,
      one.modelId ?? null,
      one.component,
      usdToDecimal(one.amount),
      one.evidence ?? null,
    ]),
  ]);
}

async function insertDifferences(
  sql: Sql,
  { day, differences }: DayJudgement,
  revision: number,
): Promise<void> {
  const column = <T>(read: (difference: Difference) => T): T[] => differences.map(read);
  await sql.query(
    `insert into reconciliation_differences
            (day, revision, position, cause, workspace_id, model_id, component, amount_usd, evidence)
     select $1, $2, n.position, n.cause, n.workspace_id, n.model_id, n.component, n.amount_usd, n.evidence
       from unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::text[])
         as n (position, cause, workspace_id, model_id, component, amount_usd, evidence)`,
    [
      day,
      revision,
      differences.map((_difference, position) => position),
      column(({ cause }) => cause),
      column(({ workspaceId }) => workspaceId ?? null),
      column(({ modelId }) => modelId ?? null),
      column(({ component }) => component),
      column(({ amount }) => usdToDecimal(amount)),
      column(({ evidence }) => evidence ?? null),
    ],
  );
}

/** The UTC days that begin in a period and are judged. */
export async function listJudgedDates(
  sql: Sql,
  { start, end }: Period,
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ day: string }>(
    `select distinct d.day::text as day
       from reconciliation_days d
      where d.day >= ($1::timestamptz at time zone 'UTC')::date
        and d.day < ($2::timestamptz at time zone 'UTC')::date`,
    [start, end],
  );
  return rows.map(({ day }) => day);
}

/** The newest judgement of each judged UTC day that begins in a period. */
export async function listJudgedDays(
  sql: Sql,
  { start, end }: Period,
): Promise<readonly JudgedDay[]> {
  const { rows } = await sql.query<{
    day: string;
    revision: number;
    report: string;
    anthropic_billed: string;
    charged: string;
    data_refreshed_at: Date;
    judged_at: Date;
  }>(
    `select d.day::text as day, d.revision, d.report, d.anthropic_billed_usd::text as anthropic_billed,
            d.charged_usd::text as charged, d.data_refreshed_at, d.judged_at
       from current_reconciliation_days d
      where d.day >= ($1::timestamptz at time zone 'UTC')::date
        and d.day < ($2::timestamptz at time zone 'UTC')::date
      order by d.day`,
    [start, end],
  );
  const { rows: differences } = await sql.query<{
    day: string;
    cause: string;
    workspace_id: string | null;
    model_id: string | null;
    component: string;
    amount: string;
    evidence: string | null;
  }>(
    `select x.day::text as day, x.cause, x.workspace_id, x.model_id, x.component,
            x.amount_usd::text as amount, x.evidence
       from unnest($1::date[], $2::integer[]) as n (day, revision)
       join reconciliation_differences x on x.day = n.day and x.revision = n.revision
      order by x.day, x.position`,
    [rows.map(({ day }) => day), rows.map(({ revision }) => revision)],
  );
  return rows.map((row) => ({
    day: row.day,
    report: billFrom(row.report),
    anthropicBilled: usdFromDecimal(row.anthropic_billed),
    charged: usdFromDecimal(row.charged),
    dataRefreshedAt: instant(row.data_refreshed_at),
    judgedAt: instant(row.judged_at),
    differences: differences
      .filter(({ day }) => day === row.day)
      .map((one) => {
        const cause = parseCause(one.cause);
        assert(cause !== undefined, `not a cause: ${one.cause}`);
        return {
          day: one.day,
          cause,
          workspaceId: one.workspace_id ?? undefined,
          modelId: one.model_id ?? undefined,
          component: one.component,
          amount: usdFromDecimal(one.amount),
          evidence: one.evidence ?? undefined,
        };
      }),
  }));
}

function billFrom(text: string): Bill {
  const bill = BILLS.find((known) => known === text);
  assert(bill !== undefined, `not a bill: ${text}`);
  return bill;
}
