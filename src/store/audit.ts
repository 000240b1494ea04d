/**
 * Who changed what, when, from what to what, under which rule and from where. Appended in the
 * transaction of the change itself; the database chains each entry to the one before at the commit
 * (`audit-chain.ts`).
 */
import { v7 as uuidV7 } from "uuid";
import { type Instant, instant } from "../domain/time.ts";
import { currentAuditOrigin } from "./audit-origin.ts";
import type { Sql } from "./database.ts";

/** A snapshot as JSON; amounts go in as decimal strings. */
type AuditSnapshot = Readonly<Record<string, unknown>>;

export interface AuditEntry {
  readonly occurredAt: Instant;
  /** A person's e-mail address, or the part of the program that acted: "governance", "system". */
  readonly actor: string;
  /** What was done, in the past tense: "budget.limit_changed". */
  readonly action: string;
  /** What it was done to: "budget:search-monthly". */
  readonly subject: string;
  /** Absent for something new. */
  readonly before?: AuditSnapshot | undefined;
  /** Absent for something removed. */
  readonly after?: AuditSnapshot | undefined;
  /** Under which rule it was allowed or came about: a frozen policy, a role. */
  readonly rule?: AuditSnapshot | undefined;
}

/**
 * Appends one entry, with the origin that its edge named; it commits or vanishes with the caller's
 * transaction.
 */
export async function recordAudit(sql: Sql, entry: AuditEntry): Promise<void> {
  await sql.query(
    `insert into audit_entries
       (audit_entry_id, occurred_at, actor, action, subject, before, after, rule, origin)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      uuidV7(),
      entry.occurredAt,
      entry.actor,
      entry.action,
      entry.subject,
      toJson(entry.before),
      toJson(entry.after),
      toJson(entry.rule),
      toJson(currentAuditOrigin()),
    ],
  );
}

/** The history of one subject, oldest first. */
export async function listAudit(sql: Sql, subject: string): Promise<AuditEntry[]> {
  const { rows } = await sql.query<{
    occurred_at: Date;
    actor: string;
    action: string;
    subject: string;
    before: AuditSnapshot | null;
    after: AuditSnapshot | null;
    rule: AuditSnapshot | null;
  }>(
    `select audit_entries.occurred_at, audit_entries.actor, audit_entries.action,
            audit_entries.subject, audit_entries.before, audit_entries.after, audit_entries.rule
       from audit_entries
      where audit_entries.subject = $1
      order by audit_entries.occurred_at, audit_entries.audit_entry_id`,
    [subject],
  );
  return rows.map((row) => ({
    occurredAt: instant(row.occurred_at),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    ...(row.before === null ? {} : { before: row.before }),
    ...(row.after === null ? {} : { after: row.after }),
    ...(row.rule === null ? {} : { rule: row.rule }),
  }));
}

function toJson(snapshot: object | undefined): string | null {
  return snapshot === undefined ? null : JSON.stringify(snapshot);
}
