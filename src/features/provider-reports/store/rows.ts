/** Rows of Anthropic's reports, in SQL: appended, never changed. Owns: provider_report_rows. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Usd, usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import {
  contentOf,
  type KnownRow,
  type ReportRow,
  type RowRevision,
  rowKeyOf,
} from "../rules/rows.ts";
import type { Revision } from "../rules/usage-event.ts";
import type { Report } from "../rules.ts";

/** Columns for what reconciliation and people ask for; the group key holds all of it. */
const GROUP_COLUMNS = {
  workspaceId: "workspace_id",
  apiKeyId: "api_key_id",
  model: "model",
  serviceTier: "service_tier",
  inferenceGeo: "inference_geo",
  speed: "speed",
  contextWindow: "context_window",
  product: "product",
  costType: "cost_type",
  tokenType: "token_type",
  description: "description",
} as const;
const GROUP_NAMES = Object.values(GROUP_COLUMNS).join(", ");

const QUANTITY_NAMES = `uncached_input_tokens, cache_creation_5m_input_tokens,
  cache_creation_1h_input_tokens, cache_read_input_tokens, output_tokens, web_search_requests`;

export async function insertRevisions(
  sql: Sql,
  revisions: readonly RowRevision[],
  told: { readonly report: Report; readonly dataRefreshedAt: Instant; readonly pulledAt: Instant },
): Promise<void> {
  if (revisions.length === 0) return;
  const column = <T>(read: (revision: RowRevision) => T): T[] => revisions.map(read);
  const quantity = (name: keyof NonNullable<ReportRow["quantities"]>): (number | null)[] =>
    column(({ row }) => row.quantities?.[name] ?? null);
  await sql.query(
    `insert into provider_report_rows
            (report, data_refreshed_at, pulled_at, bucket_start, bucket_end, group_key, revision,
             content_sha256, is_withdrawn, user_email, request_count, list_cost_usd,
             billed_cost_usd, ${QUANTITY_NAMES}, ${GROUP_NAMES})
     select $1, $2, $3, n.bucket_start, n.bucket_end, n.group_key, n.revision,
            decode(n.content_sha256, 'hex'), n.is_withdrawn, n.user_email, n.request_count,
            n.list_cost_usd, n.billed_cost_usd, n.q1, n.q2, n.q3, n.q4, n.q5, n.q6,
            n.g1, n.g2, n.g3, n.g4, n.g5, n.g6, n.g7, n.g8, n.g9, n.g10, n.g11
       from unnest($4::timestamptz[], $5::timestamptz[], $6::text[], $7::integer[], $8::text[],
                   $9::boolean[], $10::text[], $11::bigint[], $12::numeric[], $13::numeric[],
                   $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
                   $19::bigint[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
                   $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::text[],
                   $31::integer[])
         as n (bucket_start, bucket_end, group_key, revision, content_sha256, is_withdrawn,
               user_email, request_count, list_cost_usd, billed_cost_usd, q1, q2, q3, q4, q5, q6,
               g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, position)
      order by n.position`,
    [
      told.report,
      told.dataRefreshedAt,
      told.pulledAt,
      column(({ row }) => row.bucket.start.toISOString()),
      column(({ row }) => row.bucket.end.toISOString()),
      column(({ groupKey }) => groupKey),
      column(({ revision }) => revision),
      column(({ content }) => digestOf(content)),
      column(({ isWithdrawn }) => isWithdrawn),
      column(({ row }) => row.userEmail ?? null),
      column(({ row }) => row.requestCount ?? null),
      column(({ row }) => decimalOf(row.listCost)),
      column(({ row }) => decimalOf(row.billedCost)),
      quantity("uncachedInputTokens"),
      quantity("cacheCreation5mInputTokens"),
      quantity("cacheCreation1hInputTokens"),
      quantity("cacheReadInputTokens"),
      quantity("outputTokens"),
      quantity("webSearchRequests"),
      ...Object.keys(GROUP_COLUMNS).map((name) => column(({ row }) => row.group[name] ?? null)),
      revisions.map((_revision, position) => position),
    ],
  );
}

interface StoredRow {
  readonly provider_report_row_id: string;
  readonly bucket_start: Date;
  readonly bucket_end: Date;
  readonly group_key: string;
  readonly revision: number;
  readonly is_withdrawn: boolean;
  readonly user_email: string | null;
  readonly request_count: string | null;
  readonly uncached_input_tokens: string | null;
  readonly cache_creation_5m_input_tokens: string | null;
  readonly cache_creation_1h_input_tokens: string | null;
  readonly cache_read_input_tokens: string | null;
  readonly output_tokens: string | null;
  readonly web_search_requests: string | null;
  readonly list_cost_usd: string | null;
  readonly billed_cost_usd: string | null;
}

