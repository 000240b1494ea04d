/**
 * Votes, the SQL. Owns: approval_votes, append-only; the primary key makes it one voice a person,
 * an index one voice a mandate.
 */
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Vote } from "../rules.ts";

export async function insertVote(sql: Sql, requestId: string, vote: Vote): Promise<void> {
  await sql.query(
    `insert into approval_votes
            (approval_request_id, approver_email, amount_usd, voted_at, note, for_email, steps,
             ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      requestId,
      vote.approver,
      usdToDecimal(vote.amount),
      vote.votedAt,
      vote.note ?? null,
      vote.for ?? null,
      vote.steps,
      vote.endsAt ?? null,
    ],
  );
}

/** In the order in which they were given. */
export async function listVotes(sql: Sql, requestId: string): Promise<readonly Vote[]> {
  return (await listVotesOf(sql, [requestId])).get(requestId) ?? [];
}

/** Of several requests at once, by request. */
export async function listVotesOf(
  sql: Sql,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Vote[]>> {
  const { rows } = await sql.query<VoteRow>(
    `select v.approval_request_id, v.approver_email, v.amount_usd::text, v.voted_at, v.note,
            v.for_email, v.steps, v.ends_at
       from approval_votes v
      where v.approval_request_id = any($1::text[])
      order by v.voted_at, v.approver_email`,
    [requestIds],
  );
  return new Map(
    requestIds.map((id) => [
      id,
      rows.filter((row) => row.approval_request_id === id).map(voteFromRow),
    ]),
  );
}

interface VoteRow {
  readonly approval_request_id: string;
  readonly approver_email: string;
  readonly amount_usd: string;
  readonly voted_at: Date;
  readonly note: string | null;
  readonly for_email: string | null;
  readonly steps: number[];
  readonly ends_at: Date | null;
}

function voteFromRow(row: VoteRow): Vote {
  return {
    approver: emailFrom(row.approver_email),
    amount: usdFromDecimal(row.amount_usd),
    votedAt: instant(row.voted_at),
    note: row.note ?? undefined,
    for: row.for_email === null ? undefined : emailFrom(row.for_email),
    steps: row.steps,
    endsAt: row.ends_at === null ? undefined : instant(row.ends_at),
  };
}
