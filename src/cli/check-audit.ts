/** `doctor`: whether the audit trail is as it was recorded. */
import { type ChainProblem, verifyAuditChain } from "../store/audit-chain.ts";
import type { Sql } from "../store/database.ts";
import { type Finding, failed, ok } from "./finding.ts";

/** What is wrong at the place that a verdict names, as a sentence for people. */
export const CHAIN_PROBLEM_TEXT: Readonly<Record<ChainProblem, string>> = {
  "number-missing": "its number does not follow the one before: an entry between them is gone",
  "entry-missing": "the entry itself is gone",
  "previous-hash-differs": "it does not follow the entry before: one of the two was changed",
  "content-changed": "its content was changed after it was recorded",
  "end-missing": "from here on entries are gone, or the end was rewritten",
  "not-chained": "it was put in beside the chain",
  "anchor-differs": "it is not what was noted: the trail was rewritten up to here",
};

/** Reads the whole trail and names the first entry that does not fit. */
export async function checkAuditTrail(sql: Sql): Promise<Finding> {
  const verdict = await verifyAuditChain(sql);
  if (verdict.kind === "intact") {
    const end = verdict.entries === 0 ? "" : `, the last ${verdict.headHash.slice(0, 12)}…`;
    return ok(`${String(verdict.entries)} entries, none changed${end}`);
  }
  const which = verdict.sequence === undefined ? "an entry" : `entry ${String(verdict.sequence)}`;
  const id = verdict.auditEntryId === undefined ? "" : ` (${verdict.auditEntryId})`;
  return failed(
    `the trail was tampered with: ${which}${id}: ${CHAIN_PROBLEM_TEXT[verdict.problem]}. Compare with a backup; docs/audit.md says how.`,
  );
}