const STORED_NAMES = [
  "provider_report_row_id",
  "bucket_start",
  "bucket_end",
  "group_key",
  "revision",
  "is_withdrawn",
  "user_email",
  "request_count",
  "uncached_input_tokens",
  "cache_creation_5m_input_tokens",
  "cache_creation_1h_input_tokens",
  "cache_read_input_tokens",
  "output_tokens",
  "web_search_requests",
  "list_cost_usd",
  "billed_cost_usd",
];
const storedColumns = (table: string): string =>
  STORED_NAMES.map((name) => `${table}.${name}`).join(", ");

/** The newest revision of every row in a window, withdrawn ones as well. */
export async function listKnownRows(
  sql: Sql,
  { report, window }: { readonly report: Report; readonly window: Period },
): Promise<readonly KnownRow[]> {
  const { rows } = await sql.query<StoredRow>(
    `select distinct on (r.bucket_start, r.group_key) ${storedColumns("r")}
       from provider_report_rows r
      where r.report = $1 and r.bucket_start >= $2 and r.bucket_start < $3
      order by r.bucket_start, r.group_key, r.revision desc`,
    [report, window.start, window.end],
  );
  return rows.map((stored) => {
    const row = rowFrom(stored);
    return {
      row,
      rowKey: rowKeyOf({ bucket: row.bucket, groupKey: stored.group_key }),
      revision: stored.revision,
      isWithdrawn: stored.is_withdrawn,
      content: contentOf(row),
    };
  });
}

export interface UndeliveredRow {
  readonly rowId: string;
  readonly now: Revision;
  readonly before: Revision | undefined;
}

/** Revisions after a row id, oldest first, each with the revision that it follows. */
export async function listRevisionsAfter(
  sql: Sql,
  {
    report,
    rowId,
    limit,
  }: { readonly report: Report; readonly rowId: string; readonly limit: number },
): Promise<readonly UndeliveredRow[]> {
  const { rows } = await sql.query<StoredRow>(
    `select ${storedColumns("r")}
       from provider_report_rows r
      where r.report = $1 and r.provider_report_row_id > $2
      order by r.provider_report_row_id
      limit $3`,
    [report, rowId, limit],
  );
  const { rows: former } = await sql.query<StoredRow>(
    `select ${storedColumns("r")}
       from unnest($2::timestamptz[], $3::text[], $4::integer[]) as n (bucket_start, group_key, revision)
       join provider_report_rows r
         on r.report = $1 and r.bucket_start = n.bucket_start and r.group_key = n.group_key
        and r.revision = n.revision - 1`,
    [
      report,
      rows.map((row) => row.bucket_start.toISOString()),
      rows.map((row) => row.group_key),
      rows.map((row) => row.revision),
    ],
  );
  const nameOf = (row: StoredRow, revision: number): string =>
    `${row.bucket_start.toISOString()} ${String(revision)} ${row.group_key}`;
  const formerByName = new Map(former.map((row) => [nameOf(row, row.revision), row]));
  return rows.map((row) => {
    const before = formerByName.get(nameOf(row, row.revision - 1));
    return {
      rowId: row.provider_report_row_id,
      now: revisionFrom(report, row),
      before: before === undefined ? undefined : revisionFrom(report, before),
    };
  });
}

function revisionFrom(report: Report, stored: StoredRow): Revision {
  return {
    report,
    row: rowFrom(stored),
    revision: stored.revision,
    isWithdrawn: stored.is_withdrawn,
    groupDigest: digestOf(stored.group_key).slice(0, 24),
  };
}

function rowFrom(stored: StoredRow): ReportRow {
  return {
    bucket: { start: instant(stored.bucket_start), end: instant(stored.bucket_end) },
    group: groupFrom(stored.group_key),
    userEmail: stored.user_email ?? undefined,
    requestCount: stored.request_count === null ? undefined : Number(stored.request_count),
    quantities:
      stored.output_tokens === null
        ? undefined
        : {
            uncachedInputTokens: Number(stored.uncached_input_tokens),
            cacheCreation5mInputTokens: Number(stored.cache_creation_5m_input_tokens),
            cacheCreation1hInputTokens: Number(stored.cache_creation_1h_input_tokens),
            cacheReadInputTokens: Number(stored.cache_read_input_tokens),
            outputTokens: Number(stored.output_tokens),
            webSearchRequests: Number(stored.web_search_requests),
          },
    listCost: usdOf(stored.list_cost_usd),
    billedCost: usdOf(stored.billed_cost_usd),
  };
}

/** The pairs that `groupKeyOf` wrote. */
const GROUP_KEY = z.array(z.tuple([z.string(), z.string()]));

function groupFrom(groupKey: string): ReportRow["group"] {
  return Object.fromEntries(GROUP_KEY.parse(JSON.parse(groupKey)));
}

function usdOf(decimal: string | null): Usd | undefined {
  return decimal === null ? undefined : usdFromDecimal(decimal);
}

function decimalOf(amount: Usd | undefined): string | null {
  return amount === undefined ? null : usdToDecimal(amount);
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
