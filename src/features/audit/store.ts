/** The audit trail, the SQL that reads it. Writes nothing: entries are `store/audit.ts`'s. */
import { usdFromDecimal } from "../../domain/money.ts";
import { type Instant, instant } from "../../domain/time.ts";
import type { Sql } from "../../store/database.ts";
import type { GrantedRequest } from "./rules/duties.ts";
import type { AuditFilter, ChainedEntry, Snapshot } from "./rules.ts";

interface EntryRow {
  readonly sequence: string;
  readonly audit_entry_id: string;
  readonly occurred_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before: Snapshot | null;
  readonly after: Snapshot | null;
  readonly rule: Snapshot | null;
  readonly origin: Snapshot | null;
  readonly previous_hash: string;
  readonly entry_hash: string;
}

const ENTRY_COLUMNS = `c.sequence::text, e.audit_entry_id::text, e.occurred_at, e.actor, e.action,
       e.subject, e.before, e.after, e.rule, e.origin,
       encode(c.previous_hash, 'hex') as previous_hash, encode(c.entry_hash, 'hex') as entry_hash`;

/** $1 scopes, $2 from, $3 until. What an entry is about stands in its subject. */
const MATCHES = `
       ($2::timestamptz is null or e.occurred_at >= $2)
   and ($3::timestamptz is null or e.occurred_at < $3)
   and ($1::text[] is null
        or e.subject = any ($1)
        or e.subject in (
             select 'budget:' || b.budget_id from budgets b where b.scope = any ($1)
             union all
             select 'approval:' || r.approval_request_id
               from approval_requests r
              where r.scope = any ($1))
        -- One budget of each:…: the member that the entry names.
        or exists (
             select from budgets b
              where e.subject = 'budget:' || b.budget_id
                and b.scope like 'each:%'
                and substr(b.scope, 6) || ':' || (coalesce(e.after, e.before) ->> 'member_key')
                    = any ($1)))`;

/** The newest first, those before a place of the chain. */
export async function listEntriesBefore(
  sql: Sql,
  filter: AuditFilter,
  page: { readonly before: number | undefined; readonly limit: number },
): Promise<readonly ChainedEntry[]> {
  const { rows } = await sql.query<EntryRow>(
    `select ${ENTRY_COLUMNS}
       from audit_chain c
       join audit_entries e on e.audit_entry_id = c.audit_entry_id
      where ${MATCHES}
        and ($4::bigint is null or c.sequence < $4)
      order by c.sequence desc
      limit $5`,
    [...filterValues(filter), page.before ?? null, page.limit],
  );
  return rows.map(entryFromRow);
}

/** The oldest first, those after a place of the chain: for reading all of it, page by page. */
export async function listEntriesAfter(
  sql: Sql,
  filter: AuditFilter,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly ChainedEntry[]> {
  const { rows } = await sql.query<EntryRow>(
    `select ${ENTRY_COLUMNS}
       from audit_chain c
       join audit_entries e on e.audit_entry_id = c.audit_entry_id
      where ${MATCHES}
        and c.sequence > $4
      order by c.sequence
      limit $5`,
    [...filterValues(filter), page.after, page.limit],
  );
  return rows.map(entryFromRow);
}

function filterValues({ scopes, from, until }: AuditFilter): readonly unknown[] {
  return [scopes ?? null, from ?? null, until ?? null];
}

function entryFromRow(row: EntryRow): ChainedEntry {
  return {
    sequence: Number(row.sequence),
    auditEntryId: row.audit_entry_id,
    occurredAt: instant(row.occurred_at),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    before: row.before ?? undefined,
    after: row.after ?? undefined,
    rule: row.rule ?? undefined,
    origin: row.origin ?? undefined,
    previousHash: row.previous_hash,
    entryHash: row.entry_hash,
  };
}

/** A report that a person reads; a period with more is asked for in parts. */
const GRANTED_MAX = 20_000;

/** Requests granted within a period, with everybody who said yes. */
export async function listGranted(
  sql: Sql,
  { from, until }: { readonly from: Instant; readonly until: Instant },
): Promise<readonly GrantedRequest[]> {
  const { rows } = await sql.query<{
    approval_request_id: string;
    scope: string;
    requester_email: string;
    beneficiary: string;
    amount: string;
    is_automatic: boolean;
    policy: unknown;
    voices: readonly { readonly approver: string; readonly for_email: string | null }[];
    owners: readonly string[];
  }>(
    `select r.approval_request_id, r.scope, r.requester_email,
            coalesce(r.beneficiary_email, r.requester_email) as beneficiary,
            r.approved_amount_usd::text as amount, r.is_automatic, r.policy,
            coalesce((select jsonb_agg(jsonb_build_object('approver', v.approver_email,
                                                          'for_email', v.for_email)
                                       order by v.voted_at)
                        from approval_votes v
                       where v.approval_request_id = r.approval_request_id), '[]') as voices,
            coalesce((select array_agg(distinct m.email)
                        from team_members m
                       where m.role = 'owner'
                         and (r.scope = 'team:' || m.team_key
                              or exists (select from projects p
                                          where p.team_key = m.team_key
                                            and r.scope = 'project:' || p.project_key)
                              or exists (select from team_members own
                                          where own.team_key = m.team_key
                                            and r.scope = 'user:' || own.email))), '{}') as owners
       from approval_requests r
      where r.status = 'applied' and r.decided_at >= $1 and r.decided_at < $2
      order by r.decided_at
      limit $3`,
    [from, until, GRANTED_MAX],
  );
  return rows.map((row) => ({
    requestId: row.approval_request_id,
    scope: row.scope,
    requester: row.requester_email,
    beneficiary: row.beneficiary,
    amount: usdFromDecimal(row.amount),
    isAutomatic: row.is_automatic,
    voices: row.voices.map((voice) => ({
      approver: voice.approver,
      forPerson: voice.for_email ?? undefined,
    })),
    policy: row.policy,
    owners: row.owners,
  }));
}

/** How often each actor changed what decisions are made by: governance, budgets, policies. */
export async function countPolicyChanges(
  sql: Sql,
  { from, until }: { readonly from: Instant; readonly until: Instant },
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql.query<{ actor: string; changes: string }>(
    `select e.actor, count(*)::text as changes
       from audit_entries e
      where e.occurred_at >= $1 and e.occurred_at < $2
        and (e.action = 'governance.applied'
             or e.action in ('budget.created', 'budget.limit_changed', 'budget.removed'))
      group by e.actor`,
    [from, until],
  );
  return new Map(rows.map(({ actor, changes }) => [actor, Number(changes)]));
}
