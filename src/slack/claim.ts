/**
 * Who sends a message. A lease is as good as clocks are: one that is ahead would take what another
 * sender has in hand, and Slack would get it twice. So whoever sends also holds a lock of the
 * database, which ends with its connection; the lease is for a sender that lost the one and lives.
 */
import type { Instant } from "../domain/time.ts";
import { connect, type Database, isConnectionLoss, type Sql } from "../store/database.ts";
import { type ClaimedMessage, leaseMessages } from "./outbox.ts";
import { listDueForUpdate } from "./outbox-reads.ts";

/** Apart from the keys of every other advisory lock; a message's own is this plus its number. */
const SENDING_LOCKS = "7316004230000000000";

/** Claims due messages for as long as `send` takes with them. */
export async function withClaimed<Result>(
  database: Database,
  claim: { readonly now: Instant; readonly leasedUntil: Instant; readonly messagesMax: number },
  send: (messages: readonly ClaimedMessage[]) => Promise<Result>,
): Promise<Result> {
  const client = await connect(database);
  let isSound = false;
  try {
    await client.query("begin");
    const due = await listDueForUpdate(client, claim);
    const locked = due.length === 0 ? [] : await lock(client, due);
    const messages = await leaseMessages(client, locked, claim.leasedUntil);
    await client.query("commit");
    const result = await send(messages);
    isSound = await unlock(client, locked);
    return result;
  } finally {
    // A connection that may hold locks, or a transaction, ends; they end with it.
    client.release(!isSound);
  }
}

/** Those of the messages that nobody else is sending. */
async function lock(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql.query<{ readonly id: string }>(
    `select n.id::text as id
       from unnest($1::bigint[]) as n (id)
      where pg_try_advisory_lock(${SENDING_LOCKS} + n.id)`,
    [ids],
  );
  return rows.map((row) => row.id);
}

/** False when the connection was lost meanwhile, and the locks with it. */
async function unlock(sql: Sql, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return true;
  try {
    await sql.query(
      `select pg_advisory_unlock(${SENDING_LOCKS} + n.id) from unnest($1::bigint[]) as n (id)`,
      [ids],
    );
    return true;
  } catch (error) {
    if (isConnectionLoss(error)) return false;
    throw error;
  }
}
