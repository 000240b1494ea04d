/**
 * Whether the audit trail is as it was written. Each entry is hashed together with its number and
 * the hash of the one before, by the database at the commit; here the same is computed anew, in
 * another language, from what the tables say today. Reads only; one page at a time.
 */
import { createHash } from "node:crypto";
import type { Sql } from "./database.ts";

/** What ends a reading of the chain: everything fits, or the first place where it does not. */
export type ChainVerdict =
  | { readonly kind: "intact"; readonly entries: number; readonly headHash: string }
  | {
      readonly kind: "broken";
      /** Number in the chain; undefined for an entry that has none. */
      readonly sequence: number | undefined;
      readonly auditEntryId: string | undefined;
      readonly problem: ChainProblem;
    };

export type ChainProblem =
  | "number-missing"
  | "entry-missing"
  | "previous-hash-differs"
  | "content-changed"
  | "end-missing"
  | "not-chained"
  | "anchor-differs";

/** A place of the chain that somebody noted down elsewhere. */
export interface ChainAnchor {
  readonly sequence: number;
  readonly hash: string;
}

/** An entry as text, the way it is hashed: `occurred_at` in UTC with microseconds. */
interface ChainedText {
  readonly sequence: string;
  readonly previous_hash: string;
  readonly entry_hash: string;
  readonly linked_id: string;
  readonly audit_entry_id: string | null;
  readonly occurred_at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly rule: string | null;
  readonly origin: string | null;
}

/** A page is read within the time that a statement may take, however long the trail is. */
const PAGE_ROWS = 2_000;
/** What the first entry has as the one before; the schema says the same. */
export const FIRST_PREVIOUS_HASH = sha256("claude-spend audit");

/**
 * Reads the whole chain and says the first thing that is wrong. `anchor`: a number and hash noted
 * earlier, which tells even a trail that was rewritten as a whole.
 */
export async function verifyAuditChain(sql: Sql, anchor?: ChainAnchor): Promise<ChainVerdict> {
  const head = await findHead(sql); // First: what is appended meanwhile is for the next time.
  let sequence = 0;
  let hash = FIRST_PREVIOUS_HASH;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const rows = await listChained(sql, sequence, head?.sequence ?? 0);
    for (const row of rows) {
      const problem = problemOfLink(row, { sequence, hash }) ?? problemOfAnchor(row, anchor);
      if (problem !== undefined) return brokenAt(row, problem);
      sequence += 1;
      hash = row.entry_hash;
    }
    if (rows.length < PAGE_ROWS) break;
  }
  if (head === undefined || head.sequence !== sequence || head.hash !== hash) {
    return endMissing(sequence + 1);
  }
  if (await hasLinksAfter(sql, sequence)) return endMissing(sequence + 1);
  if (anchor !== undefined && anchor.sequence > sequence) return endMissing(anchor.sequence);
  const loose = await findUnchained(sql);
  return loose === undefined
    ? { kind: "intact", entries: sequence, headHash: hash }
    : { kind: "broken", sequence: undefined, auditEntryId: loose, problem: "not-chained" };
}

/** The text that stands for an entry at its place; two different entries never have the same. */
export function chainedText(fields: readonly (string | null)[]): string {
  return fields
    .map((field) => (field === null ? "-," : `${String(Buffer.byteLength(field))}:${field},`))
    .join("");
}

function problemOfLink(
  row: ChainedText,
  before: { readonly sequence: number; readonly hash: string },
): ChainProblem | undefined {
  if (Number(row.sequence) !== before.sequence + 1) return "number-missing";
  if (row.previous_hash !== before.hash) return "previous-hash-differs";
  if (row.audit_entry_id === null) return "entry-missing";
  const text = chainedText([
    row.sequence,
    row.previous_hash,
    row.audit_entry_id,
    row.occurred_at,
    row.actor,
    row.action,
    row.subject,
    row.before,
    row.after,
    row.rule,
    row.origin,
  ]);
  return sha256(text) === row.entry_hash ? undefined : "content-changed";
}

function problemOfAnchor(
  row: ChainedText,
  anchor: ChainAnchor | undefined,
): ChainProblem | undefined {
  const isThere = anchor !== undefined && Number(row.sequence) === anchor.sequence;
  return isThere && row.entry_hash !== anchor.hash ? "anchor-differs" : undefined;
}

function brokenAt(row: ChainedText, problem: ChainProblem): ChainVerdict {
  return {
    kind: "broken",
    sequence: Number(row.sequence),
    auditEntryId: row.linked_id,
    problem,
  };
}

function endMissing(sequence: number): ChainVerdict {
  return { kind: "broken", sequence, auditEntryId: undefined, problem: "end-missing" };
}

async function findHead(
  sql: Sql,
): Promise<{ readonly sequence: number; readonly hash: string } | undefined> {
  const { rows } = await sql.query<{ last_sequence: string; last_hash: string }>(
    `select h.last_sequence::text, encode(h.last_hash, 'hex') as last_hash
       from audit_chain_head h`,
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { sequence: Number(row.last_sequence), hash: row.last_hash };
}

async function listChained(sql: Sql, after: number, last: number): Promise<readonly ChainedText[]> {
  const { rows } = await sql.query<ChainedText>(
    `select c.sequence::text, encode(c.previous_hash, 'hex') as previous_hash,
            encode(c.entry_hash, 'hex') as entry_hash, c.audit_entry_id::text as linked_id,
            e.audit_entry_id::text,
            to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
            e.actor, e.action, e.subject, e.before::text, e.after::text, e.rule::text,
            e.origin::text
       from audit_chain c
       left join audit_entries e on e.audit_entry_id = c.audit_entry_id
      where c.sequence > $1 and c.sequence <= $2
      order by c.sequence
      limit $3`,
    [after, last, PAGE_ROWS],
  );
  return rows;
}

/** Links that the head does not know, though whoever writes one moves the head with it. */
async function hasLinksAfter(sql: Sql, sequence: number): Promise<boolean> {
  const { rows } = await sql.query<{ is_beyond: boolean }>(
    `select exists (select from audit_chain c, audit_chain_head h
                     where c.sequence > $1 and c.sequence > h.last_sequence) as is_beyond`,
    [sequence],
  );
  return rows[0]?.is_beyond === true;
}

/** An entry that was put in beside the chain. */
async function findUnchained(sql: Sql): Promise<string | undefined> {
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const { rows } = await sql.query<{ audit_entry_id: string; is_chained: boolean }>(
      `select e.audit_entry_id::text, c.sequence is not null as is_chained
         from audit_entries e
         left join audit_chain c on c.audit_entry_id = e.audit_entry_id
        where e.audit_entry_id > $1
        order by e.audit_entry_id
        limit $2`,
      [after, PAGE_ROWS],
    );
    const loose = rows.find((row) => !row.is_chained);
    if (loose !== undefined) return loose.audit_entry_id;
    if (rows.length < PAGE_ROWS) return undefined;
    after = rows.at(-1)?.audit_entry_id ?? after;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
